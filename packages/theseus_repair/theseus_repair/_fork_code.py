"""Puts a candidate's code into functions that are imported already.

Sent as source text to the interpreter of the project under repair, as `_fork_child` is: standard
library only. The function objects stay, only their code is replaced: every module that imported,
decorated or stored a function sees the change. Code that ran while modules were imported cannot be
replaced, because its effects are already there; then `Unfit` is raised and the tests have to be run
from the start.
"""

import builtins
import contextlib
import gc
import importlib.machinery
import io
import linecache
import os
import sys
import threading
from collections.abc import Collection, Iterator
from pathlib import Path
from types import (
    AsyncGeneratorType,
    CodeType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
)
from typing import Any

HOLDERS: dict[type, str] = {
    FunctionType: "__code__",
    GeneratorType: "gi_code",
    CoroutineType: "cr_code",
    AsyncGeneratorType: "ag_code",
}
HAS_DOCSTRING = (
    0x4000000  # a code flag since Python 3.13; older versions always store the docstring first
)


class Unfit(Exception):
    """Raised if a candidate cannot be judged in this process; says why."""


class ImportedCode:
    """The code of some files as it was imported, and which parts of it have run.

    `paths` are absolute. Use it as a context manager around all imports, then call `index`.
    """

    def __init__(self, paths: Collection[str]) -> None:
        self._paths = {os.path.realpath(path) for path in paths}
        self._modules: dict[str, list[CodeType]] = {path: [] for path in self._paths}
        # By id, with the code itself, so that no other code can get the same id.
        self._ran: dict[int, CodeType] = {}
        self._read: set[str] = set()
        self._functions: dict[int, list[FunctionType]] = {}
        self._watching, self._watched_all = False, True

    def __enter__(self) -> "ImportedCode":
        """Start to watch loaded, read and called code."""
        for path in self._paths:
            # An earlier traceback may have put it there, which would look like a read during the
            # import.
            linecache.cache.pop(path, None)
        loader: Any = importlib.machinery.SourceFileLoader
        self._plain = loader.get_code, builtins.open, io.open
        plain_code, plain_open = loader.get_code, builtins.open

        def get_code(loading: Any, fullname: str) -> CodeType | None:
            code: CodeType | None = plain_code(loading, fullname)
            path = os.path.realpath(loading.get_filename(fullname))
            if code is not None and path in self._modules:
                self._modules[path].append(code)
                self._watch_calls()
            return code

        def record_open(file: Any, *args: Any, **kwargs: Any) -> Any:
            if isinstance(file, (str, os.PathLike)):
                self._read.add(os.path.realpath(os.fspath(file)))
            return plain_open(file, *args, **kwargs)

        loader.get_code = get_code
        # Two names of one function: `pathlib` uses the one in `io`.
        builtins.open = io.open = record_open
        return self

    def _watch_calls(self) -> None:
        """Start to watch calls, unless watching: from the first loaded module on."""
        if not self._watching:
            self._watching, self._watched_all = True, sys.getprofile() is None
            threading.setprofile(self._on_call)
            sys.setprofile(self._on_call)

    def __exit__(self, *error: object) -> None:
        """Stop watching."""
        if self._watching:
            self._watched_all = self._watched_all and sys.getprofile() == self._on_call
            sys.setprofile(None)
            threading.setprofile(None)
        importlib.machinery.SourceFileLoader.get_code, builtins.open, io.open = self._plain  # type: ignore[method-assign]

    def _on_call(self, frame: FrameType, event: str, arg: object) -> None:
        if event == "call":
            self._ran.setdefault(id(frame.f_code), frame.f_code)

    def index(self) -> None:
        """Find the functions made of this code. Raises `Unfit` if a function cannot be found."""
        if not self._watched_all:
            raise Unfit("what is imported traces its own calls")
        self._require_unread()
        for module in list(sys.modules.values()):
            path = os.path.realpath(getattr(module, "__file__", None) or "/")
            if path in self._modules and not self._modules[path]:
                raise Unfit(f"{path} is imported in a way of its own")
        known = {
            id(code) for row in self._modules.values() for top in row for code in walk_nested(top)
        }
        for each, code in self._find_holders():
            if id(code) not in known:
                raise Unfit(f"{code.co_name} is made from a copy of code")
            if type(each) is FunctionType:
                self._functions.setdefault(id(code), []).append(each)
            else:
                self._ran.setdefault(id(code), code)  # has begun, or is about to

    def require_unused(self) -> None:
        """Raise `Unfit` if any of the files was imported or read."""
        self._require_unread()
        for module in list(sys.modules.values()):
            path = os.path.realpath(getattr(module, "__file__", None) or "/")
            if path in self._paths:
                raise Unfit(f"{path} is imported before tests are collected")
        loaded = sorted(path for path, codes in self._modules.items() if codes)
        if loaded:
            raise Unfit(f"{loaded[0]} is loaded before tests are collected")

    def require_expected(self, files: Collection[str]) -> None:
        """Raise `Unfit` if one of these files was not expected to change."""
        others = sorted(set(files) - self._paths)
        if others:
            raise Unfit(f"{others[0]} was not expected to change")

    def _require_unread(self) -> None:
        read = sorted(self._paths & (self._read | linecache.cache.keys()))
        if read:
            raise Unfit(f"{read[0]} is read while modules are imported")

    def _find_holders(self) -> Iterator[tuple[Any, CodeType]]:
        """Yield every object made of code from our files, with that code."""
        gc.unfreeze()  # `gc.get_objects` does not list frozen objects
        # Cached by file name, because resolving a path is slow and there are few names.
        is_own_file: dict[str, bool] = {}
        for each in gc.get_objects():
            code = getattr(each, HOLDERS[type(each)]) if type(each) in HOLDERS else None
            if code is None:
                continue
            name = code.co_filename
            if name not in is_own_file:
                is_own_file[name] = os.path.realpath(name) in self._paths
            if is_own_file[name]:
                yield each, code

    def put(self, files: dict[str, str]) -> None:
        """Replace the functions' code by that of these texts, by absolute path. Raises `Unfit`."""
        self.require_expected(files)
        found: list[tuple[CodeType, CodeType]] = []
        for path, text in files.items():
            for top in self._modules[path]:
                new = compile(text, top.co_filename, "exec", dont_inherit=True)
                found += self._pair_codes(top, new)
        for old, new in found:
            for function in self._functions.get(id(old), ()):
                function.__code__ = new

    def _pair_codes(self, old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
        """Yield (old, new) code objects; code within an old one that never ran is not visited."""
        if id(old) not in self._ran:
            if get_signature(old) != get_signature(new):
                raise Unfit(f"{old.co_name} would be another kind of function")
            yield old, new
            return
        if get_body(old) != get_body(new):
            raise Unfit(f"{old.co_name} has run while modules were imported")
        yield old, new
        for one, other in zip(list_inner(old), list_inner(new), strict=True):
            yield from self._pair_codes(one, other)


def list_inner(code: CodeType) -> list[CodeType]:
    """Return the code objects directly within a code object."""
    return [constant for constant in code.co_consts if isinstance(constant, CodeType)]


def walk_nested(code: CodeType) -> Iterator[CodeType]:
    """Yield a code object and all code objects within it."""
    yield code
    for each in list_inner(code):
        yield from walk_nested(each)


def get_signature(code: CodeType) -> tuple[object, ...]:
    """Return what callers can see of a function: its arguments, its kind, its docstring."""
    arguments = code.co_argcount + code.co_kwonlyargcount
    arguments += bool(code.co_flags & 0x04) + bool(code.co_flags & 0x08)  # *args, **kwargs
    has_docstring = sys.version_info < (3, 13) or code.co_flags & HAS_DOCSTRING
    documented = code.co_consts[:1] if has_docstring and not code.co_name.startswith("<") else ()
    return (
        code.co_name,
        code.co_flags,
        code.co_argcount,
        code.co_posonlyargcount,
        code.co_kwonlyargcount,
        code.co_varnames[:arguments],
        code.co_freevars,
        tuple(add_type(each) for each in documented),
    )


def get_body(code: CodeType) -> tuple[object, ...]:
    """Return what a code object does, without its line numbers and inner code objects."""
    return (
        *get_signature(code),
        code.co_code,
        code.co_names,
        code.co_varnames,
        code.co_cellvars,
        code.co_exceptiontable,
        tuple(add_type(constant) for constant in code.co_consts),
    )


def add_type(value: object) -> object:
    """Return a constant with its type, so that 1, 1.0 and True differ; for code, its name."""
    if isinstance(value, CodeType):
        return CodeType, value.co_name
    if isinstance(value, tuple):
        return tuple(add_type(each) for each in value)
    return type(value), repr(value)


def open_files() -> dict[int, str]:
    """Return the open descriptors of this process, which its children would share."""
    listing = Path("/proc/self/fd")
    found = {}
    for link in listing.iterdir() if listing.exists() else ():
        with contextlib.suppress(OSError):
            target = str(link.readlink())
            # Sharing these two is harmless, because they have no position.
            if target not in ("/dev/null", "/dev/urandom"):
                found[int(link.name)] = target
    return found
