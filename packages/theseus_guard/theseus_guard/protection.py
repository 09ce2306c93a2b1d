"""Guards of paths: every path is guarded unless a short list says that it is free."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Literal, Self

from pydantic import Field

from theseus_guard.record import Record

Guard = Literal["free", "review", "named", "never"]
"""How strictly a path is guarded.

`free`: ships with a plain "ship it". `review`: ships only with a person's explicit "security
reviewed". `named`: like `review`, and runs change it only if a person named the file in the
request. `never`: no run may change it.
"""


class PathClass(Record):
    """Paths (glob patterns, `**` allowed) with one guard.

    For guarded paths, a pattern that names a folder covers everything in it. For free paths the
    patterns are stricter: `*` matches one plain name (letters, digits, `_` and `-`), `**/` any
    number of such folders, and only a `**` at the end matches everything.
    """

    guard: Guard
    paths: tuple[str, ...]


UNLISTED = "unlisted"
"""The class of all paths that are in no other class. Its guard is `named`."""

GIT_FILES = ("**/.git", "**/.gitattributes", "**/.gitmodules")
SECRETS = ("**/.env*", "**/*.pem", "**/*.key")
CHECK_FILES = (
    "**/.*", "**/*makefile*", "**/*.toml", "**/*.ini", "**/*.cfg", "**/*.lock", "**/*.yaml",
    "**/*.yml", "**/requirements*.txt", "**/conftest.py", "**/setup.py", "**/noxfile.py",
    "**/*customize.py", "**/AGENTS*.md", "**/CLAUDE*.md", "**/GEMINI*.md",
)  # fmt: skip
"""Files that control how checks run or how developers' tools behave."""

ANY_REPOSITORY: Mapping[str, PathClass] = {
    "git": PathClass(guard="never", paths=GIT_FILES),
    "secrets": PathClass(guard="never", paths=SECRETS),
    "checks": PathClass(guard="review", paths=CHECK_FILES),
    "free": PathClass(guard="free", paths=("**",)),
}
"""The classes of a repository that has none of its own."""

_STRICTEST_FIRST: tuple[Guard, ...] = ("never", "named", "review")
_ANYBODYS = frozenset({"__init__.py", "__main__.py", "conftest.py", "config.yaml"})
_MODULES = (".py", ".pyi", ".pyc", ".pyo", ".pyw", ".pyd", ".pyx", ".so", ".dll", ".dylib")


class Protection(Record):
    """The path classes, and the maximum size of one change.

    `classes` are by default those of any repository. `max_owned_files` limits the files that a plan
    may name; who plans observes it. `named` are the files that people named in the request for the
    current change; they are not part of a configuration.
    """

    classes: dict[str, PathClass] = Field(default_factory=lambda: dict(ANY_REPOSITORY))
    max_changed_lines: int = Field(default=400, gt=0)
    max_owned_files: int = Field(default=8, gt=0, le=40)
    named: frozenset[str] = frozenset()

    @classmethod
    def create(
        cls, *, review: Iterable[str] = (), named: Iterable[str] = (), never: Iterable[str] = ()
    ) -> Self:
        """Return a protection that guards these paths and leaves all others free."""
        groups: tuple[tuple[Guard, Iterable[str]], ...] = (
            ("review", review), ("named", named), ("never", never), ("free", ["**"]),
        )  # fmt: skip
        classes = {guard: PathClass(guard=guard, paths=tuple(paths)) for guard, paths in groups}
        return cls(classes=classes)

    def add_named_files(self, files: Iterable[str]) -> "Protection":
        """Return the protection for a run in which people named these files."""
        return Protection.model_validate({**dict(self), "named": frozenset(files)})

    def find_class(self, path: str) -> tuple[str, Guard] | None:
        """Return the class of a path and its guard, or `None` if the path is free.

        A file that Python would import instead of a guarded module has that module's guard too.
        """
        plain = normalise_path(path)
        found = [
            listed
            for alias in _iterate_aliases(plain)
            if (listed := self._find_listed_class(alias))
        ]
        if not self._find_listed_class(plain) and not self._is_free(path.removeprefix("./")):
            found.append((UNLISTED, "named"))
        return min(found, key=lambda entry: _STRICTEST_FIRST.index(entry[1]), default=None)

    def _find_listed_class(self, path: str) -> tuple[str, Guard] | None:
        """Return the strictest guarded class that covers the path, or `None`."""
        for guard in _STRICTEST_FIRST:
            for name, kind in self.classes.items():
                if kind.guard == guard and is_covered(path, kind.paths):
                    return name, guard
        return None

    def _is_free(self, path: str) -> bool:
        free = (kind for kind in self.classes.values() if kind.guard == "free")
        return any(_compile_free_glob(glob).fullmatch(path) for kind in free for glob in kind.paths)

    def describe_restriction(self, path: str) -> str:
        """Return why no run may change the path, as a sentence; empty if runs may."""
        found = self.find_class(path)
        if found is None or found[1] == "review":
            return ""
        name, guard = found
        if guard == "never":
            return f"No run may change this file ({name})."
        if self.is_named(path):
            return ""
        return f"No run may change this file ({name}) unless a person names it in the request."

    def is_named(self, path: str) -> bool:
        """Return whether a person named the file, by its path or by an unambiguous file name."""
        name = PurePosixPath(path).name
        return path in self.named or (name in self.named and name not in _ANYBODYS)

    def list_patterns(self, *guards: Guard) -> tuple[str, ...]:
        """Return the patterns with these guards, for people and prompts."""
        return tuple(
            path for kind in self.classes.values() if kind.guard in guards for path in kind.paths
        )


def normalise_path(path: str) -> str:
    """Return one common spelling for all paths that a file system may treat as this one.

    Unicode form, case and slashes are unified, and dots and spaces that a file system drops are
    removed.
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
    """Yield the path, and the modules that an import would find in this file instead.

    A package hides the module next to it, and so does a stub, a compiled file or a library.
    """
    yield path
    parts = path.split("/")
    for depth in range(1, len(parts)):
        yield "/".join(parts[:depth]) + ".py"
    if module := get_module_path(path):
        yield from (module, f"{module}.py", f"{module}/__init__.py")


def get_module_path(path: str) -> str:
    """Return the module that an import finds in this file, as a path; "" if it is no module.

    Sources, stubs, compiled files and libraries of one name are one module.
    """
    parts = [part for part in path.split("/") if part != "__pycache__"]
    stem, dot, _ = parts[-1].partition(".") if parts else ("", "", "")
    return "/".join([*parts[:-1], stem]) if dot and path.lower().endswith(_MODULES) else ""


@lru_cache(maxsize=1024)
def _compile_glob(glob: str) -> re.Pattern[str]:
    """Return a glob as an expression: `*` and `?` stay within a name, `**` crosses folders."""
    # A pattern that names or matches a folder protects everything in it.
    return _build_expression(
        glob, {"**/": r"(?:[^/]+/)*", "*": r"[^/]*", "?": r"[^/]"}, r"(?:/.*)?"
    )


@lru_cache(maxsize=1024)
def _compile_free_glob(glob: str) -> re.Pattern[str]:
    """Return the glob of a free path as an expression, with the strict rules of `PathClass`."""
    return _build_expression(glob, {"**/": r"(?:[\w-]+/)*", "*": r"[\w-]+", "?": r"[\w-]"}, "")


def _build_expression(glob: str, wildcards: Mapping[str, str], end: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", glob.removeprefix("./").rstrip("/"))
    known = {**wildcards, "**": r".*"}
    text = "".join(known.get(part, re.escape(part)) for part in parts)
    return re.compile(text + end, re.ASCII | re.DOTALL)


def is_covered(path: str, globs: Iterable[str]) -> bool:
    """Return whether any of the patterns covers the path. Case does not matter."""
    return any(_compile_glob(glob.lower()).fullmatch(path.lower()) for glob in globs)
