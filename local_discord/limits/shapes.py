"""What a value may be, as data: texts, numbers, addresses, lists and objects with their limits.

A shape tells every fault of a value, each with its path and Discord's own code for it:
https://discord.com/developers/docs/reference#error-messages. What is null counts as left out, as
nearly every optional key of Discord's takes it.
"""

import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, and where."""

    path: Path
    code: str
    message: str


class Shape(Protocol):
    """Whatever can tell what is wrong with a value."""

    def find_faults(self, value: Any, path: Path) -> Iterator[Fault]:
        """Tell every fault; nothing for a value that is taken."""
        ...


def build_missing_fault(path: Path) -> Fault:
    """Say that something has to be there."""
    return Fault(path, "BASE_TYPE_REQUIRED", "This field is required")


def _check_length(length: int, least: int, most: int, path: Path) -> Iterator[Fault]:
    if least <= length <= most:
        return
    if least == 0:
        yield Fault(path, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")
    elif length == 0:
        yield build_missing_fault(path)
    else:
        told = f"Must be between {least} and {most} in length."
        yield Fault(path, "BASE_TYPE_BAD_LENGTH", told)


@dataclass(frozen=True)
class Anything:
    """What has to be there, and is judged elsewhere."""

    def find_faults(self, value: Any, path: Path) -> Iterator[Fault]:
        """Tell nothing."""
        return iter(())


@dataclass(frozen=True)
class Text:
    """Words of so many letters; what is `trimmed` is measured without the blanks around it."""

    most: int
    least: int = 0
    trimmed: bool = False

    def find_faults(self, value: Any, path: Path) -> Iterator[Fault]:
        """Tell what is wrong with its kind or length."""
        if not isinstance(value, str):
            yield Fault(path, "STRING_TYPE_CONVERT", f'Could not interpret "{value}" as string.')
            return
        yield from _check_length(
            len(value.strip() if self.trimmed else value), self.least, self.most, path
        )


@dataclass(frozen=True)
class Whole:
    """A whole number, between two others where they are given."""

    least: int | None = None
    most: int | None = None

    def find_faults(self, value: Any, path: Path) -> Iterator[Fault]:
        """Tell what is wrong with its kind or size."""
        if isinstance(value, bool) or not isinstance(value, int):
            yield Fault(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
        elif self.least is not None and value < self.least:
            told = f"int value should be greater than or equal to {self.least}."
            yield Fault(path, "NUMBER_TYPE_MIN", told)
        elif self.most is not None and value > self.most:
            told = f"int value should be less than or equal to {self.most}."
            yield Fault(path, "NUMBER_TYPE_MAX", told)


@dataclass(frozen=True)
class Choice:
    """One of these numbers."""

    among: tuple[int, ...]

    def find_faults(self, value: Any, path: Path) -> Iterator[Fault]:
        """Tell when it is another."""
        if isinstance(value, bool) or value not in self.among:
            told = f"Value must be one of {self.among}."
            yield Fault(path, "BASE_TYPE_CHOICES", told)


@dataclass(frozen=True)
class Address:
    """An absolute address of one of these schemes."""

    schemes: tuple[str, ...]
    most: int = 2_048

    def find_faults(self, value: Any, path: Path) -> Iterator[Fault]:
        """Tell what is wrong with its length, form or scheme."""
        text = str(value)
        if len(text) > self.most:
            yield from _check_length(len(text), 0, self.most, path)
            return
        try:
            parts = urllib.parse.urlsplit(text)
        except ValueError:
            yield Fault(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
            return
        scheme = parts.scheme.lower()
        if scheme not in self.schemes:
            told = f'Scheme "{scheme}" is not supported. Scheme must be one of {self.schemes}.'
            yield Fault(path, "URL_TYPE_INVALID_SCHEME", told)
        elif not parts.netloc or any(each.isspace() for each in text):
            yield Fault(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")


@dataclass(frozen=True)
class Items:
    """A list of so many of one shape."""

    of: Shape
    most: int
    least: int = 0

    def find_faults(self, value: Any, path: Path) -> Iterator[Fault]:
        """Tell what is wrong with its length, and with each of its items."""
        if not isinstance(value, list):
            told = "Only iterables may be used in a ListType"
            yield Fault(path, "LIST_TYPE_CONVERT", told)
            return
        yield from _check_length(len(value), self.least, self.most, path)
        for index, each in enumerate(value):
            yield from self.of.find_faults(each, (*path, index))


@dataclass(frozen=True)
class Fields:
    """An object: what its keys may hold, and which of them have to be there."""

    known: Mapping[str, Shape]
    needed: tuple[str, ...] = ()

    def find_faults(self, value: Any, path: Path) -> Iterator[Fault]:
        """Tell what is wrong with each key."""
        if not isinstance(value, Mapping):
            told = "Only dictionaries may be used in a ModelType"
            yield Fault(path, "MODEL_TYPE_CONVERT", told)
            return
        for key in self.needed:
            if value.get(key) is None:
                yield build_missing_fault((*path, key))
        for key, shape in self.known.items():
            if value.get(key) is not None:
                yield from shape.find_faults(value[key], (*path, key))


@dataclass(frozen=True)
class ByType:
    """An object whose `type` says which shape it has; `otherwise` where it has none."""

    shapes: Mapping[int, Shape]
    otherwise: int | None = field(default=None)

    def find_faults(self, value: Any, path: Path) -> Iterator[Fault]:
        """Tell what is wrong with it as what it says it is."""
        if not isinstance(value, Mapping):
            told = "Only dictionaries may be used in a ModelType"
            yield Fault(path, "MODEL_TYPE_CONVERT", told)
            return
        kind = value.get("type", self.otherwise)
        kind = self.otherwise if kind is None else kind
        shape = self.shapes.get(kind) if isinstance(kind, int) else None
        if kind is None:
            yield build_missing_fault((*path, "type"))
        elif shape is None:
            among = tuple(sorted(self.shapes))
            told = f'Value of field "type" must be one of {among}.'
            yield Fault((*path, "type"), "UNION_TYPE_CHOICES", told)
        else:
            yield from shape.find_faults(value, path)


Check = Callable[[Any], Iterator[Fault]]


def order(parts: Iterable[tuple[Path, Mapping[str, Any]]], low: str, high: str) -> Iterator[Fault]:
    """Tell where of two numbers of a part the one that is to be lower is higher."""
    for path, part in parts:
        least, most = part.get(low), part.get(high)
        numbers = all(isinstance(each, int | float) for each in (least, most))
        if numbers and least > most:  # type: ignore[operator]
            told = f"int value should be less than or equal to {most}."
            yield Fault((*path, low), "NUMBER_TYPE_MAX", told)


def form(faults: list[Fault]) -> dict[str, Any]:
    """Nest faults by their paths, as Discord's `errors` does."""
    errors: dict[str, Any] = {}
    for fault in faults:
        node = errors
        for step in fault.path:
            node = node.setdefault(str(step), {})
        told = {"code": fault.code, "message": fault.message}
        node.setdefault("_errors", []).append(told)
    return errors
