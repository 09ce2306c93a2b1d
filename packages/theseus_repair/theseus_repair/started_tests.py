"""Finds the tests that an opaque command ran, from the notes about the programs it started."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from theseus_repair._test_start import NOTED
from theseus_repair.invocation import Invocation, enter_folder, parse_invocation

_OURS = {NOTED, "THESEUS_REPAIR", "PYTHONDONTWRITEBYTECODE"}


def find_started_tests(notes: str, ran_in: Path, support: Path, tree: Path) -> Invocation | None:
    """Return the test command that was started last in `ran_in`, as one for the copy `tree`.

    `notes` are from `note_test_start`; `support` is the folder that made it run. Return `None` if
    no test command was started there.
    """
    lines = notes.splitlines()
    if not lines:
        return None
    last = json.loads(lines[-1].replace(str(ran_in), str(tree)))
    at, tree = Path(last["folder"]).resolve(), tree.resolve()
    if not at.is_relative_to(tree):
        return None
    environment = tuple(_iterate_changed(last["environment"], str(support)))
    started = parse_invocation([last["python"], *last["words"]], at, environment)
    return started and enter_folder(at.relative_to(tree).as_posix(), started)


def _iterate_changed(environment: Mapping[str, str], support: str) -> Iterator[str]:
    """Yield the variables that the command set, as `NAME=value`."""
    for name, value in environment.items():
        if name == "PYTHONPATH":
            value = os.pathsep.join(each for each in value.split(os.pathsep) if each != support)
        if name not in _OURS and value != os.environ.get(name, ""):
            yield f"{name}={value}"
