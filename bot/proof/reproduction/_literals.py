"""Values as source, laid out as ruff lays it out (100 columns, double quotes, ASCII)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

WIDTH = 100
INDENT = "    "
_ATOM = 34  # longer texts get a variable: nested six deep, a key and a value still fit
_CHUNK = 80


class Unwritable(Exception):
    """A value has no form that fits: a number of hundreds of digits."""


def quoted(text: str | bytes) -> str:
    """Return a string or bytes literal in ASCII, with the quotes that need fewer escapes."""
    prefix, body = _body(text)
    quote = "'" if body.count('"') > body.count("'") else '"'
    return f"{prefix}{quote}{body.replace(quote, chr(92) + quote)}{quote}"


def _body(text: str | bytes) -> tuple[str, str]:
    """Return the prefix, and the escaped characters with quotes left as they are."""
    prefix = "b" if isinstance(text, bytes) else ""
    shown = [ascii(text[at : at + 1]).removeprefix("b") for at in range(len(text))]
    return prefix, "".join("'" if one == '"\'"' else one[1:-1] for one in shown)


@dataclass
class Group:
    """Brackets around items; `heads` are what stands before each item (`key: `, `name=`)."""

    opening: str
    closing: str
    items: "Sequence[Group | str]"
    heads: Sequence[str]
    is_tuple: bool = False

    @property
    def flat(self) -> str:
        """The group on one line."""
        inside = ", ".join(
            head + (item if isinstance(item, str) else item.flat)
            for head, item in zip(self.heads, self.items, strict=True)
        )
        alone = "," if self.is_tuple and len(self.items) == 1 else ""
        return f"{self.opening}{inside}{alone}{self.closing}"

    def lines(self, indent: str, before: str, after: str) -> list[str]:
        """Return the group behind `before` and in front of `after`, broken only if it must be."""
        line = f"{indent}{before}{self.flat}{after}"
        if len(line) <= WIDTH or not self.items:
            return [line]
        deeper = indent + INDENT
        result = [f"{indent}{before}{self.opening}"]
        for head, item in zip(self.heads, self.items, strict=True):
            if isinstance(item, str):
                result.append(f"{deeper}{head}{item},")
            else:
                result += item.lines(deeper, head, ",")
        return [*result, f"{indent}{self.closing}{after}"]


@dataclass
class Writer:
    """Turns values into groups; `texts` collects the long ones, to be named first."""

    texts: list[str] = field(default_factory=list)

    def write(self, value: object, room: int = _ATOM) -> Group | str:
        """Return a value's source. Raises `Unwritable`."""
        if isinstance(value, str | bytes):
            return self._text(value, room)
        if isinstance(value, tuple | list | set) and value:
            around = {tuple: ("(", ")"), list: ("[", "]"), set: ("{", "}")}[type(value)]
            ordered = sorted(value, key=repr) if isinstance(value, set) else value
            items = [self.write(item) for item in ordered]
            return Group(*around, items, [""] * len(items), isinstance(value, tuple))
        if isinstance(value, dict) and value:
            heads = [f"{self._key(key)}: " for key in value]
            return Group("{", "}", [self.write(item) for item in value.values()], heads)
        if isinstance(value, complex) or (isinstance(value, float) and not math.isfinite(value)):
            raise Unwritable
        text = repr(value).replace("e+", "e") if isinstance(value, float) else repr(value)
        if len(text) > room:
            raise Unwritable
        return text

    def _key(self, key: object) -> str:
        written = self.write(key)
        text = written if isinstance(written, str) else written.flat
        if len(text) > _ATOM:
            raise Unwritable
        return text

    def _text(self, text: str | bytes, room: int) -> str:
        short = quoted(text)
        if len(short) <= room:
            return short
        name = f"text_{len(self.texts) + 1}"
        self.texts.append(_assigned(name, text, short))
        return name


def _assigned(name: str, text: str | bytes, short: str) -> str:
    """Return the assignment of a long text."""
    line = f"{INDENT}{name} = {short}"
    if len(line) <= WIDTH:
        return line
    deeper = INDENT * 2
    if len(deeper) + len(short) <= WIDTH:
        return f"{INDENT}{name} = (\n{deeper}{short}\n{INDENT})"
    chunks: list[str] = []
    chunk = ""
    prefix, _ = _body(text[:0])
    for at in range(len(text)):
        piece = _body(text[at : at + 1])[1].replace('"', r"\x22")
        if len(chunk) + len(piece) > _CHUNK:
            chunks.append(chunk)
            chunk = ""
        chunk += piece
    lines = "\n".join(f'{deeper}{prefix}"{part}"' for part in (*chunks, chunk))
    return f"{INDENT}{name} = (\n{lines}\n{INDENT})"
