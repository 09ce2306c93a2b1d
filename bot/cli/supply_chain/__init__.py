"""Checks the supply chain without the network: the lock, the project, the installed packages.

`examine_dependencies` compares the three with each other and with advisories in a folder. Each flaw
has a remedy. Nothing is changed.
"""

import sysconfig
from collections.abc import Sequence
from pathlib import Path

from theseus_guard.record import Record

from bot.cli.supply_chain.advisories import find_vulnerable, load_advisories
from bot.cli.supply_chain.installed_packages import (
    Installed,
    find_tampered,
    find_unlocked,
    read_installed,
)
from bot.cli.supply_chain.lock import Lock, find_unsafe, read_lock
from bot.cli.supply_chain.project import find_disagreements
from bot.cli.supply_chain.report import Flaw

__all__ = ["Examined", "Flaw", "examine_dependencies"]


class Examined(Record):
    """The result of an examination: counts, and the flaws. `files` is 0 if files were skipped."""

    packages: int
    hashes: int
    installed: int
    files: int
    advisories: int
    flaws: tuple[Flaw, ...]

    @property
    def line(self) -> str:
        """A one-line summary of what was examined."""
        looked = [
            f"{self.packages} locked packages with {self.hashes:,} hashes",
            f"{self.installed} installed",
        ]
        if self.files:
            looked.append(f"{self.files:,} files as recorded")
        if self.advisories:
            looked.append(f"{self.advisories:,} advisories")
        return ", ".join(looked)


def examine_dependencies(
    root: Path,
    advisories: Path | None = None,
    *,
    files: bool = True,
    environment: Sequence[Path] | None = None,
) -> Examined:
    """Examine the project in `root`. Raises `ConfigError` if a file cannot be read.

    Args:
        root: The folder with `pyproject.toml` and `uv.lock`.
        advisories: A folder with advisories in the OSV format.
        files: Whether to compare every installed file with its recorded hash.
        environment: The folders of installed packages; by default those of this program.
    """
    lock = read_lock(root / "uv.lock")
    known = [] if advisories is None else load_advisories(advisories)
    present = read_installed(environment or _list_site_folders())
    looked, changed = find_tampered(present) if files else (0, [])
    flaws = [
        *find_unsafe(lock),
        *find_disagreements(root / "pyproject.toml", lock),
        *find_unlocked(present, lock),
        *changed,
        *find_vulnerable(known, _collect_versions(lock, present)),
    ]
    return Examined(
        packages=len(lock.packages),
        hashes=sum(len(package.files) for package in lock.packages),
        installed=len(present.packages),
        files=looked,
        advisories=len(known),
        flaws=tuple(flaws),
    )


def _collect_versions(lock: Lock, present: Installed) -> set[tuple[str, str]]:
    locked = {(package.name, package.version) for package in lock.packages}
    return locked | {(each.name, each.version) for each in present.packages}


def _list_site_folders() -> list[Path]:
    paths = sysconfig.get_paths()
    return list(dict.fromkeys(Path(paths[name]) for name in ("purelib", "platlib")))
