"""Turns bytes of a page into plain text that a person would see. Pure functions, linear time.

It is no browser and no general parser: `html.parser` needs quadratic time for some malformed pages,
and its author may be hostile. Markup that is not understood is dropped, never shown.
"""

import html
import re

from bot.domain.research import Page
from bot.research.terms import clean_text

_CHARSETS = {
    "utf8": "utf-8",
    "utf16": "utf-16",
    "utf16le": "utf-16-le",
    "utf16be": "utf-16-be",
    "ascii": "cp1252",
    "usascii": "cp1252",
    "latin1": "cp1252",
    "iso88591": "cp1252",
    "windows1252": "cp1252",
    "cp1252": "cp1252",
    "iso885915": "iso8859-15",
    "windows1251": "cp1251",
    "koi8r": "koi8-r",
    "shiftjis": "shift_jis",
    "eucjp": "euc_jp",
    "euckr": "euc_kr",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "big5": "big5",
}
"""The encodings that are used on the web. Python knows others, which are slow or no text."""

_META = re.compile(rb"<meta[^<>]{0,200}charset=[\"']?([\w-]{2,20})", re.IGNORECASE)
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]{0,30})((?:[^<>\"']|\"[^\"<>]*\"|'[^'<>]*')*+)>")
_DROPPED = frozenset({
    "script", "style", "noscript", "template", "svg", "math", "iframe", "object", "embed", "head",
    "nav", "footer", "form", "button", "select", "textarea", "audio", "video", "canvas", "dialog",
})  # fmt: skip
_BLOCKS = frozenset({
    "p", "div", "section", "article", "main", "ul", "ol", "li", "dl", "dt", "dd", "table", "tr",
    "br", "hr", "pre", "blockquote", "figure", "figcaption", "header", "aside", "body", "details",
    "summary", "h1", "h2", "h3", "h4", "h5", "h6",
})  # fmt: skip
_VOID = frozenset({"br", "hr", "img", "input", "meta", "link", "source", "wbr", "area", "col"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4"})
_HIDDEN = re.compile(
    r"(?:^|\s)hidden(?:\s|=|/|$)|aria-hidden\s*=\s*[\"']?true|display\s*:\s*none"
    r"|visibility\s*:\s*hidden|opacity\s*:\s*0(?:\.0+)?(?![\d.])|font-size\s*:\s*0"
    r"|(?:left|top|text-indent)\s*:\s*-\d{3,}|clip(?:-path)?\s*:\s*(?:rect|inset)",
    re.IGNORECASE,
)
_MARKDOWN_HEADING = re.compile(r"^#{1,4} +(.{1,150})$")
_MOST_SECTIONS = 400
_LONGEST_TITLE = 300


def decode(raw: bytes, charset: str, *, is_cut: bool = False) -> str:
    """Return the bytes as text; `charset` is what the server says, which may be wrong.

    A mark at the start counts first, then UTF-8 if the bytes are valid, then what the server or the
    page says. Bytes without a meaning are replaced. Where the page was cut, so may be a character.
    """
    for mark, name in _MARKS:
        if raw.startswith(mark):
            return raw.decode(name, "replace")
    named = _CHARSETS.get(re.sub(r"[^a-z0-9]", "", charset.lower()), "")
    if named.startswith("utf-16"):
        return raw.decode(named, "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        if is_cut and error.start >= len(raw) - 4:
            return raw[: error.start].decode("utf-8")
    found = _META.search(raw[:2_048])
    inside = _CHARSETS.get(re.sub(r"[^a-z0-9]", "", found[1].decode().lower()), "") if found else ""
    return raw.decode(named or inside or "utf-8", "replace")


def read_page(url: str, text: str, *, is_html: bool, is_cut: bool) -> Page:
    """Return the page as sections of plain text."""
    title, lines = _read_html(text) if is_html else ("", _read_plain(text))
    sections: list[tuple[str, list[str]]] = [("", [])]
    for kind, line in lines:
        if kind == "heading" and len(sections) < _MOST_SECTIONS:
            sections.append((line[:200], []))
        else:
            sections[-1][1].append(line)
    found = tuple(
        (heading, body)
        for heading, parts in sections
        if (body := re.sub(r"\n{3,}", "\n\n", "\n".join(parts)).strip())
    )
    return Page(url=url, title=title[:200], sections=found, is_cut=is_cut)


def _read_plain(text: str) -> list[tuple[str, str]]:
    """Return the lines of plain text or Markdown."""
    lines = []
    for line in clean_text(text).split("\n"):
        heading = _MARKDOWN_HEADING.match(line)
        lines.append(("heading", heading[1].strip()) if heading else ("text", line.rstrip()))
    return lines


def _read_html(source: str) -> tuple[str, list[tuple[str, str]]]:
    """Return the title, and the lines that are visible without styles and scripts."""
    reader = _Reader()
    position = 0
    while position < len(source):
        start = source.find("<", position)
        if start < 0:
            reader.add_text(source[position:])
            break
        reader.add_text(source[position:start])
        position = _skip_special(source, start)
        if position > start:
            continue
        tag = _TAG.match(source, start)
        if tag is None:
            position = start + 1  # a stray sign; what follows is text again
            continue
        position = tag.end()
        reader.add_tag(tag[2].lower(), tag[3], is_end=bool(tag[1]))
        if not tag[1] and tag[2].lower() in ("script", "style", "noscript", "template", "textarea"):
            position = _skip_raw(source, position, tag[2].lower())
            reader.add_tag(tag[2].lower(), "", is_end=True)
    reader.end_line()
    return " ".join(clean_text(reader.title).split()), reader.lines


def _skip_special(source: str, start: int) -> int:
    """Return the end of a comment, declaration or CDATA; an open one reaches to the end."""
    for opening, closing in (("<!--", "-->"), ("<![", "]>"), ("<!", ">"), ("<?", ">")):
        if source.startswith(opening, start):
            end = source.find(closing, start + len(opening))
            return len(source) if end < 0 else end + len(closing)
    return start


def _skip_raw(source: str, start: int, tag: str) -> int:
    """Return the end of what a script or style contains; an open one reaches to the end."""
    found = re.compile(rf"</{tag}\b[^>]*>", re.IGNORECASE).search(source, start)
    return found.end() if found else len(source)


class _Reader:
    """Collects the visible lines. Elements that are not closed stay hidden until their parent is.

    `hidden_depth` is the depth of the outermost hidden element, 0 if there is none.
    """

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self.title = ""
        self._open: list[str] = []
        self._hidden_depth = 0
        self._line: list[str] = []
        self._heading = False
        self._is_title = False

    def add_text(self, text: str) -> None:
        """Add text between tags."""
        if self._is_title and len(self.title) < _LONGEST_TITLE:
            self.title += html.unescape(text)[:_LONGEST_TITLE]
        if text and not self._hidden_depth:
            self._line.append(html.unescape(text))

    def add_tag(self, name: str, attributes: str, *, is_end: bool) -> None:
        """Open or close an element."""
        if name == "title":
            self._is_title = not is_end and not self.title
        if name in _BLOCKS and not self._hidden_depth:
            self.end_line()
        if is_end:
            self._close(name)
        elif name not in _VOID and not attributes.rstrip().endswith("/"):
            self._open.append(name)
            hides = name in _DROPPED or bool(_HIDDEN.search(attributes))
            if hides and not self._hidden_depth:
                self._hidden_depth = len(self._open)
        if name in _HEADINGS and not self._hidden_depth:
            self._heading = not is_end

    def end_line(self) -> None:
        """Finish the line."""
        is_code = "pre" in self._open[-8:]
        text = clean_text("".join(self._line))
        shown = text.strip("\n") if is_code else " ".join(text.split())
        if shown.strip():
            self.lines.append(("heading" if self._heading else "text", shown))
        elif self.lines and self.lines[-1][1]:
            self.lines.append(("text", ""))
        self._line = []

    def _close(self, name: str) -> None:
        # Only the nearest elements are looked at, so that hostile nesting stays linear.
        for back in range(1, min(len(self._open), 40) + 1):
            if self._open[-back] == name:
                del self._open[-back:]
                break
        if self._hidden_depth > len(self._open):
            self._hidden_depth = 0
