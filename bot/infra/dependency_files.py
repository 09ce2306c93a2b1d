"""Reads which packages `pyproject.toml`, lock files and requirements name. Nothing is resolved."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from bot.domain.advisories import LONGEST_VERSION, DeclaredPackages, PackageVersion

MOST_CHARS = 8_000_000
_INDEXES = ("https://pypi.org/simple", "https://pypi.python.org/simple")
_LONGEST_LINE = 2_000
_OWN = frozenset({"editable", "virtual", "directory"})
_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml")
_OTHER_FILE = ("-r", "--requirement", "-c", "--constraint")
_OTHER_PLACE = (
    "-i", "--index-url", "--extra-index-url", "-f", "--find-links", "-e", "--editable",
    "--trusted-host",
)  # fmt: skip
_PLACE = re.compile(r"(?:[a-z][a-z0-9+.-]*://|git\+|\.{0,2}/|file:)", re.IGNORECASE)
_HASHES = re.compile(r"\s--hash[= ]\S+")
_COMMENT = re.compile(r"(?:^|\s)#.*$")


class _Found:
    """What is collected of one manifest."""

    def __init__(self) -> None:
        self.exact: set[PackageVersion] = set()
        self.loose: set[tuple[str, str]] = set()
        self.elsewhere: set[tuple[str, str]] = set()
        self.unreadable: set[str] = set()

    def add_requirement(self, line: str, path: str) -> None:
        """Add a requirement of PEP 508."""
        if (found := _parse_requirement(line)) is None:
            self.unreadable.add(f"{path}: {line.split('@')[0][:60].strip()}")
            return
        name = canonicalize_name(found.name)
        if found.url:
            self.elsewhere.add((name, describe_place(found.url)))
            return
        pins = [each.version for each in found.specifier if each.operator in ("==", "===")]
        if len(pins) == 1 and not pins[0].endswith(".*"):
            self.exact.add(PackageVersion(name=name, version=pins[0]))
        else:
            self.loose.add((name, str(found.specifier)))


def _parse_requirement(line: str) -> Requirement | None:
    try:
        return Requirement(line) if len(line) <= _LONGEST_LINE else None
    except (InvalidRequirement, RecursionError):
        return None


def read_manifest(path: str, text: str) -> DeclaredPackages:
    """Return the packages that a manifest names; what cannot be read is named in the result."""
    found = _Found()
    name = PurePosixPath(path).name
    if len(text) > MOST_CHARS:
        found.unreadable.add(f"{path}: larger than {MOST_CHARS // 1_000_000} MB")
    elif not name.endswith((".toml", ".lock")):
        _read_requirements(path, text, found)
    else:
        try:
            tree = tomllib.loads(text)
        except (ValueError, RecursionError):
            found.unreadable.add(path)
        else:
            (_read_lock if name in _LOCKS else _read_project)(path, tree, found)
    return DeclaredPackages(
        exact=frozenset(found.exact),
        loose=frozenset(found.loose),
        elsewhere=frozenset(found.elsewhere),
        unreadable=frozenset(found.unreadable),
    )


def describe_place(address: str) -> str:
    """Return an address without user, password, query and fragment, which may hold secrets."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return "an address that cannot be read"
    if not parts.scheme or not host:
        return "a local path" if "://" not in address else "an address that cannot be read"
    return f"{parts.scheme}://{host}{parts.path}"[:120]


def _read_requirements(path: str, text: str, found: _Found) -> None:
    for line in text.replace("\\\n", " ").splitlines():
        entry = _HASHES.sub("", _COMMENT.sub("", line)).strip()
        if not entry:
            continue
        option, _, value = entry.replace("=", " ", 1).partition(" ")
        if entry.startswith(_OTHER_FILE):
            continue  # that file is read by itself if its name says that it lists packages
        if option in _OTHER_PLACE:
            found.elsewhere.add((option, describe_place(value.strip())))
        elif entry.startswith("-"):
            continue
        elif _PLACE.match(entry):
            found.elsewhere.add((PurePosixPath(path).name, describe_place(entry)))
        else:
            found.add_requirement(entry, path)


def _read_lock(path: str, tree: Mapping[str, Any], found: _Found) -> None:
    listed = tree.get("package", tree.get("packages", []))
    for entry in listed if isinstance(listed, list) else []:
        name, version = entry.get("name"), entry.get("version", "")
        if not isinstance(name, str) or not isinstance(version, str):
            found.unreadable.add(f"{path}: {str(name)[:60]}")
            continue
        place = _find_other_place(entry)
        if place is None:
            continue
        if place or not version or len(version) > LONGEST_VERSION:
            found.elsewhere.add((canonicalize_name(name), place or "no version"))
        else:
            found.exact.add(PackageVersion(name=canonicalize_name(name), version=version))


def _find_other_place(entry: Mapping[str, Any]) -> str | None:
    """Return where a locked package comes from if not from PyPI; `None` for a folder of ours."""
    source = entry.get("source")
    if not isinstance(source, Mapping):
        outside = [key for key in ("vcs", "archive", "git", "url", "path") if key in entry]
        return None if "directory" in entry else (f"a {outside[0]}" if outside else "")
    if not _OWN.isdisjoint(source):
        return None
    if "registry" in source:
        index = str(source["registry"]).rstrip("/")
        return "" if index in _INDEXES else describe_place(index)
    return describe_place(str(source.get("git") or source.get("url") or source.get("path") or "?"))


def _read_project(path: str, tree: Mapping[str, Any], found: _Found) -> None:
    for line in _iterate_requirements(tree):
        found.add_requirement(line, path)
    for name, value in _get_table(_get_table(_get_table(tree, "tool"), "uv"), "sources").items():
        if not (isinstance(value, Mapping) and value.get("workspace")):
            found.elsewhere.add((canonicalize_name(name), "`tool.uv.sources`"))
    poetry = _get_table(_get_table(tree, "tool"), "poetry")
    for name, value in _get_table(poetry, "dependencies").items():
        if name == "python":
            continue
        if isinstance(value, Mapping) and not {"git", "url", "path"}.isdisjoint(value):
            place = str(value.get("git") or value.get("url") or value.get("path"))
            found.elsewhere.add((canonicalize_name(name), describe_place(place)))
        else:
            found.loose.add((canonicalize_name(name), str(value)[:80]))


def _iterate_requirements(tree: Mapping[str, Any]) -> Iterator[str]:
    project = _get_table(tree, "project")
    groups = _get_table(tree, "dependency-groups")
    lists = [project.get("dependencies"), _get_table(tree, "build-system").get("requires")]
    lists += [*_get_table(project, "optional-dependencies").values(), *groups.values()]
    for each in lists:
        if isinstance(each, list):
            yield from (line for line in each if isinstance(line, str))


def _get_table(tree: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = tree.get(name)
    return found if isinstance(found, Mapping) else {}
