"""What the bot's library has: its classes, their members, and the parameters of its functions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True)
class LibraryClass:
    """A class: the names of its bases, and its members with the names in their annotations.

    The annotation of a method is that of its result. `coroutines` are its asynchronous methods,
    `makers` its class methods that need no argument.
    """

    bases: tuple[str, ...] = ()
    members: Mapping[str, str] = field(default_factory=dict)
    coroutines: frozenset[str] = frozenset()
    methods: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    makers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Library:
    """All classes and functions of the library; empty if it was not found."""

    classes: Mapping[str, LibraryClass] = field(default_factory=dict)
    functions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def coroutines(self) -> frozenset[str]:
        """The names that are coroutines in every class that has them."""
        own = {name for each in self.classes.values() for name in each.coroutines}
        return frozenset(own - self.plain_methods)

    @cached_property
    def plain_methods(self) -> frozenset[str]:
        """The names of methods that some class has and that are no coroutines there."""
        return frozenset(
            name
            for each in self.classes.values()
            for name in each.methods
            if name not in each.coroutines
        )

    def list_members(self, name: str) -> dict[str, str]:
        """Return the members of a class, inherited ones too, with their annotations."""
        found: dict[str, str] = {}
        for each in self._iterate_line(name):
            for member, annotation in each.members.items():
                found.setdefault(member, annotation)
        return found

    def is_coroutine(self, class_name: str, method: str) -> bool:
        """Return whether a class's method, or an inherited one, is a coroutine."""
        owner = next((one for one in self._iterate_line(class_name) if method in one.methods), None)
        return owner is not None and method in owner.coroutines

    def find_parameters(self, class_name: str, method: str) -> tuple[str, ...] | None:
        """Return the parameters of a class's method, or of an inherited one."""
        for each in self._iterate_line(class_name):
            if method in each.methods:
                return each.methods[method]
        return None

    def list_parameters(self, function: str) -> tuple[str, ...]:
        """Return all parameters that functions, methods and classes of that name have."""
        names = dict.fromkeys(self.functions.get(function, ()))
        names.update(dict.fromkeys(self.find_parameters(function, "__init__") or ()))
        for each in self.classes.values():
            names.update(dict.fromkeys(each.methods.get(function, ())))
        return tuple(names)

    def _iterate_line(self, name: str) -> Iterator[LibraryClass]:
        """Yield a class and its ancestors, nearest first."""
        waiting, known = [name], set[str]()
        while waiting:
            current = waiting.pop(0)
            found = self.classes.get(current)
            if found is not None and current not in known:
                known.add(current)
                yield found
                waiting += found.bases


EMPTY = Library()
