"""The planted faults: an edit of a cog, how users meet it, and the scripts that judge its fix."""

import base64
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from theseus_rehearsal.records import Script

from bench.script_data import build_script, read_data
from bot.demo.faults import PlantedFault

DATA = ("planted_faults.yaml", "more_planted_faults.yaml")
_AUTHORS = ("Robin", "Kim", "Sasha")
_QUOTES = "quotes"


class Fault(NamedTuple):
    """One planted fault.

    `edits` are pairs of a text that occurs once in `file` (below the repository) and its
    replacement. `trigger` is how users meet the fault, `says` the report of one of them. `judge`
    are scripts; a fix is right if their answers equal those of the code without the edits.
    """

    kind: str
    name: str
    file: str
    edits: tuple[tuple[str, str], ...]
    commit: str
    trigger: Script
    report: str
    judge: tuple[Script, ...]

    @property
    def cog(self) -> str:
        """Return the name of the cog it is in."""
        return Path(self.file).stem

    def plant_in(self, source: str) -> str:
        """Return the file's text with the fault. Raises `ValueError` where an edit does not fit."""
        for before, after in self.edits:
            if source.count(before) != 1:
                times = source.count(before)
                raise ValueError(f"{self.name}: this stands in {self.file} {times} times: {before}")
            source = source.replace(before, after)
        return source

    @property
    def change(self) -> PlantedFault:
        """Return it as what a demo plants and shows to people."""
        return PlantedFault(
            name=self.name, file=self.file, replacements=self.edits, message=self.commit,
            author=_AUTHORS[len(self.name) % len(_AUTHORS)], kind=self.kind, breaks=self.report,
            steps=(), report=self.report, error="", function="", arguments=(),
        )  # fmt: skip


def read_faults() -> tuple[Fault, ...]:
    """Return every planted fault. Raises `ValueError` for what is not as the file's head says."""
    return tuple(
        _parse_fault(kind, name, about)
        for kind, named in chain.from_iterable(read_data(file).items() for file in DATA)
        for name, about in named.items()
    )


def _parse_fault(kind: str, name: str, about: Mapping[str, Any]) -> Fault:
    world = about.get("world", {})
    scripts = [{"steps": each} if isinstance(each, list) else each for each in about["judge"]]
    return Fault(
        kind=kind,
        name=name,
        file=f"cogs/{about['file']}.py",
        edits=tuple(_parse_hunks(about["edit"])),
        commit=about["commit"],
        trigger=_build_script(about["file"], world, about["trigger"]),
        report=about["says"],
        judge=tuple(
            _build_script(about["file"], each.get("world", world), each["steps"])
            for each in scripts
        ),
    )


def _parse_hunks(text: str) -> Iterator[tuple[str, str]]:
    """Yield the old and the new text of each hunk of a small diff."""
    for hunk in text.split("@@\n")[1:]:
        lines = hunk.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] in " -")
        yield before, "".join(line[1:] for line in lines if line[0] in " +")


def _build_script(cog: str, world: Mapping[str, Any], steps: Sequence[Any]) -> Script:
    world = dict(world)
    tables = world.pop("tables", {})
    files = {name: {"base64": _build_database(sql)} for name, sql in tables.items()}
    return build_script(cog, {"world": {**world, "files": files}, "steps": steps})


def _build_database(sql: str) -> str:
    """Return an SQLite file of these statements, as base64."""
    with sqlite3.connect(":memory:") as made:
        made.executescript(sql)
    return base64.b64encode(made.serialize()).decode()
