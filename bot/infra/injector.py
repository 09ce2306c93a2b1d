"""Builds objects from the types that their constructors name.

Only the modules that assemble the program use it. Every other class names what it uses in its
constructor.
"""

import inspect
from collections.abc import Callable
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

from bot.domain.errors import PartMissing

T = TypeVar("T")


class Injector:
    """Holds one object for each type, and passes them to functions and constructors."""

    def __init__(self, parent: "Injector | None" = None) -> None:
        """Begin with the objects of `parent`. What is added here is not added there."""
        self._objects: dict[object, object] = dict(parent._objects) if parent else {}

    def add(self, instance: object, *kinds: object) -> None:
        """Provide an object under `kinds`, such as the port it implements, or under its own type.

        Raises `ValueError` if another object is already provided under one of them.
        """
        for kind in kinds or (type(instance),):
            if self._objects.setdefault(kind, instance) is not instance:
                raise ValueError(f"there is already an object for {kind}")

    def take(self, other: "Injector", *kinds: object) -> None:
        """Provide the objects that another injector has under `kinds`, as far as it has them."""
        for kind in kinds:
            if kind in other._objects:
                self.add(other._objects[kind], kind)

    def get(self, kind: Callable[..., T]) -> T:
        """Return the object of that type. Raises `PartMissing` if there is none."""
        if kind not in self._objects:
            raise PartMissing(f"This bot runs without {getattr(kind, '__name__', kind)}.")
        found: Any = self._objects[kind]
        return found  # type: ignore[no-any-return]  # `add` has stored it under its own type

    def find(self, kind: Callable[..., T]) -> T | None:
        """Return the object of that type, or `None` if there is none."""
        return self.get(kind) if kind in self._objects else None

    def call(self, make: Callable[..., T], **values: object) -> T:
        """Call a class or function with what its parameters name, and return the result.

        Args:
            make: Its parameters are passed by their types. If there is no object of a type, a
                parameter with a default keeps it, and one that may be `None` gets `None`.
            values: Parameters by name, for plain values and where several objects have one type.

        Raises `PartMissing` if a parameter has neither an object nor a value.
        """
        return make(**self._choose_arguments(make, values))

    def build(self, make: Callable[..., T], *kinds: object, **values: object) -> T:
        """Call a class or function as `call` does, provide what it returns, and return it.

        The result is provided under its own type and under `kinds`.
        """
        made = self.call(make, **values)
        if made is not None:
            self.add(made, type(made), *kinds)
        return made

    def _choose_arguments(
        self, make: Callable[..., object], values: dict[str, object]
    ) -> dict[str, object]:
        is_plain = inspect.isclass(make) or inspect.isfunction(make)
        arguments = dict(values)
        for each in (_read_parameters if is_plain else _list_parameters)(make):
            if each.name in values:
                continue
            if each.kind in self._objects:
                arguments[each.name] = self._objects[each.kind]
            elif not each.has_default:
                if not each.is_optional:
                    raise PartMissing(
                        f"{make.__qualname__} needs {each.name}: nothing provides {each.kind}."
                    )
                arguments[each.name] = None
        return arguments


class _Parameter(NamedTuple):
    """One parameter: the type it is passed by, and what it is without an object of that type."""

    name: str
    kind: object
    is_optional: bool
    has_default: bool


def _list_parameters(make: Callable[..., object]) -> tuple[_Parameter, ...]:
    hints = get_type_hints(make.__init__ if inspect.isclass(make) else make)
    return tuple(
        _Parameter(
            name,
            *_split_optional(hints.get(name)),
            has_default=parameter.default is not inspect.Parameter.empty,
        )
        for name, parameter in inspect.signature(make).parameters.items()
    )


# For classes and functions, which are the same at each start of an agent; methods differ by owner.
_read_parameters = lru_cache(maxsize=512)(_list_parameters)


def _split_optional(hint: object) -> tuple[object, bool]:
    """Return the type without `None`, and whether `None` is allowed."""
    if get_origin(hint) not in (Union, UnionType):
        return hint, False
    kinds = [each for each in get_args(hint) if each is not NoneType]
    return (kinds[0] if len(kinds) == 1 else hint), len(kinds) < len(get_args(hint))
