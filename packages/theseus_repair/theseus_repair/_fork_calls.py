"""Records calls of the project's functions while tests run, and derives similar calls.

Sent as source text to the interpreter of the project under repair, as `_fork_child` is: standard
library only. `_fork_replays` replays the calls.
"""

import contextlib
import inspect
import itertools
import math
import os
import pickle
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

BYTES_AT_MOST = 20_000  # of the pickled arguments of one call
KEPT, VARIED = 24, 48  # recorded calls, and variations, per function
ENTRIES = 4  # entries of a dictionary that are varied
LITERAL_AT_MOST = 400  # characters of a literal
ADDRESS = re.compile(r" at 0x[0-9a-f]+")


class CallTape:
    """Records the calls that tests make of some functions, only the outermost call of each stack.

    `places` are the functions: path below the root, first line, and name.
    """

    def __init__(
        self, places: list[list[Any]], root: str, begins: Callable[[FrameType], bool]
    ) -> None:
        self._begins = begins
        self._places = {(path, line): name for path, line, name in places}
        self._root = root
        self._known: dict[CodeType, tuple[str, str] | None] = {}
        self._depth = 0
        self.test = ""
        self.calls: dict[tuple[str, str, str], set[str]] = {}

    def start(self, test: str) -> None:
        """Start recording the calls of a test."""
        self.test, self._depth = test, 0
        sys.setprofile(self._on_event)

    def stop(self) -> None:
        """Stop recording."""
        sys.setprofile(None)

    def _on_event(self, frame: FrameType, event: str, arg: Any) -> None:
        if event not in ("call", "return"):
            return
        code = frame.f_code
        if code not in self._known:
            self._known[code] = self._place(code)
        place = self._known[code]
        if place is None:
            return
        if event == "return":
            self._depth -= 1
            return
        self._depth += 1
        if self._depth == 1 and self._begins(frame):
            with contextlib.suppress(Exception):
                self._keep(place, frame)

    def _place(self, code: CodeType) -> tuple[str, str] | None:
        path = os.path.realpath(code.co_filename)
        if not path.startswith(self._root + os.sep):
            return None
        path = path[len(self._root) + 1 :]
        name = self._places.get((path, code.co_firstlineno))
        return (path, name) if name else None

    def _keep(self, place: tuple[str, str], frame: FrameType) -> None:
        args, kwargs = read_arguments(frame)
        if sum(1 for path, name, _ in self.calls if (path, name) == place) >= KEPT:
            return
        data = pack_arguments(args, kwargs)
        if data:
            self.calls.setdefault((*place, data), set()).add(self.test)


def read_arguments(frame: FrameType) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments of a frame that has just been entered."""
    found = inspect.getargvalues(frame)
    code = frame.f_code
    own = [found.locals[name] for name in code.co_varnames[: code.co_argcount]]
    keyword = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    named = {name: found.locals[name] for name in keyword}
    if found.varargs:
        own += found.locals[found.varargs]
    if found.keywords:
        named |= found.locals[found.keywords]
    return own, named


def pack_arguments(args: list[Any], kwargs: dict[str, Any]) -> str:
    """Return arguments as text that `unpack_arguments` reads; empty if they cannot be pickled."""
    with contextlib.suppress(Exception):
        data = pickle.dumps((args, kwargs), protocol=4)
        if len(data) <= BYTES_AT_MOST:
            # In hexadecimal: a call is stored in the state while people are asked about it, and the
            # state may not contain base64, which looks like a secret.
            return data.hex()
    return ""


def unpack_arguments(data: str) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments that `pack_arguments` packed, always in a child of this server."""
    args, kwargs = pickle.loads(bytes.fromhex(data))  # noqa: S301 - by the project itself
    return args, kwargs


class CallsPlugin:
    """A pytest plugin that records calls while tests run, and reports them at the end."""

    def __init__(
        self,
        request: dict[str, Any],
        root: str,
        emit: Callable[[Any], None],
        begins: Callable[[FrameType], bool],
    ) -> None:
        self._tape = CallTape(request["places"], root, begins)
        self._root, self._emit = root, emit

    def pytest_runtest_logstart(self, nodeid: str, location: object) -> None:
        """Start recording."""
        self._tape.start(nodeid)

    def pytest_runtest_logfinish(self, nodeid: str, location: object) -> None:
        """Stop recording."""
        self._tape.stop()

    def pytest_sessionfinish(self, session: object) -> None:
        """Report the recorded calls, and calls similar to them."""
        groups: dict[tuple[str, str], list[tuple[str, list[str]]]] = {}
        for (path, name, data), made_by in self._tape.calls.items():
            groups.setdefault((path, name), []).append((data, sorted(made_by)))
        for (path, name), calls in groups.items():
            place = {"path": path, "name": name, "module": find_module_name(self._root, path)}
            function = find_function(self._root, path, name)
            for data, tests in calls:
                self._tell(place, function, data, tests)
            for data in itertools.islice(self._iterate_variations(function, calls), VARIED):
                self._tell(place, function, data, [])

    def _iterate_variations(
        self, function: Any, calls: list[tuple[str, list[str]]]
    ) -> Iterator[str]:
        seen = {data for data, _ in calls}
        rows = [vary_arguments(function, *unpack_arguments(data)) for data, _ in calls]
        for row in itertools.zip_longest(*rows):
            for varied in row:
                data = pack_arguments(*varied) if varied is not None else ""
                if data and data not in seen:
                    seen.add(data)
                    yield data

    def _tell(self, place: dict[str, str], function: Any, data: str, tests: list[str]) -> None:
        args, kwargs = unpack_arguments(data)
        words = [shorten(value) for value in args]
        words += [f"{key}={shorten(value)}" for key, value in kwargs.items()]
        text = f"{place['name']}({', '.join(words)})"
        literals = format_literal_arguments(function, args, kwargs)
        self._emit({**place, "call": text, "data": data, "tests": tests, "arguments": literals})


def vary_arguments(
    function: Any, args: list[Any], kwargs: dict[str, Any]
) -> Iterator[tuple[list[Any], dict[str, Any]]]:
    """Yield neighbours of a call: without one default, or with one argument slightly changed."""
    with contextlib.suppress(Exception):
        bound = inspect.signature(function).bind(*args, **kwargs)
        for name, parameter in inspect.signature(function).parameters.items():
            if parameter.default is not parameter.empty and name in bound.arguments:
                fewer = inspect.BoundArguments(bound.signature, dict(bound.arguments))
                del fewer.arguments[name]
                yield list(fewer.args), dict(fewer.kwargs)
    for place, value in enumerate(args):
        for near in list_neighbours(value):
            yield [*args[:place], near, *args[place + 1 :]], kwargs
    for name, value in kwargs.items():
        for near in list_neighbours(value):
            yield args, {**kwargs, name: near}


def list_neighbours(value: Any) -> list[Any]:
    """Return values near a plain value; an empty list for any other value."""
    row: Any = value
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, float):
        return [value + 1, value - 1, value + 0.5, 0 * value, -value, value * 2 + 3, 1.0]
    if isinstance(value, int):
        return [value + 1, value - 1, 0 * value, -value, value * 2 + 3, 1]
    if isinstance(value, str):
        # `ß` has no single capital letter in `upper`, and `²` is a digit that `int` refuses.
        return [row[:-1], row[1:], "", row + row, row[::-1], f"{row}ß²"]
    if isinstance(value, (bytes, list, tuple)):
        return [row[:-1], row[1:], row[:0], row + row, row[::-1]]
    if isinstance(value, (set, frozenset)):
        return [type(value)(list(value)[1:]), type(value)()]
    if isinstance(value, dict):
        near = [{**value, key: other} for key in value for other in list_neighbours(value[key])[:1]]
        return [*near[:ENTRIES], dict(list(value.items())[1:]), {}]
    return []


def format_literal_arguments(
    function: Any, args: list[Any], kwargs: dict[str, Any]
) -> dict[str, str]:
    """Return the source of each argument by parameter, without the class of a class method.

    Return an empty dictionary if an argument is not a literal.
    """
    with contextlib.suppress(Exception):
        bound = inspect.signature(function).bind(*args, **kwargs).arguments
        literals = {
            name: format_literal(value) for name, value in bound.items() if not is_class(value)
        }
        if all(literals.values()):
            return literals
    return {}


def is_class(value: Any) -> bool:
    """Return whether a value is a class: the first argument of a class method."""
    return isinstance(value, type)


def format_literal(value: Any) -> str:
    """Return a literal that makes an equal value, or an empty string if there is no short one."""
    with contextlib.suppress(Exception):
        text = repr(value)
        return text if len(text) <= LITERAL_AT_MOST and is_literal(value) else ""
    return ""


def is_literal(value: Any) -> bool:
    """Return whether `repr` of a value makes an equal value; subclasses do not count."""
    kind = type(value)
    if kind is float:
        return math.isfinite(value)
    if kind is dict:
        return all(is_literal(key) and is_literal(item) for key, item in value.items())
    if kind in (list, tuple, set):
        return all(is_literal(item) for item in value)
    return value is None or kind in (bool, int, str, bytes)


def find_function(root: str, path: str, name: str) -> Any:
    """Return the function of that name in the imported module of that file, or `None`."""
    module = sys.modules.get(find_module_name(root, path))
    return _find_attribute(module, name) if module is not None else None


def find_module_name(root: str, path: str) -> str:
    """Return the name of the imported module of that file, or an empty string."""
    file = os.path.realpath(Path(root, path))
    own = Path(file).name
    for name, module in list(sys.modules.items()):
        place = getattr(module, "__file__", None) or ""
        if place.endswith(own) and os.path.realpath(place) == file:
            return name
    return ""


def _find_attribute(module: ModuleType, name: str) -> Any:
    value: Any = module
    for part in name.split("."):
        value = getattr(value, "__dict__", {}).get(part)
    if isinstance(value, (staticmethod, classmethod)):
        value = value.__func__
    if isinstance(value, property):
        value = value.fget
    while hasattr(value, "__wrapped__"):
        value = value.__wrapped__  # the recorded frame is of the undecorated function
    return value


def shorten(value: Any) -> str:
    """Return a text of limited length for any value, even if its `repr` raises."""
    with contextlib.suppress(Exception):
        text = ADDRESS.sub("", repr(value))
        return text if len(text) <= 60 else f"{text[:57]}..."
    return "?"
