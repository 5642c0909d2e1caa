"""What a browser would make of our HTML, as far as the tests ask: is it safe, and what does it say."""

import re
from html import unescape
from html.parser import HTMLParser

TAGS = re.compile(
    r"a|blockquote|br|button|code|div|em|figcaption|figure|h[1-6]|hr|input|li|ol|p|pre|s|section|span|strong|sup"
    r"|table|tbody|td|th|thead|tr|ul"
)
ATTRIBUTES = re.compile(
    "class|href|rel|target|title|start|tabindex|type|data-copy|data-lang|disabled|checked|aria-label"
)
CLASSES = re.compile(
    r"code|copy|hl|scroll|math|image|footnotes?|right|left|center|contains-task-list|task-list-item(-checkbox)?"
    r"|[a-z]{1,3}\d?"
)


class Judge(HTMLParser):
    """Raises at the first thing that has no business in the page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert TAGS.fullmatch(tag), tag
        for name, value in attrs:
            assert ATTRIBUTES.fullmatch(name), (tag, name)
            if name == "class":
                assert all(CLASSES.fullmatch(each) for each in (value or "").split()), value
            if name == "href":
                assert re.match(r"https?://[^/]|mailto:", value or "", re.IGNORECASE), value
        if tag == "a":
            assert dict(attrs)["rel"] == "noopener noreferrer nofollow"
            assert dict(attrs)["target"] == "_blank"
            assert "a" not in self.open
        if tag not in ("br", "hr", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def safe(html: str) -> str:
    """The same HTML, after a look at every tag and attribute of it."""
    judge = Judge()
    judge.feed(html)
    judge.close()
    assert not judge.open
    return html


def text_of(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", html))
