"""Markdown under our rules, in both halves: text to tokens, tokens to HTML that is safe to put into the page.

No raw HTML, no picture is ever loaded, links lead to the web or to mail and say that we do not vouch for them,
nothing carries an id, an inline style or a class of the writer's choosing.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from server.content import maths
from server.content.formula import readable
from server.content.highlight import highlight

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.renderer import RendererHTML
    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token

Env = dict[str, Any]
"""What one text knows: ``references`` and ``footnotes`` as the parser keeps them, and two switches of ours.

``draft``: code is not coloured yet. ``parts``: footnotes stay where they were written, as more text is coming.
"""

_LINK = re.compile(r"(?:https?://[^/?#\\\s]|mailto:[^\s/])", re.IGNORECASE)
_URL = re.compile(r"\bhttps?://[^\s<>\"`\u3000-\u303f\uff00-\uffef]{1,2000}", re.IGNORECASE)
_LANGUAGE = re.compile(r"[\w+#.-]{1,30}")
_ATTRIBUTES = {"rel": "noopener noreferrer nofollow", "target": "_blank"}


@cache
def parser() -> "MarkdownIt":
    """Made once, when first needed; holds no state between two texts."""
    from markdown_it import MarkdownIt
    from mdit_py_plugins.footnote import footnote_plugin

    options = {"html": False, "xhtmlOut": False, "tasklists": True, "maxNesting": 40}
    markdown = MarkdownIt("commonmark", options).enable(["table", "strikethrough"])
    markdown.use(footnote_plugin, inline=False, move_to_end=False)
    interrupts = ["paragraph", "reference", "blockquote", "list"]
    markdown.block.ruler.before("fence", "math_block", maths.block, {"alt": interrupts})
    markdown.inline.ruler.before("escape", "math_inline", maths.inline)
    markdown.core.ruler.after("inline", "links", _links)
    markdown.core.ruler.after("inline", "footnote_tail", _footnotes)
    for name, rule in _RULES.items():
        markdown.add_render_rule(name, rule)
    markdown.validateLink = lambda url: _LINK.match(url) is not None  # type: ignore[method-assign]
    return markdown


def blocks(text: str, env: Env) -> list[str]:
    """The HTML of each top-level block, in order."""
    markdown = parser()
    tokens = markdown.parse(text, env)
    return [markdown.renderer.render(group, markdown.options, env) for group in _groups(tokens)]


def outline(text: str) -> list["Token"]:
    """The block structure alone, without a look inside the lines."""
    tokens: list[Token] = []
    markdown = parser()
    markdown.block.parse(text, markdown, {}, tokens)
    return tokens


def language(info: str) -> str:
    """The language that the words after a fence name, or ''."""
    from markdown_it.common.utils import unescapeAll

    found = _LANGUAGE.match(unescapeAll(info).strip())
    return found[0].lower() if found else ""


def code_block(body: str, language: str) -> str:
    """The frame around a block of code; ``body`` is HTML."""
    name = escape(language)
    return (
        f'<figure class="code" data-lang="{name}"><figcaption><span>{name}</span>'
        '<button type="button" class="copy" data-copy>copy</button></figcaption>'
        f'<pre tabindex="0"><code class="hl">{body}</code></pre></figure>\n'
    )


def _groups(tokens: Sequence["Token"]) -> Iterator[Sequence["Token"]]:
    start = level = 0
    for index, token in enumerate(tokens):
        level += token.nesting
        if level == 0:
            yield tokens[start : index + 1]
            start = index + 1


def _links(state: "StateCore") -> None:
    """Every link is looked at once more, whichever rule made it: the parser does not ask about an empty address."""
    for token in state.tokens:
        if token.type != "inline":
            continue
        children: list[Token] = []
        linked = dropped = False
        for child in token.children or ():
            if child.type == "link_open":
                dropped = not state.md.validateLink(str(child.attrs.get("href", "")))
                linked = not dropped
                child.attrs.update(_ATTRIBUTES)
            if child.type == "image":
                child.meta["bare"] = linked or not state.md.validateLink(str(child.attrs.get("src", "")))
            if child.type == "text" and not linked and "://" in child.content:
                children.extend(_autolinked(child, state.md))
            elif not (dropped and child.type in ("link_open", "link_close")):
                children.append(child)
            if child.type == "link_close":
                linked = dropped = False
        token.children = children


def _autolinked(token: "Token", markdown: "MarkdownIt") -> Iterator["Token"]:
    from markdown_it.token import Token

    text, done = token.content, 0
    for found in _URL.finditer(text):
        url = _trimmed(found[0])
        href = markdown.normalizeLink(url)
        if not markdown.validateLink(href):
            continue
        yield Token("text", "", 0, content=text[done : found.start()], level=token.level)
        yield Token("link_open", "a", 1, attrs={"href": href, **_ATTRIBUTES}, level=token.level)
        yield Token("text", "", 0, content=url, level=token.level + 1)
        yield Token("link_close", "a", -1, level=token.level)
        done = found.start() + len(url)
    yield Token("text", "", 0, content=text[done:], level=token.level)


def _trimmed(url: str) -> str:
    """Without the punctuation of the sentence around it; brackets stay while they are in pairs."""
    while url[-1] in ".,;:!?'*_~|" or (url[-1] in ")]}" and not _paired(url)):
        url = url[:-1]
    return url


def _paired(url: str) -> bool:
    return url.count({")": "(", "]": "[", "}": "{"}[url[-1]]) >= url.count(url[-1])


def _footnotes(state: "StateCore") -> None:
    from mdit_py_plugins.footnote.index import footnote_tail

    if not state.env.get("parts"):
        footnote_tail(state)


def _fence(self: "RendererHTML", tokens: Sequence["Token"], index: int, options: Any, env: Env) -> str:
    content, name = tokens[index].content, language(tokens[index].info)
    return code_block(escape(content) if env.get("draft") else highlight(content, name), name)


def _image(self: "RendererHTML", tokens: Sequence["Token"], index: int, options: Any, env: Env) -> str:
    token = tokens[index]
    text = escape(self.renderInlineAsText(token.children, options, env)) or "image"
    if token.meta.get("bare"):
        return text
    extra = "".join(f' {name}="{value}"' for name, value in _ATTRIBUTES.items())
    return f'<a class="image" href="{escape(str(token.attrs["src"]))}"{extra}>{text}</a>'


def _item(self: "RendererHTML", tokens: Sequence["Token"], index: int, options: Any, env: Env) -> str:
    """A task says whether it is done, also to those who hear it."""
    done = "done" if (tokens[index].meta or {}).get("checked") else "not done"
    html = type(self).list_item_open(self, tokens, index, options, env)
    return html.replace('type="checkbox"', f'type="checkbox" aria-label="{done}"')


def _cell(self: "RendererHTML", tokens: Sequence["Token"], index: int, options: Any, env: Env) -> str:
    side = str(tokens[index].attrs.get("style", "")).removeprefix("text-align:")
    return f'<{tokens[index].tag} class="{side}">' if side else f"<{tokens[index].tag}>"


def _maths(self: "RendererHTML", tokens: Sequence["Token"], index: int, options: Any, env: Env) -> str:
    token = tokens[index]
    return f'<{token.tag} class="math">{escape(readable(token.content))}</{token.tag}>' + ("\n" if token.block else "")


def _footnote_ref(self: "RendererHTML", tokens: Sequence["Token"], index: int, options: Any, env: Env) -> str:
    return f'<sup class="footnote">[{tokens[index].meta["id"] + 1}]</sup>'


def _footnote_part(self: "RendererHTML", tokens: Sequence["Token"], index: int, options: Any, env: Env) -> str:
    return f'<div class="footnote"><sup>[{escape(tokens[index].meta["label"])}]</sup>\n'


def _fixed(html: str) -> Any:
    return lambda self, tokens, index, options, env: html


_RULES: dict[str, Any] = {
    "fence": _fence,
    "code_block": _fence,
    "image": _image,
    "list_item_open": _item,
    "table_open": _fixed('<div class="scroll" tabindex="0"><table>\n'),
    "table_close": _fixed("</table></div>\n"),
    "th_open": _cell,
    "td_open": _cell,
    "math_inline": _maths,
    "math_block": _maths,
    "footnote_ref": _footnote_ref,
    "footnote_block_open": _fixed('<section class="footnotes"><ol>\n'),
    "footnote_block_close": _fixed("</ol></section>\n"),
    "footnote_open": _fixed("<li>"),
    "footnote_close": _fixed("</li>\n"),
    "footnote_anchor": _fixed(""),
    "footnote_reference_open": _footnote_part,
    "footnote_reference_close": _fixed("</div>\n"),
}
