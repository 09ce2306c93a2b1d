"""What it takes to change a path: guarded is the default, and what is free is the short list."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Self

from pydantic import Field

from bot.authority.path_classes import BUILT_IN, Guard, PathClass
from bot.domain.history import History
from bot.domain.record import Record
from bot.domain.run import Run

UNLISTED = "unlisted"
"""The class of every path that is in no other. Its guard is `named`."""

_STRICTEST_FIRST: tuple[Guard, ...] = ("never", "named", "review")
_FENCED = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_QUOTED = re.compile(r"^\s*>.*$", re.MULTILINE)
_NAME = re.compile(r"(?<![\w./-])(?:\./)?((?:[\w.-]+/)*[\w-]*\.?[\w-]+(?:\.[\w-]+)*)(?![\w/])")
_ANYBODYS = frozenset({"__init__.py", "__main__.py", "conftest.py", "config.yaml"})
_MODULES = (".py", ".pyi", ".pyc", ".pyo", ".pyw", ".pyd", ".pyx", ".so", ".dll", ".dylib")


class Protection(Record):
    """The classes, and how large one change may be.

    `named` are the files that people named when they asked for the change at hand, as `named_in`
    finds them; it belongs to one run and stands in no configuration.
    """

    classes: dict[str, PathClass] = Field(default_factory=lambda: dict(BUILT_IN))
    max_changed_lines: int = Field(default=400, gt=0)
    named: frozenset[str] = frozenset()

    @classmethod
    def create(
        cls, *, review: Iterable[str] = (), named: Iterable[str] = (), never: Iterable[str] = ()
    ) -> Self:
        """Return one that guards these paths, and leaves everything else free."""
        groups: tuple[tuple[Guard, Iterable[str]], ...] = (
            ("review", review), ("named", named), ("never", never), ("free", ["**"]),
        )  # fmt: skip
        classes = {guard: PathClass(guard=guard, paths=tuple(paths)) for guard, paths in groups}
        return cls(classes=classes)

    def add_named_files(self, files: Iterable[str]) -> "Protection":
        """Return it for a run in whose words these files were named; no configuration any more."""
        return Protection.model_validate({**dict(self), "named": frozenset(files)})

    def find_class(self, path: str) -> tuple[str, Guard] | None:
        """Return the class a path is in and its guard; `None` where it is free.

        What Python would load in the place of a guarded module is under that module's guard too.
        """
        plain = normalise_path(path)
        found = [
            listed for each in _iterate_aliases(plain) if (listed := self._find_listed_class(each))
        ]
        if not self._find_listed_class(plain) and not self._is_free(path.removeprefix("./")):
            found.append((UNLISTED, "named"))
        return min(found, key=lambda each: _STRICTEST_FIRST.index(each[1]), default=None)

    def _find_listed_class(self, path: str) -> tuple[str, Guard] | None:
        """Return the guarded class that covers the path, the strictest first."""
        for guard in _STRICTEST_FIRST:
            for name, kind in self.classes.items():
                if kind.guard == guard and is_covered(path, kind.paths):
                    return name, guard
        return None

    def _is_free(self, path: str) -> bool:
        free = (kind for kind in self.classes.values() if kind.guard == "free")
        return any(_compile_free_glob(glob).fullmatch(path) for kind in free for glob in kind.paths)

    def describe_restriction(self, path: str) -> str:
        """Return why no run may change the path, as a sentence; nothing where one may."""
        found = self.find_class(path)
        if found is None or found[1] == "review":
            return ""
        name, guard = found
        if guard == "never":
            return f"No run may change this file ({name})."
        if self.is_named(path):
            return ""
        return f"No run changes this file ({name}) unless a person names it when asking."

    def is_named(self, path: str) -> bool:
        """Whether a person named the file: by its path, or by a name that says which one it is."""
        name = PurePosixPath(path).name
        return path in self.named or (name in self.named and name not in _ANYBODYS)

    def list_patterns(self, *guards: Guard) -> tuple[str, ...]:
        """Return the patterns under these guards, for people and prompts."""
        return tuple(
            path for kind in self.classes.values() if kind.guard in guards for path in kind.paths
        )


def normalise_path(path: str) -> str:
    """Return the path that other systems take this one for: one spelling for all that look alike.

    Letters in one form and case, slashes one way, and no dots or spaces that a file system drops.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", path).casefold())
    parts: list[str] = []
    for part in folded.replace("\\", "/").split("/"):
        name = part if part.strip(". ") == "" else part.rstrip(". ").lstrip(" ")
        if name.strip() == "..":
            parts = parts[:-1]
        elif name.strip(". "):
            parts.append(name)
    return "/".join(parts)


def _iterate_aliases(path: str) -> Iterator[str]:
    """Yield the path, and the modules that an import would find there instead of their own file.

    A package takes the place of the module beside it, as a stub, a compiled file or a library do.
    """
    yield path
    parts = path.split("/")
    for depth in range(1, len(parts)):
        yield "/".join(parts[:depth]) + ".py"
    if module := get_module_path(path):
        yield from (module, f"{module}.py", f"{module}/__init__.py")


def get_module_path(path: str) -> str:
    """Return the module that an import finds in this file, as a path; nothing where it is none.

    Sources, stubs, compiled files and libraries of one name are one module.
    """
    parts = [part for part in path.split("/") if part != "__pycache__"]
    stem, dot, _ = parts[-1].partition(".") if parts else ("", "", "")
    return "/".join([*parts[:-1], stem]) if dot and path.lower().endswith(_MODULES) else ""


@lru_cache(maxsize=1024)
def _compile_glob(glob: str) -> re.Pattern[str]:
    """Return a glob as an expression: `*` and `?` stay within a name, `**` crosses folders."""
    # A pattern that names a folder, or matches one, protects everything below it.
    return _build_expression(
        glob, {"**/": r"(?:[^/]+/)*", "*": r"[^/]*", "?": r"[^/]"}, r"(?:/.*)?"
    )


@lru_cache(maxsize=1024)
def _compile_free_glob(glob: str) -> re.Pattern[str]:
    """Return a glob of what is free as an expression: see `PathClass`."""
    return _build_expression(glob, {"**/": r"(?:[\w-]+/)*", "*": r"[\w-]+", "?": r"[\w-]"}, "")


def _build_expression(glob: str, spelled: Mapping[str, str], end: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", glob.removeprefix("./").rstrip("/"))
    known = {**spelled, "**": r".*"}
    text = "".join(known.get(part, re.escape(part)) for part in parts)
    return re.compile(text + end, re.ASCII | re.DOTALL)


def is_covered(path: str, globs: Iterable[str]) -> bool:
    """Whether any of the patterns covers the path. Letters' case makes no difference."""
    return any(_compile_glob(glob.lower()).fullmatch(path.lower()) for glob in globs)


def find_file_names(texts: Iterable[str]) -> frozenset[str]:
    """Return the files that people name in their own words: by path, or by name and ending.

    What they quote or paste between fences is not their own word, and names nothing.
    """
    found: set[str] = set()
    for text in texts:
        own = _QUOTED.sub("", _FENCED.sub("", text)).replace("`", " ").replace("\\", "/")
        found.update(name.rstrip(".") for name in _NAME.findall(own))
    return frozenset(name for name in found if "/" in name or "." in name)


def collect_named_files(run: Run, history: History) -> frozenset[str]:
    """Return the files named in what people said to the bot in chat.

    In the text of a message or an incident that they only pointed at others may name what they
    like, and what reviewers write at the forge is not said to it. Only listed people's words are
    kept in a run.
    """
    said = [run.trigger.text] if run.trigger.is_verbatim else []
    items = history.instructions.items if history.instructions else ()
    return find_file_names([*said, *(item.text for item in items if item.how != "review")])
