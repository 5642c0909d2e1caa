"""What Ada and her models talked about: made up for the pictures, with usage as large as such talk has."""

from dataclasses import dataclass

OPUS, SONNET, HAIKU = "claude-opus-4-5", "claude-sonnet-4-5", "claude-haiku-4-5"
GPT, MINI, LOCAL = "gpt-5.1", "gpt-5-mini", "ollama/qwen3:4b"
OPENAI_MODELS = [GPT, MINI, "gpt-4.1", "o4-mini", "gpt-image-2"]
ANTHROPIC_MODELS = [OPUS, SONNET, HAIKU]
LOCAL_MODELS = ["qwen3:4b", "gemma3:12b"]
SPEEDS = {OPUS: 54, SONNET: 63, HAIKU: 118, GPT: 72, MINI: 96, LOCAL: 14}
"""Tokens per second."""


@dataclass(frozen=True)
class Turn:
    prompt: str
    answer: str
    usage: dict[str, int]
    reasoning: str = ""
    again: str | None = None
    """Another model that was asked the same after this one."""


@dataclass(frozen=True)
class Talk:
    title: str
    model: str
    age: float
    """Hours since its last word."""
    turns: list[Turn]
    favorite: bool = False


def _usage(read: int, written: int, cached: int = 0, thought: int = 0) -> dict[str, int]:
    return {"input": read, "cached": cached, "output": written + thought, "reasoning": thought}


BORROW = """Two rules meet here. **A mutable borrow is exclusive**, and `first` still points into `v` when you push:

```rust
let mut v = vec![1, 2, 3];
let first = &v[0];
v.push(4);        // may move v
println!("{first}");
```

Pushing may reallocate, so the compiler refuses while `first` is alive. Copy the value out before you push, or ask for
it again afterwards:

```rust
let first = v[0]; // i32 is Copy
v.push(4);
println!("{first}");
```

For types that are not `Copy`, end the borrow earlier: its last *use* is what counts, not its scope.
"""
BORROW_TOO = """Because `first` borrows from `v`, and pushing may move everything in it:

- the compiler keeps the **shared borrow** alive until `first` is used for the last time,
- `push` needs `v` **exclusively**, and cannot have it before then.

Index again after the push, or copy the value: `let first = v[0];`.
"""
LIFETIMES = """Three ways, from cheap to dear:

| way | costs | when |
|---|---|---|
| index again after the push | nothing | you know where it is |
| `v[0].clone()` | one copy | small, or rarely |
| `Rc<T>` in the vector | a counter | shared ownership is real |

1. Prefer the **index**: it cannot dangle.
2. Clone when the type is small.
3. Reach for `Rc` last; it moves the question to *who frees it*.
"""
KYOTO = """Four days is enough for the quiet side of Kyoto. I would stay near **Demachiyanagi** and walk.

**Day 1 · north-east**
- Ginkaku-ji when it opens at 8:30, then the Philosopher's Path *downhill*
- lunch: *oyakodon* at Hinode Udon, a ten minute queue

**Day 2 · Kurama**
- the Eizan line to Kurama, over the ridge to Kibune, about two hours
- in November the maple tunnel is lit until 20:30

**Day 3 · the west**
- Arashiyama before eight, or not at all; then Gio-ji, the moss garden behind it
"""
BACKUP = """This keeps seven daily copies, never half of one, and says so when it fails:

```bash
#!/usr/bin/env bash
set -euo pipefail

source=/srv/photos/
target=/mnt/backup/$(date +%F)
latest=/mnt/backup/latest

trap 'echo "backup failed in line $LINENO" >&2' ERR

mountpoint -q /mnt/backup || { echo "no disk" >&2; exit 1; }
rsync -a --delete --link-dest="$latest" "$source" "$target.part"
mv "$target.part" "$target"
ln -sfn "$target" "$latest"

find /mnt/backup -maxdepth 1 -name '20*' -mtime +7 -exec rm -rf {} +
```

- `--link-dest` makes unchanged files **hard links**: seven copies cost little more than one.
- The copy gets its name only when it is complete, so an interrupted run is never taken for a backup.

> A backup that was never restored is a hope.
"""
WINDOWS = """`ROW_NUMBER` counts inside each customer, newest first; the outer query keeps the first of each:

```sql
WITH ranked AS (
  SELECT customer_id, total, placed_at,
         ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY placed_at DESC) AS n
  FROM orders
)
SELECT customer_id, total, placed_at
FROM ranked
WHERE n = 1;
```

With ties, `RANK` would keep **both**. An index on `(customer_id, placed_at DESC)` lets the planner skip the sort.
"""
NAMES = """- **Fern** · short, green, easy to call
- **Quill** · he does look like one
- **Biscuit** · you said no food, but look at him
"""
BREAD = """At 15 °C the bulk rise takes about **twice** as long as at 22 °C. Give it 10 to 12 hours and judge by
volume, not by the clock: half as much again is enough.
"""
LANDLORD = """> Dear Mr Ellis,
>
> the radiator in the back room has been cold since 2 November. Could someone look at it before Friday?

Friendly, dated, one request. Keep a copy.
"""
SOFA = """- measure the **diagonal** of the stair well, not the doors
- legs off first: usually four M8 bolts
- two people, the heavier end below
"""
SENSOR = """The BME280 answers at `0x76` or `0x77`. `i2cdetect -y 1` shows which; with neither, swap SDA and SCL."""

TALKS = [
    Talk(
        "rust lifetimes",
        OPUS,
        0.1,
        [
            Turn(
                "why does this not compile? the borrow looks fine to me",
                BORROW,
                _usage(30_310, 214, cached=26_800, thought=98),
                "The reference into the vector outlives the push. Explain exclusivity, show the smallest fix.",
                again=GPT,
            ),
            Turn("and if the type is not Copy?", LIFETIMES, _usage(35_640, 312, cached=30_500)),
        ],
        favorite=True,
    ),
    Talk(
        "backup script",
        SONNET,
        3,
        [
            Turn(
                "a script that backs up /srv/photos to the usb disk every night, seven days back, bash",
                BACKUP,
                _usage(16_420, 640, cached=9_000, thought=180),
                "rsync with link-dest, atomic rename, a trap.",
            )
        ],
    ),
    Talk("bme280 not answering", MINI, 6, [Turn("my bme280 does not show up on the pi", SENSOR, _usage(1_020, 96))]),
    Talk("sofa up the stairs", HAIKU, 9, [Turn("how do i get a sofa up a spiral stair", SOFA, _usage(2_900, 160))]),
    Talk("sourdough at 15 °C", HAIKU, 25, [Turn("sourdough in a cold kitchen, 15 °C?", BREAD, _usage(1_870, 143))]),
    Talk("name ideas", LOCAL, 27, [Turn("three names for a hedgehog, no food", NAMES, _usage(1_480, 121))]),
    Talk(
        "sql window functions",
        OPUS,
        30,
        [Turn("latest order of each customer, in one query", WINDOWS, _usage(40_100, 480, cached=12_000))],
    ),
    Talk("letter to the landlord", GPT, 75, [Turn("a short letter: radiator cold", LANDLORD, _usage(2_200, 240))]),
]
TRIP = Talk("trip to kyoto", GPT, 0, [Turn("four days in kyoto in november, no crowds", KYOTO, _usage(9_800, 900))])
"""Always being written."""
