"""The description of a pull request, which others wrote, as HTML.

CommonMark without raw HTML and without images; links lead to http(s) only, and say so to robots.
"""

import re
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markupsafe import Markup

from bot.infra.html_templates import format_value

_HTTP = re.compile(r"https?://\S")
_BARE = re.compile(r"https?://[^\s()<>\"]{1,1000}[^\s()<>\".,;:!?]")
_BOX = re.compile(r"\[([ xX])\]\s+")
_REL = "noopener noreferrer nofollow"
# Rules that forges lack, or that would change the text: `entity` decodes, `reference` removes text.
_OFF = (
    "autolink", "code", "entity", "hr", "html_block", "html_inline", "image", "lheading",
    "reference",
)  # fmt: skip


class _HttpOnly(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802 - markdown-it's name
        return _HTTP.match(url) is not None


def _build_parser() -> MarkdownIt:
    parser = _HttpOnly("commonmark", {"html": False, "breaks": True, "xhtmlOut": False})
    parser.disable(_OFF)
    parser.core.ruler.push("forge", _adapt)
    return parser


def render_markdown(text: str) -> Markup:
    """Return a text as HTML; secrets are taken out first, as of everything on a page."""
    return Markup(FORGE_MARKDOWN.render(format_value(text.replace("\r\n", "\n"))))  # noqa: S704 - tested


def _adapt(state: StateCore) -> None:
    """Lower headings, tick boxes, and link the addresses in the text."""
    for at, token in enumerate(state.tokens):
        if token.type in ("heading_open", "heading_close"):
            # Only the title of the page is a heading of the first level.
            token.tag = f"h{min(int(token.tag[1:]) + 1, 6)}"
        elif token.type == "fence":
            token.info = ""
        elif token.type == "inline":
            token.children = _adapt_inline(state.md, token.children or [])
            if at > 1 and state.tokens[at - 2].type == "list_item_open":
                _tick(token.children)


def _adapt_inline(parser: MarkdownIt, children: Sequence[Token]) -> list[Token]:
    found: list[Token] = []
    inside: Token | None = None
    for token in children:
        if token.type == "link_open":
            inside = token
            token.attrs = {"href": token.attrs.get("href", ""), "rel": _REL}
        if token.type == "text" and inside is None:
            found += _split_links(parser, token)
        elif inside is None or inside.attrs["href"] or not token.type.startswith("link_"):
            found.append(token)
        if token.type == "link_close":
            inside = None
    return found


def _split_links(parser: MarkdownIt, text: Token) -> list[Token]:
    """Split a text at the addresses in it."""
    found, at = [], 0
    for address in _BARE.finditer(text.content):
        href = parser.normalizeLink(address[0])
        found += [
            Token("text", "", 0, content=text.content[at : address.start()]),
            Token("link_open", "a", 1, attrs={"href": href, "rel": _REL}),
            Token("text", "", 0, content=address[0]),
            Token("link_close", "a", -1),
        ]
        at = address.end()
    return [*found, Token("text", "", 0, content=text.content[at:])]


def _tick(children: Sequence[Token]) -> None:
    if children and (box := _BOX.match(children[0].content)):
        sign = "☐" if box[1] == " " else "☑"
        children[0].content = f"{sign} {children[0].content[box.end() :]}"


FORGE_MARKDOWN = _build_parser()
