"""Who is in the demo data, what they use and what they talk about: made up, with numbers as large as such use has."""

from dataclasses import dataclass

SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/26.0 Mobile/15E148 Safari/604.1"
)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
CHROME = (
    "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Mobile Safari/537.36"
)


@dataclass(frozen=True, slots=True)
class DemoModel:
    """How a model is used on average. Times are milliseconds, ``speed`` is tokens per second."""

    provider: str
    name: str
    weight: int
    """How often it is chosen, beside the others."""
    read: int
    written: int
    thought: int = 0
    cached: float = 0.0
    """The share of what is read that its provider has in the cache."""
    first_token_ms: int = 700
    speed: int = 60
    last4: str = ""


OPUS = DemoModel("anthropic", "claude-opus-4-5", 10, 5200, 420, 0, 0.62, 1150, 54, "k3Qa")
SONNET = DemoModel("anthropic", "claude-sonnet-4-5", 30, 3900, 360, 0, 0.58, 780, 63, "k3Qa")
HAIKU = DemoModel("anthropic", "claude-haiku-4-5", 18, 2400, 260, 0, 0.3, 420, 118, "k3Qa")
GPT = DemoModel("openai", "gpt-5.1", 22, 3300, 340, 310, 0.35, 1400, 72, "9fTz")
MINI = DemoModel("openai", "gpt-5-mini", 10, 1500, 180, 120, 0.2, 900, 96, "9fTz")
DEEPSEEK = DemoModel("openrouter", "deepseek/deepseek-chat-v3.1", 6, 2600, 420, 0, 0.0, 1600, 41, "77Lm")
QWEN = DemoModel("ollama", "qwen3:4b", 8, 900, 240, 0, 0.0, 350, 14)
UNPRICED = DemoModel("groq", "nightjar-70b-preview", 1, 1100, 300, 0, 0.0, 190, 240, "wR2e")
"""Nobody knows what it costs."""
PAINTER = DemoModel("openai", "gpt-image-1", 1, 90, 0, 0, 0.0, 0, 0, "9fTz")
CHAT = (OPUS, SONNET, HAIKU, GPT, MINI, DEEPSEEK, QWEN, UNPRICED)


@dataclass(frozen=True, slots=True)
class Program:
    """Another program and the virtual key that it has. ``endpoint`` is under `/v1`."""

    name: str
    project: str
    endpoint: str
    models: tuple[DemoModel, ...]
    asks_for: str | None = None
    """What it calls the model, where that is not its name."""
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Talk:
    title: str
    prompt: str
    answer: str


@dataclass(frozen=True, slots=True)
class DemoPerson:
    name: str
    role: str
    agents: tuple[str, ...]
    calls_a_day: float
    by_program: float
    """The share of the calls that programs make."""
    budget: int
    """Dollars a month."""
    programs: tuple[Program, ...] = ()
    talks: tuple[Talk, ...] = ()


FOLLOW_UPS = (
    ("shorter, please", "In one sentence: **do the cheap thing first**, and measure before the dear one."),
    (
        "and what could go wrong?",
        "Mostly the *order* of the steps: the second needs what the first left behind.",
    ),
    ("show me an example", "```\nbefore: 14 s\nafter:   2 s\n```\n\nThe same input, the same machine."),
    ("why?", "Because the two share a lock, and only one of them ever needs it."),
    ("write it as a list", "- look\n- change one thing\n- look again"),
    ("thanks, that was it", "Glad it works now."),
)

_TALKS = (
    Talk("rust lifetimes", "why does this not compile?", "`first` still points into `v` when you push: copy it first."),
    Talk("trip to kyoto", "four quiet days in kyoto?", "Stay near **Demachiyanagi** and walk; go early, eat late."),
    Talk("backup script", "a script that keeps seven daily backups", "Use `rsync --link-dest`: each day is whole."),
    Talk(
        "sql window functions", "rank the orders of each customer", "`rank() over (partition by customer order by at)`"
    ),
    Talk("sourdough, again", "my crumb is dense", "It is under-proofed: wait until it is half as large again."),
    Talk("nginx and websockets", "the socket closes after a minute", "Raise `proxy_read_timeout`, or send a ping."),
    Talk("name ideas", "names for a small weather station", "*petrel*, *isobar*, *gustav*"),
    Talk("tax letter", "what does this letter want?", "They want the form again, **with** the second page."),
    Talk("bike gears", "1x12 or 2x11 for hills?", "For long hills 2x11: the steps are closer."),
    Talk("postgres to sqlite", "can this move to sqlite?", "Yes: one writer, forty writes a second, 3 GB."),
    Talk("regex for dates", "match 2026-01-31 only", "`\\b\\d{4}-(0[1-9]|1[0-2])-\\d{2}\\b`, then parse it."),
    Talk("piano practice", "twenty minutes a day, what first?", "Five of scales, ten of one hard bar, five for fun."),
    Talk("ansible roles", "split this playbook", "Three roles: `base`, `web`, `backup`; variables in one place."),
    Talk("wedding speech", "make it warmer", "Begin with the bus that neither of you caught."),
    Talk("esp32 deep sleep", "it draws 8 mA asleep", "The regulator does: it wants a low quiescent current."),
    Talk("contract review", "what is unusual here?", "Clause 7: the notice runs from *their* receipt."),
)

_LAPTOP = Program("claude code on the laptop", "website", "messages", (SONNET, OPUS, HAIKU), None, 5)
_CODEX = Program("codex on the desk", "website", "responses", (GPT, MINI), None, 3)
_HOME = Program("home assistant", "home", "chat/completions", (QWEN, HAIKU), "small", 2)
_ALIEN = Program("claude code, translated", "lab", "messages", (GPT,), "claude-sonnet-4-5", 1)
_N8N = Program("n8n", "newsletter", "chat/completions", (MINI, DEEPSEEK), None, 1)

PEOPLE = (
    DemoPerson("ada", "admin", (SAFARI, FIREFOX), 30, 0.45, 60, (_LAPTOP, _CODEX, _HOME, _ALIEN), _TALKS),
    DemoPerson("grace", "member", (CHROME, FIREFOX), 11, 0.3, 15, (_N8N,), _TALKS[4:12]),
    DemoPerson("linus", "member", (FIREFOX,), 4, 0.0, 5, (), _TALKS[8:]),
)
