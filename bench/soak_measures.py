"""What is measured of a bot that runs for days, and how much of it may grow."""

import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from theseus_guard.record import Record

from bench.memory import measure_megabytes
from tests.fakes.repositories import run_git

Figures = Mapping[str, float]

_JUDGED_DAYS = 10
_MEGABYTE = 1024 * 1024
_OF_SQLITE = ("sqlite_sequence", "schema_migrations")


class Bound(Record):
    """How much a figure may grow a day, on average over the last days; `why` if it may at all."""

    per_day: float
    why: str = ""


FLAT = Bound(per_day=0.05)


def measure_outside(pid: int, state: Path, checkout: Path, forge: Path) -> dict[str, float]:
    """Return what can be seen from outside: of the process, its files, and its databases."""
    place = Path(f"/proc/{pid}")
    figures = {
        "memory, MB": measure_megabytes(pid, alone=True),
        "threads": float(len(list((place / "task").iterdir()))),
        "open files": float(len(list((place / "fd").iterdir()))),
        "children": float(len((place / "task" / str(pid) / "children").read_text().split())),
        "worktrees": float(_count_entries(checkout / ".git" / "worktrees")),
        "references": float(len(run_git(checkout, "for-each-ref").splitlines())),
        "loose objects": float(sum(1 for _ in _iterate_loose_objects(checkout))),
        "references of the forge": float(len(run_git(forge, "for-each-ref").splitlines())),
    }
    return figures | dict(_measure_state(state))


def _count_entries(folder: Path) -> int:
    return len(list(folder.iterdir())) if folder.exists() else 0


def _iterate_loose_objects(checkout: Path) -> Iterator[Path]:
    return (checkout / ".git" / "objects").glob("[0-9a-f][0-9a-f]/*")


def _measure_state(state: Path) -> Iterator[tuple[str, float]]:
    """Yield files and size of each part of the state, and the rows of each table."""
    whole = Counter[str]()
    for part in sorted(state.iterdir()):
        sizes = list(_iterate_sizes(part))
        if part.is_dir():
            yield f"files in {part.name}/", float(len(sizes))
        # A database's log and index of it count as the database.
        whole[part.name.removesuffix("-wal").removesuffix("-shm")] += sum(sizes)
    yield from ((f"size of {name}, MB", size / _MEGABYTE) for name, size in whole.items())
    for file in sorted(state.rglob("*.sqlite3")):
        if "backups" not in file.parts and "snapshots" not in file.parts:
            yield from _count_rows(file, state)


def _iterate_sizes(part: Path) -> Iterator[int]:
    if part.is_file():
        yield part.stat().st_size
    for folder, _, names in os.walk(part):
        for name in names:
            try:
                yield (Path(folder) / name).lstat().st_size
            except FileNotFoundError:  # gone meanwhile
                continue


def _count_rows(file: Path, state: Path) -> Iterator[tuple[str, float]]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        tables = database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'"
        ).fetchall()
        for (table,) in tables:
            if table in _OF_SQLITE or "_words_" in table:  # the latter: of a full-text index
                continue
            (rows,) = database.execute(f'SELECT count(*) FROM "{table}"').fetchone()  # noqa: S608  # its own table
            yield f"rows of {file.relative_to(state)} {table}", float(rows)


def compute_slope(values: Sequence[float]) -> float:
    """Return the growth a day by least squares."""
    middle, mean = (len(values) - 1) / 2, sum(values) / len(values)
    over = sum((at - middle) * (value - mean) for at, value in enumerate(values))
    under = sum((at - middle) ** 2 for at in range(len(values)))
    return over / under if under else 0.0


class Growth(Record):
    """One figure over all days, and its bound."""

    name: str
    first: float
    last: float
    peak: float
    slope: float
    bound: Bound

    @property
    def is_within(self) -> bool:
        """Return whether it grew no faster than it may."""
        return self.slope <= self.bound.per_day

    @property
    def line(self) -> str:
        """Return it as one row of a table in Markdown."""
        verdict = "within" if self.is_within else "**beyond**"
        bound = f"{self.bound.per_day:g}" + (f": {self.bound.why}" if self.bound.why else "")
        return (
            f"| {self.name} | {self.first:,.4g} | {self.last:,.4g} | {self.peak:,.4g} "
            f"| {self.slope:+.3g} | {bound} | {verdict} |"
        )


def judge_growth(days: Sequence[Figures], find_bound: Callable[[str], Bound]) -> list[Growth]:
    """Return each figure of the days with its growth over the last ones."""
    found = []
    for name in sorted({name for day in days for name in day}):
        values = [day.get(name, 0.0) for day in days]
        found.append(
            Growth(
                name=name, first=values[0], last=values[-1], peak=max(values),
                slope=compute_slope(values[-_JUDGED_DAYS:]), bound=find_bound(name),
            )
        )  # fmt: skip
    return found
