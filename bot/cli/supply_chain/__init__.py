"""The supply chain, looked at without a network: the lock, the project, what is installed.

`examine_dependencies` compares the three with each other and with advisories in a folder. What it
finds is told with the way out; it changes nothing.
"""

import sysconfig
from collections.abc import Sequence
from pathlib import Path

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
from bot.domain.record import Record

__all__ = ["Examined", "Flaw", "examine_dependencies"]


class Examined(Record):
    """What was looked at, and what is wrong with it. `files` is 0 where files were left out."""

    packages: int
    hashes: int
    installed: int
    files: int
    advisories: int
    flaws: tuple[Flaw, ...]

    @property
    def line(self) -> str:
        """What was looked at, in a line."""
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
    """Look at the project in `root`. `files` compares every installed file with its hash.

    `environment` is where packages are installed: by default where this program's are. Raises
    `ConfigError` for what cannot be read.
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
