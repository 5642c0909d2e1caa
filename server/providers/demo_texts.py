"""What the demo model has to say: data, nothing else."""

HEADINGS = (
    "A reply, end to end",
    "Hello from inside the box",
    "What you would see here",
    "The long way round, on purpose",
    "Thank you for trying",
)

OPENINGS = (
    "Your message went through the whole program and came back as this.",
    "I read every word, and understood none of them.",
    "This text was written beforehand and is streamed piece by piece.",
    "No model was asked, so nothing was spent.",
)

THOUGHTS = (
    "I am a fixed text, so there is little to think about. Still, this is where a model's reasoning appears: "
    "above the reply, folded away once the reply begins.",
    "First the words of the person, then a list, a table and some code. That shows each kind of block once. "
    "A real model would weigh the question here instead.",
    "Nothing here is computed by a model. The summary of the reasoning is shown so that its place is known.",
)

FACTS = (
    "the reply is made on the server: **lock the phone**, and it goes on",
    "reload the page in the middle of it and not a word is lost, nor doubled",
    "open the same conversation on a second device: both see it *live*",
    "`/stop` ends a reply at once, and what is there stays",
    "every block has a button to copy it",
    "the figures in the status line count up with `~`, then settle",
)

STEPS = (
    "get a key from a provider; the settings say where",
    "paste it there: the provider is recognised from the key",
    "choose a model with `/model`, then ask again",
    "or point it at a local server such as Ollama, which needs no key",
)

CODE = (
    (
        "python",
        "from collections import Counter\n\n\n"
        "def common(words: list[str], n: int = 3) -> list[str]:\n"
        '    """The words that come most often."""\n'
        "    return [word for word, _ in Counter(words).most_common(n)]\n\n\n"
        'print(common("the cat and the dog and the bird".split()))',
    ),
    (
        "javascript",
        "// Greets everybody once.\n"
        "const greet = (name = 'world') => `hello, ${name}`;\n\n"
        "for (const name of new Set(['Ada', 'Grace', 'Ada'])) {\n"
        "  console.log(greet(name));\n"
        "}",
    ),
    (
        "bash",
        "# The five largest files below this folder\n"
        'find . -type f -printf "%s\\t%p\\n" |\n'
        "  sort --numeric-sort --reverse |\n"
        "  head --lines=5",
    ),
    (
        "sql",
        "-- What each model has cost this month\n"
        "SELECT model, SUM(cost_nanos) / 1e9 AS dollars\n"
        "FROM usage\n"
        "WHERE created_at >= date('now', 'start of month')\n"
        "GROUP BY model\n"
        "ORDER BY dollars DESC;",
    ),
    (
        "rust",
        "fn main() {\n"
        '    let words = ["small", "quick", "yours"];\n'
        "    // The length of each, as a sum\n"
        "    let total: usize = words.iter().map(|word| word.len()).sum();\n"
        '    println!("{total} letters");\n'
        "}",
    ),
)
