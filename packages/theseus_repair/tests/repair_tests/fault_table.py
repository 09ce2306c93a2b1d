"""Reads the table of small faulty modules in `faults/*.txt`.

A case is `##### name`, the right source, then `=== old` and `=== new` (the fault is planted by
replacing one by the other), `=== tests` (shown to the engine) and `=== held out` (not shown).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet
from repair_tests.repositories import PYTEST_OPTIONS

FOLDER = Path(__file__).with_name("faults")
EXHAUSTIVE = pytest.mark.exhaustive


@dataclass(frozen=True)
class Fault:
    """One case of the table; all fields are texts."""

    name: str
    right: str
    faulty: str
    tests: str
    held_out: str

    def write_project(self, folder: Path) -> None:
        """Write the faulty module and its tests as a small project."""
        (folder / "subject.py").write_text(self.faulty)
        (folder / "test_subject.py").write_text(self.tests)
        (folder / "pyproject.toml").write_text(PYTEST_OPTIONS)


def read_faults() -> list[Fault]:
    """Return all cases, in the order of the files."""
    cases = []
    for file in sorted(FOLDER.glob("*.txt")):
        for part in file.read_text().split("##### ")[1:]:
            cases.append(_read(part))
    return cases


def _read(part: str) -> Fault:
    name, rest = part.split("\n", 1)
    right, old, new, tests, held_out = (
        rest.replace("=== old\n", "\0").replace("=== new\n", "\0")
        .replace("=== tests\n", "\0").replace("=== held out\n", "\0").split("\0")
    )  # fmt: skip
    old, new = old.rstrip("\n"), new.rstrip("\n")
    if right.count(old) != 1:
        raise ValueError(f"{name}: the old text is there {right.count(old)} times")
    return Fault(name, right, right.replace(old, new), tests, held_out.rstrip("\n") + "\n")


def choose_parameters(values: Iterable[object], *, each: int) -> list[ParameterSet]:
    """Return all values as parameters; one in `each` is always run with."""
    return [
        pytest.param(value, marks=() if number % each == 0 else EXHAUSTIVE)
        for number, value in enumerate(values)
    ]
