"""Variations of sound inputs: the bytes of a case choose what is changed, and how."""

import copy
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

_MOST_EDITS = 6
_RAW = 16  # of 256 cases, so many are the bytes themselves
_LONG = "x" * 5_000


def _nest(depth: int) -> list[Any]:
    nested: list[Any] = []
    for _ in range(depth):
        nested = [nested]
    return nested


STRANGE: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**53 + 1, 2**63, 2**64, 10**400, -(2**63) - 1, 1.5, 1e308,
    float("inf"), float("nan"), "", " ", "0", "-1", str(2**64), "9" * 5_000, "1e999", _LONG, "\x00",
    "\ud800", "\u202e", "\u0130", "\U0001f600", "\r\n", "None", "2026-11-26T20:00:00Z",
    "9999-12-31T23:59:59.999999-14:00", "0001-01-01T00:00:00+14:00", "../../etc/passwd",
    "<@1>", "```", "${x}", "%s", [], {}, [None], [[]], [0, "a", None], {"id": None}, {"": ""},
    {"type": 99}, _nest(150), ["a"] * 300,
)  # fmt: skip
"""Values that a reader may not expect. JSON can hold all of them."""

EXTRA_TEXTS = (
    "\x00", "\r", "\n", "\u2028", "\u202e", "\ufeff", "\ud800", "```", "---", "$", "${", "%",
    "{", "[", '"', "'", "\\", "&", "*", "!!python/object:os.system", "<<: *a", "@", "0" * 400,
    "a" * 3_000, "(" * 300, "[" * 3_000, " " * 2_000, "\U000e0041", "é" * 50, "\t",
)  # fmt: skip


class Choices:
    """Bytes, read as choices. When they end, every choice is the first one."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take_number(self, below: int) -> int:
        """Return a number from 0 to `below` - 1."""
        width = 1 if below <= 256 else 2
        taken = self._data[self._at : self._at + width]
        self._at += width
        return int.from_bytes(taken, "big") % max(1, below)

    def choose(self, options: Sequence[Any]) -> Any:
        """Return one of the options."""
        return options[self.take_number(len(options))]

    def take_text(self) -> str:
        """Return a short text of the next bytes."""
        length = self.take_number(24)
        taken = self._data[self._at : self._at + length]
        self._at += length
        return taken.decode("utf-8", "surrogateescape").encode("utf-8", "replace").decode()

    @property
    def rest(self) -> bytes:
        """The bytes that are left."""
        return self._data[self._at :]


def vary_value(seed: Any, choices: Choices) -> Any:
    """Return a copy of a JSON value with some edits: other values, and lost or doubled parts."""
    box = {"": copy.deepcopy(seed)}
    for _ in range(1 + choices.take_number(_MOST_EDITS)):
        places = [*_iterate_places(box)]
        if not places:
            return None
        holder, key = choices.choose(places)
        choices.choose(_EDITS)(holder, key, choices)
    return box.get("")


def vary_text(seed: str, choices: Choices) -> str:
    """Return a text with some edits: parts lost, doubled, moved, or with unusual characters."""
    text = seed
    for _ in range(1 + choices.take_number(_MOST_EDITS)):
        start = choices.take_number(len(text) + 1)
        end = min(len(text), start + choices.take_number(64))
        how = choices.take_number(6)
        if how == 0:
            text = text[:start] + text[end:]
        elif how == 1:
            text = text[:start] + text[start:end] * (2 + choices.take_number(8)) + text[end:]
        elif how == 2:
            text = text[:start] + choices.choose(EXTRA_TEXTS) + text[end:]
        elif how == 3:
            text = text[:start] + choices.take_text() + text[start:]
        elif how == 4:
            text = text[:start] + choices.take_text() + text[end:]
        else:
            text = text[start:end] + text[:start] + text[end:]
    return text


def vary_bytes(seed: bytes, choices: Choices) -> bytes:
    """Return bytes with some edits; every byte can become any other."""
    varied = vary_text(seed.decode("latin-1"), choices)
    return varied.encode("latin-1", "replace")


def build_json_case(data: bytes, seeds: Sequence[Any]) -> bytes:
    """Return the JSON of a case: mostly a varied seed, sometimes only the bytes themselves."""
    choices = Choices(data)
    if choices.take_number(256) < _RAW:
        return choices.rest
    text = json.dumps(vary_value(choices.choose(seeds), choices))
    if choices.take_number(8) == 7:
        text = vary_text(text, choices)
    return text.encode("utf-8", "surrogatepass")


def build_text_case(data: bytes, seeds: Sequence[str]) -> str:
    """Return the text of a case: mostly a varied seed, sometimes only the bytes themselves."""
    choices = Choices(data)
    if choices.take_number(256) < _RAW:
        return choices.rest.decode("utf-8", "replace")
    return vary_text(choices.choose(seeds), choices)


def _iterate_places(holder: Any) -> Iterator[tuple[Any, Any]]:
    pairs = holder.items() if isinstance(holder, dict) else enumerate(holder)
    for key, value in list(pairs):
        yield holder, key
        if isinstance(value, dict | list):
            yield from _iterate_places(value)


def _set_strange(holder: Any, key: Any, choices: Choices) -> None:
    holder[key] = copy.deepcopy(choices.choose(STRANGE))


def _remove(holder: Any, key: Any, choices: Choices) -> None:
    del holder[key]


def _rename(holder: Any, key: Any, choices: Choices) -> None:
    if isinstance(holder, dict) and key:
        holder[choices.take_text()] = holder.pop(key)


def _repeat(holder: Any, key: Any, choices: Choices) -> None:
    if isinstance(holder, list):
        holder += [copy.deepcopy(holder[key]) for _ in range(1 + choices.take_number(40))]


def _wrap(holder: Any, key: Any, choices: Choices) -> None:
    holder[key] = choices.choose(([holder[key]], {"id": holder[key]}, str(holder[key])))


def _vary_inside(holder: Any, key: Any, choices: Choices) -> None:
    value = holder[key]
    if isinstance(value, str):
        holder[key] = vary_text(value, choices)
    elif isinstance(value, int) and not isinstance(value, bool):
        holder[key] = value + choices.take_number(5) - 2
    else:
        holder[key] = choices.take_text()


_EDITS: tuple[Callable[[Any, Any, Choices], None], ...] = (
    _set_strange, _set_strange, _vary_inside, _vary_inside, _remove, _rename, _repeat, _wrap,
)  # fmt: skip
