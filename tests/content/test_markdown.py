"""A whole text at once: what it looks like, and that nothing in it can run or load anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.content.markdown import render

from .page import safe, text_of


def test_the_usual_marks_become_the_usual_elements() -> None:
    html = safe(render("# A\n\n**b** *c* ~~d~~ `e`\n\n> f\n\n1. g\n2. h\n\n***\n"))
    for piece in ("<h1>A</h1>", "<strong>b</strong>", "<em>c</em>", "<s>d</s>", "<code>e</code>"):
        assert piece in html
    assert "<blockquote>\n<p>f</p>" in html
    assert "<ol>\n<li>g</li>\n<li>h</li>\n</ol>" in html
    assert "<hr>" in html


def test_a_block_of_code_has_its_frame_its_language_and_its_colours() -> None:
    assert render("```python title=x\ndef f(): ...\n```\n") == (
        '<figure class="code" data-lang="python"><figcaption><span>python</span>'
        '<button type="button" class="copy" data-copy>copy</button></figcaption>'
        '<pre tabindex="0"><code class="hl"><span class="k">def</span><span class="w"> </span>'
        '<span class="nf">f</span><span class="p">():</span> <span class="o">...</span>\n'
        "</code></pre></figure>\n"
    )


def test_indented_code_and_code_without_a_language_have_the_frame_too() -> None:
    for text in ("    a < b\n", "```\na < b\n```\n", "~~~\na < b\n~~~\n"):
        html = safe(render(text))
        assert 'data-lang=""' in html
        assert '<code class="hl">a &lt; b\n</code>' in html


@pytest.mark.parametrize("outer", ["~~~", "````"])
def test_a_fence_within_a_longer_or_another_fence_is_text(outer: str) -> None:
    html = safe(render(f"{outer}md\n```\ninner\n```\n{outer}\n\nafter\n"))
    assert html.count("<figure") == 1
    assert "```\ninner\n```\n</code>" in html
    assert html.endswith("<p>after</p>\n")


def test_the_language_cannot_break_out_of_its_attribute() -> None:
    html = safe(render('```"><script>alert(1)</script>\nx\n```\n\n```a&quot;onclick=b\ny\n```\n'))
    assert "script" not in html.replace("&lt;script", "")
    assert 'data-lang="a"' in html


def test_a_table_scrolls_in_its_own_box_and_aligns_without_inline_style() -> None:
    html = safe(render("| a | b |\n|:-:|--:|\n| `x|y` | \\| |\n"))
    assert html.startswith('<div class="scroll" tabindex="0"><table>\n<thead>')
    assert html.endswith("</table></div>\n")
    assert '<th class="center">a</th>\n<th class="right">b</th>' in html
    assert '<td class="right"></td>' not in html.replace("|", "")
    assert "style" not in html


def test_tasks_are_boxes_that_cannot_be_ticked() -> None:
    html = safe(render("- [ ] a\n- [x] b\n- c\n"))
    assert html.count('disabled=""') == 2
    assert html.count('checked=""') == 1


def test_lists_are_tight_or_loose_as_they_were_written() -> None:
    assert "<li>a</li>" in render("- a\n- b\n")
    assert "<li>\n<p>a</p>\n</li>" in render("- a\n\n- b\n")


def test_links_open_elsewhere_and_vouch_for_nothing() -> None:
    link = '<a href="https://a.b/?x=1&amp;y=2" rel="noopener noreferrer nofollow" target="_blank">'
    for text in ("[t](https://a.b/?x=1&y=2)", "<https://a.b/?x=1&y=2>", "[t]\n\n[t]: https://a.b/?x=1&y=2"):
        assert link in safe(render(text))
    assert '<a href="mailto:a@b.c"' in safe(render("<a@b.c>"))


def test_a_bare_address_is_a_link_without_the_punctuation_around_it() -> None:
    html = safe(render("see https://a.b/c_(d), (https://e.f) and README.md or example.com\n"))
    assert ">https://a.b/c_(d)</a>, (<a" in html
    assert ">https://e.f</a>) and README.md or example.com" in html
    assert html.count("<a ") == 2
    assert "<a " not in render("`https://a.b`").replace("<a>", "")


def test_a_picture_is_a_link_and_is_never_loaded() -> None:
    html = safe(render("![a cat](https://evil.example/?q=secret) ![](http://x.y/z.png)"))
    assert "<img" not in html
    assert ">a cat</a>" in html
    assert ">image</a>" in html
    assert safe(render("[![alt](https://i.j/k.png)](https://l.m)")).count("<a ") == 1


def test_footnotes_stand_at_the_end_without_ids_that_could_collide() -> None:
    html = safe(render("One[^1] two[^b].\n\n[^1]: First\n[^b]: Second\n"))
    assert 'One<sup class="footnote">[1]</sup> two<sup class="footnote">[2]</sup>.' in html
    assert '<section class="footnotes"><ol>\n<li><p>First</p>' in html
    assert "id=" not in html


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ("so $x^2$.", '<span class="math">x²</span>.'),
        (r"so \(x^2\).", '<span class="math">x²</span>.'),
        ("so $$x^2$$ it", '<span class="math">x²</span> it'),
        ("$x$ is 5", '<p><span class="math">x</span> is 5'),
        ("$$\nx^2\n- y\n$$\n", '<div class="math">x²\n- y</div>'),
        ("so:\n\\[\nx^2\n\\]\n", '<div class="math">x²</div>'),
        ("\\[ x^2 \\].\n", '<div class="math">x².</div>'),
        ("- a\n\n  $$\n  x^2\n  $$\n", '<div class="math">x²</div>'),
        ("> \\[\n> x^2\n> \\]\n", '<div class="math">x²</div>'),
        ("$$\\begin{aligned}\na &= b\n\\end{aligned}$$\n", '<div class="math">a = b</div>'),
        ("$a<b$", '<span class="math">a&lt;b</span>'),
    ],
)
def test_maths_is_text_that_can_be_read(text: str, formula: str) -> None:
    assert formula in safe(render(text))


@pytest.mark.parametrize(
    "text",
    [
        "costs $5 and $10",
        "costs $5.",
        "$HOME/$USER and $PATH:$HOME",
        "US$5/US$10",
        r"\$x\$",
        "$ x $",
        "`$x$`",
        r"\[1\] Knuth",
        "$",
        "$$",
        "a $$ b",
        "$$ is the process",
        r"\(",
    ],
)
def test_money_and_shell_variables_are_not_maths(text: str) -> None:
    assert "math" not in safe(render(text)).replace('<div class="math"></div>', "")


XSS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<style>@import 'https://evil'</style>",
    "<!-- --!><script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](vbscript:x)",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](file:///etc/passwd)",
    "[x](blob:https://a/b)",
    "[x](feed:javascript:alert(1))",
    "[x](//evil.com)",
    "[x](/admin/logout)",
    "[x](#top)",
    "[]()",
    "[x]()",
    "![]()",
    "[x](<>)",
    "[x]\n\n[x]: <>",
    "[x](https:evil)",
    "[x](https:\\\\evil)",
    "[x](http://)",
    "[x](https://a.b 'title\" onmouseover=\"alert(1)')",
    "[x]: javascript:alert(1)\n\n[x]",
    "<javascript:alert(1)>",
    "![x](javascript:alert(1))",
    "![x](data:image/svg+xml;base64,PHN2Zz4=)",
    "![x](data:image/png;base64,AAAA)",
    '![" onerror="alert(1)](https://a.b/c.png)',
    "![x](https://a.b/\"onerror='alert(1)')",
    '`<b onclick="x">`',
    "```html\n<script>alert(1)</script>\n```",
    '```js"onload="x\nalert(1)\n```',
    "$<img src=x onerror=alert(1)>$",
    "$$\n</div><script>alert(1)</script>\n$$",
    "[^<script>]: x\n\nfoo[^<script>]",
    '[^"onload="x]: y\n\n[^"onload="x]',
    "| <script> |\n|---|\n| <img src=x onerror=y> |",
    "# <img src=x onerror=y>",
    "- [x] <input autofocus onfocus=alert(1)>",
    "https://a.b/<script>alert(1)</script>",
    'https://a.b/"onmouseover="alert(1)',
    "https://a.b/'onmouseover='alert(1)",
    "\0<script>\0",
    "</code></pre></figure><script>alert(1)</script>",
    "{{constructor.constructor('alert(1)')()}}",
]


@pytest.mark.parametrize("text", XSS)
def test_nothing_that_a_model_writes_can_run_or_load_anything(text: str) -> None:
    safe(render(text))
    safe(render(f"- {text}\n\n> {text}\n\n{text} **{text}**"))


def test_every_script_reaches_the_page_as_it_is() -> None:
    for text in ("</script>", "👩‍💻 🇩🇪", "日本語と中文", "שלום עולם", "مرحبا", "a\u202eb", "e\u0301", "𝕏"):
        assert text_of(safe(render(text))).strip() == text
        assert text in text_of(safe(render(f"```\n{text}\n```")))


def test_deep_nesting_ends_neither_the_stack_nor_the_day() -> None:
    for text in (">" * 3000 + "a", "- " * 3000, "[" * 3000, "*" * 3000, "(" * 3000, "![" * 3000, "[^a]: " * 900):
        safe(render(text))


PIECES = [
    *["<", ">", '"', "'", "&", "`", "```", "$", "$$", "[", "](", ")", "!", "\\", "\n", "\n\n", "    ", "- ", "> ", "|"],
    *["javascript:", "https://", "data:", "<script>", "onload=", "[^1]", "[^1]: ", "a", "Z", "é", "\0", "&#x3c;", "\r"],
    *[
        "~~~",
        "*",
        "_",
        "#",
        "|-|",
        "mailto:",
        "://",
        "]:",
        "www.",
        "\u2028",
        "<!--",
        "]]>",
        "[x] ",
        "1. ",
        "\\(",
        "\\]",
    ],
]


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_whatever_is_written_the_html_is_safe_and_well_formed(text: str) -> None:
    safe(render(text))
