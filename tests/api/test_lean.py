"""Scripts and styles without what only people read: smaller, and the same."""

from pathlib import Path

import pytest

from server.api import lean

WEB = Path(__file__).parents[2] / "web"
SCRIPTS = sorted(WEB.rglob("*.js"))


@pytest.mark.parametrize(
    ("source", "served"),
    [
        ("const a = 1; // one\n\n\n  let b = a;", "const a=1;\nlet b=a;\n"),
        ("/** Of two\n * lines. */\nexport const a = (b) => b / 2 / c;", "export const a=(b)=>b / 2 / c;\n"),
        ("a = /[/]\\/ \"'`/g; // b", "a= /[/]\\/ \"'`/g;\n"),
        ("return /  x/.test(y)", "return /  x/.test(y)\n"),
        ("a = b + +c - -d; e = f++ + g", "a=b+ +c- -d;e=f++ +g\n"),
        ("const s = \"//  no\" + '/*  no */';", "const s=\"//  no\"+'/*  no */';\n"),
        ("f(/* why */ 1)", "f(1)\n"),
        ("a\n// why\n(b)", "a\n(b)\n"),
        ("x = `a  // b`", "x=`a  // b`\n"),
        (
            "x = `a ${b  + `c  ${ {d: 1}.d } // e`} \\` ${f}  // g`; // h",
            "x=`a ${b+`c  ${{d:1}.d} // e`} \\` ${f}  // g`;\n",
        ),
        ("if (a) { } else { b }", "if(a){}else{b}\n"),
        ("x.y in z; typeof   a", "x.y in z;typeof a\n"),
    ],
)
def test_a_script_loses_what_says_nothing_to_the_browser(source: str, served: str) -> None:
    assert lean.script(source) == served


@pytest.mark.parametrize("source", ["`no end", "f({", "`${a`", "}"])
def test_a_script_that_cannot_be_read_is_refused(source: str) -> None:
    with pytest.raises(ValueError, match=r"end|close"):
        lean.script(source)


def test_a_style_sheet_keeps_what_is_quoted() -> None:
    source = 'a {\n  /* no */\n  content: "/*  yes */ " / "";\n  margin: 0 auto;\n}\n'
    assert lean.style(source) == 'a {\n \ncontent: "/*  yes */ " / "";\nmargin: 0 auto;\n}\n'


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.relative_to(WEB).as_posix())
def test_every_script_of_the_page_can_be_made_lean_and_stays_so(path: Path) -> None:
    served = lean.script(path.read_text())
    assert lean.script(served) == served
    assert len(served) < len(path.read_text())
