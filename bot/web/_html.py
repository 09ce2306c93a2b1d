"""Building pages. Text gets into a page through one door, `text`, which escapes and redacts it.

Elements are made by `tag` alone, from names and attributes written in our code, so that nothing
somebody wrote can be one. `Html` is made nowhere else.
"""

import html
import re
from datetime import datetime

from bot.telemetry import redact

# Control characters, and those that turn the order of what follows around or that nobody sees.
_ODD = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"
)
_NAME = re.compile(r"[a-z][a-z0-9-]*")
_VOID = frozenset({"input", "link", "meta"})
_ALONE = frozenset({"rect", "line"})
_SHORTEST_SECRET = 8  # of fewer characters, standing alone, nothing tells what they are
_READ = frozenset({"title", "alt", "placeholder", "aria-label"})
_HREF = re.compile(r"/(?!/)[!-~]*|https?://[!-~]+|#[a-z-]+")


class Html(str):
    """Text that is a piece of a page already."""

    __slots__ = ()


Content = str | int | None
"""What elements take: pieces of pages as they are, anything else as text; `None` is nothing."""


def text(words: object) -> Html:
    """Return somebody's words as they are shown: redacted, escaped, without odd characters."""
    said = str(words)
    return _shown(said if len(said) < _SHORTEST_SECRET else redact(said))


def lines(words: str) -> list[Html]:
    """Return a long text line by line; it is redacted as a whole, as a key goes over several."""
    return [_shown(line) for line in redact(words).split("\n")]


def prose(words: str) -> Html:
    """Return a text in paragraphs, what stands in `backticks` as code; redacted as a whole."""
    said = [each for each in redact(words).split("\n") if each.strip()]
    return tag("div", *(tag("p", *_spans(each)) for each in said))


def _spans(line: str) -> list[Html]:
    parts = line.split("`")
    if len(parts) % 2 == 0:
        return [_shown(line)]
    return [
        tag("code", _shown(part)) if place % 2 else _shown(part)
        for place, part in enumerate(parts)
        if part
    ]


def join(*parts: Content, between: str = "") -> Html:
    """Return the parts after each other."""
    return Html(html.escape(between).join(_piece(part) for part in parts if part is not None))


def tag(name: str, /, *content: Content, **attributes: str | int | bool | None) -> Html:
    """Return an element. `class_` and `for_` lose the underscore, the others stand as hyphens.

    An attribute that is `True` stands alone; one that is `None` or `False` is left out.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no element")
    begins = name + "".join(
        f" {_attribute(key, value)}"
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _VOID:
        return Html(f"<{begins}>")
    if name in _ALONE:
        return Html(f"<{begins}/>")
    return Html(f"<{begins}>{join(*content)}</{name}>")


def link(href: str, *content: Content) -> Html:
    """Return a link to a page of ours, or out of here by http; anywhere else: the words alone."""
    if not _HREF.fullmatch(href) or redact(href) != href:
        return join(*content)
    out = None if href.startswith(("/", "#")) else "noreferrer noopener"
    return tag("a", *content, href=href, rel=out)


def table(caption: str, heads: tuple[str, ...], rows: list[tuple[Content, ...]]) -> Html:
    """Return a table; where the page is narrow, each row is a block that names its columns."""
    head = tag("tr", *(tag("th", each, scope="col") for each in heads))
    body = [
        tag("tr", *(tag("td", cell, data_head=name) for name, cell in zip(heads, row, strict=True)))
        for row in rows
    ]
    inner = tag("table", tag("caption", caption), tag("thead", head), tag("tbody", *body))
    return tag("div", inner, class_="scrolls", tabindex=0, role="region", aria_label=caption)


def facts(pairs: list[tuple[str, Content]]) -> Html:
    """Return names and values; pairs without a value are left out."""
    known = [pair for pair in pairs if pair[1] not in (None, "")]
    return tag("dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in known))


def when(at: datetime, now: datetime) -> Html:
    """Return a time, and how long ago it was."""
    shown = f"{at:%Y-%m-%d %H:%M} UTC"
    return tag("time", f"{ago((now - at).total_seconds())}", datetime=at.isoformat(), title=shown)


def ago(seconds: float) -> str:
    """Return `just now`, `5 min ago`, `3 h ago` or `2 days ago`."""
    if seconds < 60:
        return "just now"
    for limit, unit, name in ((3_600, 60, "min"), (172_800, 3_600, "h")):
        if seconds < limit:
            return f"{seconds // unit:.0f} {name} ago"
    return f"{seconds // 86_400:.0f} days ago"


def _shown(words: str) -> Html:
    return Html(html.escape(_ODD.sub("\N{REPLACEMENT CHARACTER}", words), quote=True))


def _piece(part: Content) -> Html:
    return part if isinstance(part, Html) else text(part)


def _attribute(key: str, value: str | int | bool) -> str:
    name = key.rstrip("_").replace("_", "-")
    if not _NAME.fullmatch(name) or name.startswith("on") or name == "style":
        raise ValueError(f"{name!r} is no attribute of ours")
    if value is True:
        return name
    # What is read by people is redacted; what programs need whole, as a form's token, is not.
    said = text(value) if name in _READ else html.escape(str(value), quote=True)
    return f'{name}="{said}"'
