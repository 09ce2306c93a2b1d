"""Turn typed text into plain text: marks, quotes, code and mentions are removed.

Requests are parsed from plain text. Decisions are parsed from the text exactly as it was typed.
"""

import re
import unicodedata
from dataclasses import dataclass, field

LONGEST = 4_000
"""Characters looked at; Discord's own limit for a message."""

_QUOTE_MARKS = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u02bc\u02b9\u2032\uff07\u00b4\u201b", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033\uff02\u2036", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2212\uff0d", "-"),
        **dict.fromkeys("\u2013\u2014\u2015", ","),
        **dict.fromkeys("\uff1f\u061f\u037e\u00bf\u2753\u2754\u203d\u2049\u2047\u2048\u2e2e", "?"),
        **dict.fromkeys("\uff01\u2757\u2755\u203c", "!"),
        "\uff0c": ",",
        "\u3002": ".",
        "\u2026": ". ",
    }
)
_FACES = re.compile(r"(?<!\S)[:;=]'?-?[()DPp3/|\\]+(?!\S)")
_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_TICKS = re.compile(r"(`{1,2})([^`\n]{1,300})\1")
_CALL = re.compile(r"[A-Za-z_][\w.]{0,60}\([^()\n]{0,60}\)")
_STRUCK = re.compile(r"~~[^~]{0,400}~~")
_DOUBLE = re.compile(r'"([^"\n]{1,300})(?:"|\Z)')
_SINGLE = re.compile(r"(?<![\w'])'([^'\n]{1,300})'(?![\w'])")
_LINK = re.compile(r"\[([^\]\n]{0,200})\]\(\S{1,400}?\)|<?https?://[^\s>]{1,400}>?")
_MENTION = re.compile(r"<@[!&]?(\d{1,25})>")
_OWN_NAME = re.compile(r"@(?:theseus|bot)\b", re.IGNORECASE)
_OTHER_NAME = re.compile(r"(?<![\w@])@[A-Za-z_][\w.]{0,40}")
_CHANNEL = re.compile(r"<[#:a][^<>\s]{0,60}>")
_MARKUP = re.compile(r"\*{1,3}|(?<!\w)_{1,2}(?=\w)|(?<=\w)_{1,2}(?!\w)|\|\||^#{1,3} ", re.MULTILINE)
_HELD = re.compile("\ue000(\\d{1,4})\ue001")


@dataclass(frozen=True)
class Plain:
    """A message as plain text. Quoted text and code are replaced by private marks."""

    text: str
    held: tuple[str, ...] = ()
    names_someone: bool = False
    """Another person or role is mentioned."""
    cut: bool = False

    def restore(self, text: str) -> str:
        """Return a piece of this message with its quoted text and code put back."""
        return _HELD.sub(lambda mark: self._get_held(int(mark[1])), text)

    def _get_held(self, place: int) -> str:
        return self.held[place] if place < len(self.held) else ""


@dataclass
class _HeldText:
    items: list[str] = field(default_factory=list)

    def hold(self, item: str) -> str:
        self.items.append(item)
        return f"\ue000{len(self.items) - 1}\ue001"


def make_plain(text: str, *, addressed: bool) -> Plain:
    """Return the plain text of a message: lines of clauses, single spaces, no marks."""
    cut = len(text) > LONGEST
    text = text[:LONGEST].replace("\ue000", " ").replace("\ue001", " ")
    text = _strip_hidden(text)
    text = text.translate(_QUOTE_MARKS)
    held = _HeldText()
    text = _strip_quotation(text)
    text = _FENCE.sub(lambda _: f" {held.hold('')}\n", text)
    text = _TICKS.sub(lambda found: held.hold(found[2].strip()), text)
    text = _CALL.sub(lambda found: held.hold(found[0]), text)
    text = _STRUCK.sub(lambda _: " \n", text)
    text = _LINK.sub(lambda found: f" {held.hold(found[1] or '')} ", text)
    text, named = _replace_mentions(text, addressed=addressed)
    text = _DOUBLE.sub(lambda found: held.hold(found[1].strip()), text)
    text = _SINGLE.sub(lambda found: held.hold(found[1].strip()), text)
    text = _FACES.sub(" ", text)
    text = _MARKUP.sub("", text)
    text = "".join(_clean_letter(letter) for letter in text)
    lines = (" ".join(line.split()) for line in text.splitlines())
    return Plain(
        text="\n".join(line for line in lines if line),
        held=tuple(held.items),
        names_someone=named,
        cut=cut,
    )


def _strip_hidden(text: str) -> str:
    """Return the text without invisible letters, and with every kind of space as a plain one."""
    characters: list[str] = []
    for letter in text:
        kind = unicodedata.category(letter)
        if kind == "Zs":
            characters.append(" ")
        elif kind != "Cf" and letter not in "\u034f\ufe0e\ufe0f\u115f\u1160\u3164":
            characters.append(letter)
    return "".join(characters)


def _strip_quotation(text: str) -> str:
    """Return the text without quoted lines (`> ...`), and without all that follows `>>>`."""
    lines: list[str] = []
    for line in text.splitlines():
        start = line.lstrip()
        if start.startswith(">>>"):
            break
        if not start.startswith(">"):
            lines.append(line)
    return "\n".join(lines)


def _replace_mentions(text: str, *, addressed: bool) -> tuple[str, bool]:
    text = _OWN_NAME.sub("theseus", text)
    people = list(dict.fromkeys(_MENTION.findall(text)))
    mine = people[0] if addressed and len(people) == 1 else None
    text = _MENTION.sub(lambda found: " " if found[1] == mine else " @someone ", text)
    text = _CHANNEL.sub(" ", text)
    return text, bool(_OTHER_NAME.search(text))


def _clean_letter(letter: str) -> str:
    if letter.isascii():
        return letter if letter.isprintable() or letter == "\n" else " "
    if letter in "\ue000\ue001":
        return letter
    return " " if unicodedata.category(letter)[0] in "SC" else letter
