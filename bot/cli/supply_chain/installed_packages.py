"""Compares the installed packages with the lock, and their files with the recorded hashes."""

import base64
import csv
import hashlib
import json
from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution
from pathlib import Path
from typing import NamedTuple

from packaging.utils import canonicalize_name

from bot.cli.supply_chain.lock import Lock
from bot.cli.supply_chain.report import Flaw

_INSTALLERS = frozenset({"pip", "setuptools", "wheel", "uv"})
"""The tools that create an environment need not be locked; their files are compared too."""

_SYNC = "Run `uv sync --frozen`, or recreate the environment (`make clean install`)."
_REINSTALL = (
    "Install it again: `uv sync --frozen --reinstall-package {name}`; find out who changed it."
)
_BUILT = (".pyc", ".pyo")
_RUNS = (".py", ".pth", ".so", ".pyd", ".dll", ".egg-link")
_BLOCK = 1 << 20


class One(NamedTuple):
    """One installed package."""

    name: str
    version: str
    found: Distribution


class Installed(NamedTuple):
    """The folders of installed packages, and the packages in them."""

    folders: tuple[Path, ...]
    packages: tuple[One, ...]


def read_installed(folders: Sequence[Path]) -> Installed:
    """Return the packages that are installed in the folders.

    The folders are read directly: `importlib.metadata.distributions` would also ask import hooks
    that other packages registered.
    """
    places = [
        place
        for folder in folders
        for pattern in ("*.dist-info", "*.egg-info")
        for place in folder.glob(pattern)
    ]
    distributions = [Distribution.at(place) for place in places]
    found = [
        One(canonicalize_name(each.metadata["Name"] or "?"), each.version or "?", each)
        for each in distributions
    ]
    return Installed(tuple(folders), tuple(sorted(found, key=lambda each: each.name)))


def find_unlocked(installed: Installed, lock: Lock) -> Iterator[Flaw]:
    """Yield a flaw for each package that is not locked, or has another version or source."""
    ours = {package.name for package in lock.packages if package.is_ours}
    for name, version, found in installed.packages:
        locked = lock.list_versions(name)
        if name in ours or (name in _INSTALLERS and not locked):
            continue
        if not locked:
            message = f"{version} is installed, but it is not in the lock."
            yield Flaw(what="unlocked", package=name, message=message, remedy=_SYNC)
        elif version not in locked:
            message = f"{version} is installed, but {', '.join(locked)} is locked."
            yield Flaw(what="version", package=name, message=message, remedy=_SYNC)
        elif (url := _address(found)) is not None:
            message = f"was installed from {url}, not from the index."
            yield Flaw(what="source", package=name, message=message, remedy=_SYNC)


def _address(found: Distribution) -> str | None:
    """Return the source of a package that does not come from an index, otherwise `None`."""
    try:
        origin = json.loads(found.read_text("direct_url.json") or "{}")
    except ValueError:
        return "an unknown source (its direct_url.json cannot be read)"
    return str(origin["url"]) if isinstance(origin, dict) and "url" in origin else None


def find_tampered(installed: Installed) -> tuple[int, list[Flaw]]:
    """Compare every file with its recorded hash; return the number of files and the flaws.

    Compiled bytecode is skipped, because Python writes it. An executable file that no package
    recorded is a flaw: someone added it.
    """
    count, flaws, recorded = 0, list[Flaw](), set[Path]()
    for name, _, found in installed.packages:
        for file, known in _record(found):
            recorded.add(file)
            if not known or file.suffix in _BUILT:
                continue
            count += 1
            if wrong := _find_mismatch(file, known):
                message = f"{file.name} {wrong} ({file})."
                remedy = _REINSTALL.format(name=name)
                flaws.append(Flaw(what="file", package=name, message=message, remedy=remedy))
    planted = [
        _build_stray_flaw(file)
        for folder in installed.folders
        for file in _find_strays(folder, recorded)
    ]
    return count, [*flaws, *planted]


def _record(found: Distribution) -> Iterator[tuple[Path, str]]:
    """Yield each file of a package with its recorded hash, such as `sha256=...`, or `""`."""
    for row in csv.reader((found.read_text("RECORD") or "").splitlines()):
        if len(row) >= 2:
            yield Path(str(found.locate_file(row[0]))).resolve(), row[1]


def _find_mismatch(file: Path, known: str) -> str:
    kind, _, wanted = known.partition("=")
    if kind not in ("sha256", "sha384", "sha512"):
        return f"is recorded with {kind or 'no hash'}, which proves nothing"
    try:
        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, kind).digest()
    except OSError:
        return "is missing"
    actual = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return "" if actual == wanted.rstrip("=") else "was changed after it was installed"


def _find_strays(folder: Path, recorded: set[Path]) -> Iterator[Path]:
    for file in sorted(folder.resolve().rglob("*")):
        if file.suffix in _RUNS and file.resolve() not in recorded and file.is_file():
            yield file


def _build_stray_flaw(file: Path) -> Flaw:
    return Flaw(
        what="file",
        package=file.name,
        message=f"{file} can run, but it belongs to no installed package.",
        remedy="Inspect it, remove it, and find out who added it.",
    )
