"""Checks `uv.lock`: every file of every package has a hash and comes from PyPI."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from bot.cli.supply_chain.report import Flaw
from bot.domain.errors import ConfigError

INDEX, FILES = "https://pypi.org/simple", "https://files.pythonhosted.org/"
_WORKSPACE = re.compile(r"\.|packages/\w+")  # folders of the checkout itself
_HASH = re.compile(r"sha256:[0-9a-f]{64}")
_RELOCK = "Restore uv.lock from git, or make a new one with `uv lock`."


class File(NamedTuple):
    """A file of a package: its address and hash."""

    url: str
    hash: str


class Package(NamedTuple):
    """A locked package. `source` is its kind in `uv.lock`, such as `registry`, and its address."""

    name: str
    version: str
    source: tuple[str, str]
    files: tuple[File, ...]
    metadata: Mapping[str, Any]

    @property
    def is_ours(self) -> bool:
        """True if this is the project itself or a package of its workspace."""
        kind, place = self.source
        return kind in ("editable", "virtual") and _WORKSPACE.fullmatch(place) is not None


class Lock(NamedTuple):
    """The contents of `uv.lock`."""

    packages: tuple[Package, ...]

    def list_versions(self, name: str) -> list[str]:
        """Return the locked versions of a package: one, or one per platform."""
        return [package.version for package in self.packages if package.name == name]

    @property
    def project(self) -> Package | None:
        """The entry of the project itself, if there is one."""
        ours = (package for package in self.packages if package.is_ours)
        return next((package for package in ours if package.source[1] == "."), None)


def read_lock(file: Path) -> Lock:
    """Read `uv.lock`. Raises `ConfigError` if it is missing or invalid."""
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
        return Lock(tuple(_parse_package(each) for each in content["package"]))
    except OSError as error:
        raise ConfigError(f"{file} cannot be read ({error.strerror}). {_RELOCK}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{file} is not a valid uv.lock ({error}). {_RELOCK}") from error


def _parse_package(entry: Mapping[str, Any]) -> Package:
    source = next(((str(kind), str(place)) for kind, place in entry["source"].items()), ("", ""))
    files = [*entry.get("wheels", ()), *([entry["sdist"]] if "sdist" in entry else ())]
    return Package(
        name=canonicalize_name(entry["name"]),
        version=str(entry.get("version", "")),
        source=source,
        files=tuple(
            File(str(each.get("url", each.get("path", ""))), str(each.get("hash", "")))
            for each in files
        ),
        metadata=entry.get("metadata", {}),
    )


def find_unsafe(lock: Lock) -> Iterator[Flaw]:
    """Yield the flaws of the lock itself: packages from another index, or without a hash."""
    for package in lock.packages:
        if package.is_ours:
            continue
        if package.source != ("registry", INDEX):
            kind, place = package.source
            message = f"comes from {kind} {place}, not from {INDEX}."
            yield Flaw(what="source", package=package.name, message=message, remedy=_RELOCK)
        if not package.files:
            message = "has no file with a hash."
            yield Flaw(what="hash", package=package.name, message=message, remedy=_RELOCK)
        for file in package.files:
            yield from _check_file(package, file)


def _check_file(package: Package, file: File) -> Iterator[Flaw]:
    name = file.url.rpartition("/")[2]
    if not file.url.startswith(FILES):
        message = f"{name} is fetched from {file.url.partition(name)[0]}, not from {FILES}."
        yield Flaw(what="source", package=package.name, message=message, remedy=_RELOCK)
    if not _HASH.fullmatch(file.hash):
        message = f"{name} has no sha256 hash."
        yield Flaw(what="hash", package=package.name, message=message, remedy=_RELOCK)
    if not _is_package_file(package, name):
        message = f"{name} is not a file of version {package.version}."
        yield Flaw(what="source", package=package.name, message=message, remedy=_RELOCK)


def _is_package_file(package: Package, name: str) -> bool:
    try:
        if name.endswith(".whl"):
            found, version, *_ = parse_wheel_filename(name)
        elif name.endswith((".zip", ".tar.gz")):
            found, version = parse_sdist_filename(name)
        else:  # old archive formats have no parser: only the start of the name is compared
            return canonicalize_name(name).startswith(package.name)
        return found == package.name and version == Version(package.version)
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return False
