"""Writes a test file that makes one call; values are written as source, formatted as by ruff."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from theseus_repair.call_source.arguments import Call
from theseus_repair.call_source.target import CallTarget

WIDTH = 100
INDENT = "    "
_ATOM = 34  # longer texts get a variable: nested six deep, a key and a value still fit
_CHUNK = 80


_ARGUMENT = 60  # the longest argument, in characters, that is written in the call itself
# How a test runs each kind of call, and the type to annotate if the function has none.
_WRAPPERS = {"plain": ("", ""), "async": ("asyncio.run(", ")"), "generator": ("list(", ")")}
_TYPES = {
    "plain": "Callable[..., object]",
    "async": "Callable[..., Coroutine[Any, Any, object]]",
    "generator": "Callable[..., Iterable[object]]",
}
_IMPORTS = {
    "plain": "from collections.abc import Callable",
    "async": "from collections.abc import Callable, Coroutine\nfrom typing import Any",
    "generator": "from collections.abc import Callable, Iterable",
}
_OUR_NAMES = frozenset({"asyncio", "call", "list", "Callable", "Coroutine", "Iterable", "Any"})


class Unwritable(Exception):
    """Raised if a value has no suitable form, such as a number of hundreds of digits."""


def quote_literal(text: str | bytes) -> str:
    """Return a string or bytes literal in ASCII, with the quotes that need fewer escapes."""
    prefix, body = _escape(text)
    quote = "'" if body.count('"') > body.count("'") else '"'
    return f"{prefix}{quote}{body.replace(quote, chr(92) + quote)}{quote}"


def _escape(text: str | bytes) -> tuple[str, str]:
    """Return the prefix, and the escaped characters with quotes left as they are."""
    prefix = "b" if isinstance(text, bytes) else ""
    shown = [ascii(text[at : at + 1]).removeprefix("b") for at in range(len(text))]
    return prefix, "".join("'" if one == '"\'"' else one[1:-1] for one in shown)


@dataclass
class Group:
    """Brackets around items; `heads` is the text before each item (`key: `, `name=`)."""

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

    def format_lines(self, indent: str, before: str, after: str) -> list[str]:
        """Return the group between `before` and `after`, on several lines only if necessary."""
        line = f"{indent}{before}{self.flat}{after}"
        if len(line) <= WIDTH or not self.items:
            return [line]
        deeper = indent + INDENT
        result = [f"{indent}{before}{self.opening}"]
        for head, item in zip(self.heads, self.items, strict=True):
            if isinstance(item, str):
                result.append(f"{deeper}{head}{item},")
            else:
                result += item.format_lines(deeper, head, ",")
        return [*result, f"{indent}{self.closing}{after}"]


@dataclass
class Writer:
    """Turns values into groups; `texts` collects the long ones, to be named first."""

    texts: list[str] = field(default_factory=list)

    def write(self, value: object, room: int = _ATOM) -> Group | str:
        """Return a value's source. Raises `Unwritable`."""
        if isinstance(value, str | bytes):
            return self._write_text(value, room)
        if isinstance(value, tuple | list | set) and value:
            around = {tuple: ("(", ")"), list: ("[", "]"), set: ("{", "}")}[type(value)]
            ordered = sorted(value, key=repr) if isinstance(value, set) else value
            items = [self.write(item) for item in ordered]
            return Group(*around, items, [""] * len(items), isinstance(value, tuple))
        if isinstance(value, dict) and value:
            heads = [f"{self._write_key(key)}: " for key in value]
            return Group("{", "}", [self.write(item) for item in value.values()], heads)
        if isinstance(value, complex) or (isinstance(value, float) and not math.isfinite(value)):
            raise Unwritable
        text = repr(value).replace("e+", "e") if isinstance(value, float) else repr(value)
        if len(text) > room:
            raise Unwritable
        return text

    def _write_key(self, key: object) -> str:
        written = self.write(key)
        text = written if isinstance(written, str) else written.flat
        if len(text) > _ATOM:
            raise Unwritable
        return text

    def _write_text(self, text: str | bytes, room: int) -> str:
        short = quote_literal(text)
        if len(short) <= room:
            return short
        name = f"text_{len(self.texts) + 1}"
        self.texts.append(_format_assignment(name, text, short))
        return name


def _format_assignment(name: str, text: str | bytes, short: str) -> str:
    """Return the assignment of a long text."""
    line = f"{INDENT}{name} = {short}"
    if len(line) <= WIDTH:
        return line
    deeper = INDENT * 2
    if len(deeper) + len(short) <= WIDTH:
        return f"{INDENT}{name} = (\n{deeper}{short}\n{INDENT})"
    chunks: list[str] = []
    chunk = ""
    prefix, _ = _escape(text[:0])
    for at in range(len(text)):
        piece = _escape(text[at : at + 1])[1].replace('"', r"\x22")
        if len(chunk) + len(piece) > _CHUNK:
            chunks.append(chunk)
            chunk = ""
        chunk += piece
    lines = "\n".join(f'{deeper}{prefix}"{part}"' for part in (*chunks, chunk))
    return f"{INDENT}{name} = (\n{lines}\n{INDENT})"


def write_test(
    module: tuple[str, str], target: CallTarget, call: Call, *, name: str, doc: str
) -> str | None:
    """Return the source of a file with one test, or `None` if the arguments have no good form."""
    package, own = module
    if own in _OUR_NAMES or own.startswith("text_"):
        return None
    writer = Writer()
    try:
        positional = [writer.write(value, _ARGUMENT) for value in call.positional]
        named = [writer.write(value, _ARGUMENT) for value in call.named.values()]
    except Unwritable:
        return None
    heads = [""] * len(positional) + [f"{key}=" for key in call.named]
    called = f"{own}.{target.path}"
    body = [f'{INDENT}"""{doc}"""', *writer.texts]
    if not call.typed:
        body.append(f"{INDENT}call: {_TYPES[target.way]} = {called}")
        called = "call"
    body += _format_call_lines(target.way, called, [*positional, *named], heads)
    imports = [f"from {package} import {own}" if package else f"import {own}"]
    standard = ["import asyncio"] if target.way == "async" else []
    standard += [] if call.typed else [_IMPORTS[target.way]]
    top = "\n".join(standard) + "\n\n" if standard else ""
    return f"{top}{imports[0]}\n\n\ndef {name}() -> None:\n" + "\n".join(body) + "\n"


def _format_call_lines(
    way: str, called: str, items: list[Group | str], heads: list[str]
) -> list[str]:
    before, after = _WRAPPERS[way]
    inner = Group(f"{called}(", ")", items, heads)
    if not before:
        return inner.format_lines(INDENT, "", "")
    outer = Group(before, after, [inner], [""])
    return outer.format_lines(INDENT, "", "")
