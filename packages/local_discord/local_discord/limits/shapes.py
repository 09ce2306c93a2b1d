"""Shapes of values as data: texts, numbers, addresses, lists and objects with their limits.

A shape yields every fault of a value, with its path and Discord's error code:
https://discord.com/developers/docs/reference#error-messages. A null counts as a missing key,
because nearly every optional key of Discord accepts null.
"""

import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Fault:
    """One invalid value: its path, Discord's error code and message."""

    path: Path
    code: str
    message: str


class Shape(Protocol):
    """Checks a value."""

    def find_faults(self, value: Any, path: Path) -> Iterator[Fault]:
        """Yield every fault of the value."""
        ...


def build_missing_fault(path: Path) -> Fault:
    """Return the fault of a required value that is missing."""
    return Fault(path, "BASE_TYPE_REQUIRED", "This field is required")


def _check_length(length: int, least: int, most: int, path: Path) -> Iterator[Fault]:
    if least <= length <= most:
        return
    if least == 0:
        yield Fault(path, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")
    elif length == 0:
        yield build_missing_fault(path)
    else:
        message = f"Must be between {least} and {most} in length."
        yield Fault(path, "BASE_TYPE_BAD_LENGTH", message)


@dataclass(frozen=True)
class Anything:
    """Any value; only its presence is required."""

    def find_faults(self, value: Any, path: Path) -> Iterator[Fault]:
        """Yield no fault."""
        return iter(())


@dataclass(frozen=True)
class Text:
    """A text with a limited length; a `trimmed` text is measured without surrounding spaces."""

    most: int
    least: int = 0
    trimmed: bool = False

    def find_faults(self, value: Any, path: Path) -> Iterator[Fault]:
        """Yield a fault if the type or length is wrong."""
        if not isinstance(value, str):
            yield Fault(path, "STRING_TYPE_CONVERT", f'Could not interpret "{value}" as string.')
            return
        yield from _check_length(
            len(value.strip() if self.trimmed else value), self.least, self.most, path
        )


@dataclass(frozen=True)
class Integer:
    """An integer, within limits if they are set."""

    least: int | None = None
    most: int | None = None

    def find_faults(self, value: Any, path: Path) -> Iterator[Fault]:
        """Yield a fault if the type or size is wrong."""
        if isinstance(value, bool) or not isinstance(value, int):
            yield Fault(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
        elif self.least is not None and value < self.least:
            message = f"int value should be greater than or equal to {self.least}."
            yield Fault(path, "NUMBER_TYPE_MIN", message)
        elif self.most is not None and value > self.most:
            message = f"int value should be less than or equal to {self.most}."
            yield Fault(path, "NUMBER_TYPE_MAX", message)


@dataclass(frozen=True)
class Choice:
    """One of these numbers."""

    among: tuple[int, ...]

    def find_faults(self, value: Any, path: Path) -> Iterator[Fault]:
        """Yield a fault if the value is none of these numbers."""
        if isinstance(value, bool) or value not in self.among:
            message = f"Value must be one of {self.among}."
            yield Fault(path, "BASE_TYPE_CHOICES", message)


@dataclass(frozen=True)
class Address:
    """An absolute address with one of these schemes."""

    schemes: tuple[str, ...]
    most: int = 2_048

    def find_faults(self, value: Any, path: Path) -> Iterator[Fault]:
        """Yield a fault if the length, form or scheme is wrong."""
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
            message = f'Scheme "{scheme}" is not supported. Scheme must be one of {self.schemes}.'
            yield Fault(path, "URL_TYPE_INVALID_SCHEME", message)
        elif not parts.netloc or any(each.isspace() for each in text):
            yield Fault(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")


@dataclass(frozen=True)
class Items:
    """A list of values of one shape, with a limited length."""

    of: Shape
    most: int
    least: int = 0

    def find_faults(self, value: Any, path: Path) -> Iterator[Fault]:
        """Yield a fault if the length is wrong, and the faults of each item."""
        if not isinstance(value, list):
            message = "Only iterables may be used in a ListType"
            yield Fault(path, "LIST_TYPE_CONVERT", message)
            return
        yield from _check_length(len(value), self.least, self.most, path)
        for index, each in enumerate(value):
            yield from self.of.find_faults(each, (*path, index))


@dataclass(frozen=True)
class Fields:
    """An object: the shapes of its keys, and the keys it needs."""

    known: Mapping[str, Shape]
    needed: tuple[str, ...] = ()

    def find_faults(self, value: Any, path: Path) -> Iterator[Fault]:
        """Yield the faults of each key."""
        if not isinstance(value, Mapping):
            message = "Only dictionaries may be used in a ModelType"
            yield Fault(path, "MODEL_TYPE_CONVERT", message)
            return
        for key in self.needed:
            if value.get(key) is None:
                yield build_missing_fault((*path, key))
        for key, shape in self.known.items():
            if value.get(key) is not None:
                yield from shape.find_faults(value[key], (*path, key))


@dataclass(frozen=True)
class ByType:
    """An object whose `type` selects its shape; `otherwise` is the type if it has none."""

    shapes: Mapping[int, Shape]
    otherwise: int | None = field(default=None)

    def find_faults(self, value: Any, path: Path) -> Iterator[Fault]:
        """Yield the faults of the object as its type."""
        if not isinstance(value, Mapping):
            message = "Only dictionaries may be used in a ModelType"
            yield Fault(path, "MODEL_TYPE_CONVERT", message)
            return
        kind = value.get("type", self.otherwise)
        kind = self.otherwise if kind is None else kind
        shape = self.shapes.get(kind) if isinstance(kind, int) else None
        if kind is None:
            yield build_missing_fault((*path, "type"))
        elif shape is None:
            among = tuple(sorted(self.shapes))
            message = f'Value of field "type" must be one of {among}.'
            yield Fault((*path, "type"), "UNION_TYPE_CHOICES", message)
        else:
            yield from shape.find_faults(value, path)


Check = Callable[[Any], Iterator[Fault]]


def check_order(
    parts: Iterable[tuple[Path, Mapping[str, Any]]], low: str, high: str
) -> Iterator[Fault]:
    """Yield a fault for each part whose `low` number exceeds its `high` number."""
    for path, part in parts:
        least, most = part.get(low), part.get(high)
        numbers = all(isinstance(each, int | float) for each in (least, most))
        if numbers and least > most:  # type: ignore[operator]
            message = f"int value should be less than or equal to {most}."
            yield Fault((*path, low), "NUMBER_TYPE_MAX", message)


def build_error_tree(faults: list[Fault]) -> dict[str, Any]:
    """Nest faults by their paths, as in Discord's `errors`."""
    errors: dict[str, Any] = {}
    for fault in faults:
        node = errors
        for step in fault.path:
            node = node.setdefault(str(step), {})
        node.setdefault("_errors", []).append({"code": fault.code, "message": fault.message})
    return errors
