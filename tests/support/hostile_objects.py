"""Objects and exceptions that raise whatever can be raised as soon as they are looked at."""

import asyncio
import random
import weakref
from collections.abc import Iterator
from typing import Any

RAISED: tuple[type[BaseException], ...] = (
    ValueError, AttributeError, RecursionError, MemoryError, ReferenceError, StopIteration,
    SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError,
)  # fmt: skip
_BASES: tuple[type[BaseException], ...] = (
    Exception, ValueError, KeyError, OSError, TimeoutError, LookupError, UnicodeError, ImportError,
    StopIteration, SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError,
    BaseException,
)  # fmt: skip
_VALUE_BASES = (list, dict, set, frozenset, tuple, str, bytes, int, float, object, bytearray)
_VALUE_HOOKS = (
    "__len__", "__iter__", "__eq__", "__hash__", "__repr__", "__str__", "__bool__", "__class__",
    "__dict__", "__getattribute__", "__format__", "__contains__", "__getitem__", "__lt__", "items",
    "encode", "bit_length", "id",
)  # fmt: skip
_ERROR_HOOKS = (
    "original", "exceptions", "args", "errno", "status", "response", "sqlite_errorname",
    "__dict__", "__getattr__", "__getattribute__", "__setattr__", "__str__", "__repr__",
    "__class__", "__cause__", "__context__", "__traceback__", "__notes__", "__eq__", "__hash__",
    "__bool__", "__reduce__", "add_note", "with_traceback",
)  # fmt: skip
_PROPERTIES = frozenset(
    {"original", "exceptions", "args", "errno", "status", "response", "sqlite_errorname", "id"}
    | {"__dict__", "__class__", "__cause__", "__context__", "__traceback__", "__notes__"}
)
# No `__subclasscheck__`: `raise` itself calls it, so that no such exception can be raised at all.
_META_HOOKS = (
    "__getattribute__", "__instancecheck__", "__eq__", "__hash__", "__name__", "__module__",
    "__mro__",
)  # fmt: skip
_NAMES = ("Hostile", "Hostile\ud800", "a" * 10_000, "Hostile\0", "Hostile\n")
_HUGE = "x" * 5_000_000


class _Target:
    """Something that a weak reference can point to."""


class HostileObjects:
    """Makes hostile values and exceptions; the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def make_value(self) -> object:
        """Return something that no code should look at without care."""
        kind = self._random.randrange(8)
        if kind == 0:
            return weakref.proxy(_Target())  # dead at once
        if kind == 1:
            return [self._make_instance(), {"password": self._make_instance()}]
        if kind == 2:
            return {"token": self._make_instance(), _HUGE: 1}
        if kind == 3:
            return self.make_error()
        if kind == 4:
            return self._make_class(object, _VALUE_HOOKS)
        return self._make_instance()

    def make_error(self, depth: int = 2) -> BaseException:
        """Return an exception whose fields, text, class or causes raise."""
        if depth and self._random.random() < 0.1:
            children = [self.make_error(depth - 1) for _ in range(self._random.randint(1, 3))]
            try:
                return BaseExceptionGroup(self._choose(("several", "\ud800")), children)
            except BaseException:  # noqa: BLE001  # a group asks each child for its class
                return children[0]
        base = self._choose(_BASES)
        kind = self._make_class(base, _ERROR_HOOKS)
        error: BaseException = base.__new__(kind)
        if base is not UnicodeError or self._random.random() < 0.5:
            BaseException.__init__(error, *self._make_arguments())
        self._set_fields(error, depth)
        return error

    def _set_fields(self, error: BaseException, depth: int) -> None:
        fields = BaseException.__dict__["__dict__"].__get__(error)
        for name in ("original", "status", "response", "sqlite_errorname"):
            if self._random.random() < 0.2:
                fields[name] = self._make_instance()
        if depth and self._random.random() < 0.2:
            fields["original"] = self.make_error(depth - 1)
        if depth and self._random.random() < 0.2:
            cause = error if self._random.random() < 0.2 else self.make_error(depth - 1)
            BaseException.__dict__["__cause__"].__set__(error, cause)

    def _make_arguments(self) -> tuple[object, ...]:
        if self._random.random() < 0.01:
            return (self._choose((_HUGE, _HUGE.encode(), [0] * 10_000)),)
        plain = ("plain", "\ud800", _Target(), self._make_instance())
        return tuple(self._choose(plain) for _ in range(self._random.randint(0, 2)))

    def _make_instance(self) -> object:
        base = self._choose(_VALUE_BASES)
        kind = self._make_class(base, _VALUE_HOOKS)
        content: tuple[object, ...] = ()
        if base in (list, tuple, set, frozenset) and self._random.random() < 0.5:
            content = ([1, 2],)
        return base.__new__(kind, *content)

    def _make_class(self, base: type, hooks: tuple[str, ...]) -> type[Any]:
        chosen = [self._choose(hooks) for _ in range(self._random.randint(1, 3))]
        body: dict[str, object] = {name: self._make_hook(name) for name in chosen}
        body["__module__"] = self._choose(("planted", "builtins", "\ud800", 7, ""))
        if "__eq__" in body:
            body.setdefault("__hash__", base.__hash__)
        meta = self._make_metaclass() if self._random.random() < 0.2 else type
        return meta(self._choose(_NAMES[:1] + _NAMES[2:3]), (base,), body)

    def _make_metaclass(self) -> type[type]:
        name = self._choose(_META_HOOKS)
        hook = self._make_hook(name)
        body: dict[str, object] = {name: property(hook) if name.endswith("e__") else hook}
        if name in ("__getattribute__", "__eq__", "__hash__"):
            body[name] = hook
        if name == "__eq__":
            body["__hash__"] = type.__hash__
        return type("Meta", (type,), body)

    def _make_hook(self, name: str) -> Any:
        kind = self._choose(RAISED)
        lies = (kind, str, TimeoutError, 7, None, "", "\ud800", b"", 404)
        lie = self._choose(lies)
        raises = self._random.random() < 0.8

        def hook(*_: object, **__: object) -> object:
            if raises:
                raise kind
            return lie

        return property(hook) if name in _PROPERTIES else hook

    def _choose(self, choices: tuple[Any, ...]) -> Any:
        return choices[self._random.randrange(len(choices))]


def make_causes(seed: int, count: int) -> Iterator[tuple[object, BaseException]]:
    """Yield that many pairs: an argument of a failing call, and the exception that it raises."""
    objects = HostileObjects(seed)
    for _ in range(count):
        yield objects.make_value(), objects.make_error()
