"""Checks that `pyproject.toml` and the lock agree, and that neither sets another index."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from bot.cli.supply_chain.lock import Lock, Package
from bot.cli.supply_chain.report import Flaw
from bot.domain.errors import ConfigError

_SOURCES = (
    "sources", "index", "index-url", "default-index", "extra-index-url", "find-links", "no-index",
    "allow-insecure-host", "index-strategy", "override-dependencies", "pip",
)  # fmt: skip
_RELOCK = "Run `uv lock`, and review what it changes."

Declared = tuple[str, str, str]
"""An extra, `group:NAME` or an empty string; the normalised name; the version specifier."""


def find_disagreements(file: Path, lock: Lock) -> Iterator[Flaw]:
    """Yield a flaw for each disagreement of the project and the lock. Raises `ConfigError`."""
    try:
        project = tomllib.loads(file.read_text(encoding="utf-8"))
        declared = set(_read_declared(project))
    except OSError as error:
        raise ConfigError(f"{file} cannot be read ({error.strerror}).") from error
    except (ValueError, InvalidRequirement) as error:
        raise ConfigError(f"{file} is wrong: {error}.") from error
    for name in _SOURCES:
        if name in project.get("tool", {}).get("uv", {}):
            message = f"tool.uv.{name} changes where packages come from."
            remedy = "Remove it: all packages have to come from PyPI."
            yield Flaw(what="source", package="pyproject.toml", message=message, remedy=remedy)
    if lock.project is None:
        message = "the lock has no entry of the project itself."
        yield Flaw(what="disagreement", package="uv.lock", message=message, remedy=_RELOCK)
        return
    yield from _compare(declared, set(_read_required(lock.project)))
    yield from _find_unmet(declared, lock)


def _compare(declared: set[Declared], required: set[Declared]) -> Iterator[Flaw]:
    for where, name, specifier in sorted(declared - required):
        message = f"{_format_location(where)} requires {name}{specifier}, which is not in the lock."
        yield Flaw(what="disagreement", package=name, message=message, remedy=_RELOCK)
    for where, name, specifier in sorted(required - declared):
        message = (
            f"the lock contains {name}{specifier} for {_format_location(where)}, which does not "
            "require it."
        )
        yield Flaw(what="disagreement", package=name, message=message, remedy=_RELOCK)


def _find_unmet(declared: set[Declared], lock: Lock) -> Iterator[Flaw]:
    for where, name, specifier in sorted(declared):
        allowed = SpecifierSet(specifier)
        versions = lock.list_versions(name)
        if any(not allowed.contains(version, prereleases=True) for version in versions):
            message = (
                f"{_format_location(where)} requires {specifier}, but {', '.join(versions)} is "
                "locked."
            )
            yield Flaw(what="disagreement", package=name, message=message, remedy=_RELOCK)


def _format_location(where: str) -> str:
    return f"pyproject.toml ({where})" if where else "pyproject.toml"


def _read_declared(project: Mapping[str, Any]) -> Iterator[Declared]:
    own = project.get("project", {})
    listed = {"": own.get("dependencies", []), **own.get("optional-dependencies", {})}
    listed |= {f"group:{name}": each for name, each in project.get("dependency-groups", {}).items()}
    for where, lines in listed.items():
        for line in lines:
            if isinstance(line, str):  # other entries include a group, which the lock expands
                found = Requirement(line)
                yield where, canonicalize_name(found.name), _sort_specifier(str(found.specifier))


def _read_required(project: Package) -> Iterator[Declared]:
    for entry in project.metadata.get("requires-dist", []):
        marker = str(entry.get("marker", ""))
        extra = marker.partition("extra == '")[2].partition("'")[0]
        yield extra, canonicalize_name(entry["name"]), _sort_specifier(entry.get("specifier", ""))
    for group, entries in project.metadata.get("requires-dev", {}).items():
        for entry in entries:
            name = canonicalize_name(entry["name"])
            yield f"group:{group}", name, _sort_specifier(entry.get("specifier", ""))


def _sort_specifier(specifier: str) -> str:
    return ",".join(sorted(part.strip() for part in specifier.split(",") if part.strip()))
