"""Reads which packages base declares, whether or not anything imports them yet."""

import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from theseus_guard._dependencies import REQUIREMENTS, parse_dependency

_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml")
_PROJECT = "pyproject.toml"
_NAME = re.compile(r"\s*([A-Za-z0-9][\w.-]*)")
_OWN = frozenset({"editable", "virtual", "directory"})
"""Sources in a lock that mean a folder of the repository."""


def find_manifests(files: Collection[str]) -> list[str]:
    """Return the files that declare or lock Python packages."""
    wanted = (_PROJECT, *_LOCKS)
    return sorted(
        file for file in files
        if PurePosixPath(file).name in wanted or REQUIREMENTS.fullmatch(file)
    )  # fmt: skip


def list_declared_modules(texts: Mapping[str, str | None]) -> frozenset[str]:
    """Return the modules of declared packages, assuming that both have the same name.

    `texts` are manifests by path. A manifest that cannot be parsed declares nothing.
    """
    names = (name for path, text in texts.items() for name in _iterate_names(path, text or ""))
    return frozenset(re.sub(r"[-.]+", "_", name).lower() for name in names)


def _iterate_names(path: str, text: str) -> Iterator[str]:
    if REQUIREMENTS.fullmatch(path):
        yield from filter(None, (parse_dependency(path, line) for line in text.splitlines()))
        return
    try:
        tree = tomllib.loads(text)
    except (ValueError, RecursionError):
        return
    yield from (
        _iterate_project_dependencies(tree)
        if PurePosixPath(path).name == _PROJECT
        else _iterate_locked(tree)
    )


def _iterate_locked(tree: Mapping[str, Any]) -> Iterator[str]:
    for package in _filter_tables(tree.get("package", tree.get("packages"))):
        source = package.get("source", package)
        if isinstance(source, dict) and _OWN.isdisjoint(source):
            yield str(package.get("name", ""))


def _iterate_project_dependencies(tree: Mapping[str, Any]) -> Iterator[str]:
    project, groups = _get_table(tree, "project"), _get_table(tree, "dependency-groups")
    lists = [project.get("dependencies"), _get_table(tree, "build-system").get("requires")]
    lists += [*_get_table(project, "optional-dependencies").values(), *groups.values()]
    named = {
        found[1] for each in lists for text in _filter_texts(each) if (found := _NAME.match(text))
    }
    yield from named - {project.get("name")}
    poetry = _get_table(_get_table(tree, "tool"), "poetry")
    yield from _get_table(poetry, "dependencies").keys() - {"python"}


def _get_table(tree: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = tree.get(name)
    return found if isinstance(found, dict) else {}


def _filter_tables(value: object) -> Iterable[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _filter_texts(value: object) -> Iterable[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
