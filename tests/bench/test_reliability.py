"""Faults strike where they are said to, at points that come from a recording."""

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.reliability.points import (
    KILLS,
    EffectLog,
    FaultPoint,
    Strike,
    build_points,
    choose_points,
    remove_ids,
)

ROOT = Path(__file__).resolve().parents[2]
CHILD = """
import signal, sqlite3, subprocess, sys
from pathlib import Path
from tests.support.reliability.points import EffectLog
from tests.support.reliability.process_observer import ProcessObserver

home = Path(sys.argv[1])
ProcessObserver(EffectLog(home), home).install()
connection = sqlite3.connect(home / "state.sqlite3", isolation_level=None)
connection.execute("CREATE TABLE kept (number INTEGER)")
for number in (1, 2):
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO kept VALUES (?)", (number,))
    connection.execute("COMMIT")
try:
    (home / "note.txt").write_text("kept")
except OSError as error:
    sys.exit(f"{error.errno}")
subprocess.run(["touch", home / "touched"], check=True)
if sys.argv[2:]:
    signal.pause()  # a thread kills
"""
COMMIT, NOTE, TOUCH = "state state.sqlite3: kept", "file write note.txt", "program touch"


def run_child(
    home: Path, *points: FaultPoint, stays: bool = False
) -> subprocess.CompletedProcess[bytes]:
    """Run a program that writes a state, a file and starts a program, with faults.

    If it `stays`, it does not end by itself.
    """
    EffectLog(home).begin(points)
    command = [sys.executable, "-c", CHILD, str(home), *["stay"][:stays]]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False)


def count_kept(home: Path) -> int:
    """Return how many rows were committed."""
    with sqlite3.connect(home / "state.sqlite3") as connection:
        return int(connection.execute("SELECT count(*) FROM kept").fetchone()[0])


@pytest.mark.parametrize(
    ("point", "rows", "files"),
    [
        (FaultPoint(COMMIT, 2, Strike.KILL_BEFORE), 1, ()),
        (FaultPoint(COMMIT, 1, Strike.KILL_AFTER), 1, ()),
        (FaultPoint(NOTE, 1, Strike.KILL_AFTER), 2, ("note.txt",)),
        (FaultPoint(TOUCH, 1, Strike.KILL_AFTER), 2, ("note.txt", "touched")),
    ],
    ids=str,
)
def test_a_process_is_killed_at_the_effect_and_nowhere_else(
    point: FaultPoint, rows: int, files: tuple[str, ...], tmp_path: Path
) -> None:
    ended = run_child(tmp_path, point, stays=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert count_kept(tmp_path) == rows
    assert {each.name for each in tmp_path.iterdir()} & {"note.txt", "touched"} == set(files)
    assert not EffectLog(tmp_path).is_waiting


def test_a_run_is_recorded_and_an_error_is_raised_where_the_system_would(tmp_path: Path) -> None:
    assert run_child(tmp_path).returncode == 0
    assert EffectLog(tmp_path).read() == [COMMIT, COMMIT, NOTE, TOUCH]
    home = tmp_path / "full"
    home.mkdir()
    ended = run_child(home, FaultPoint(NOTE, 1, Strike.NO_SPACE))
    assert (ended.returncode, ended.stderr) == (1, b"28\n")
    assert not (home / "note.txt").exists()


def test_points_come_from_the_recorded_effects_and_few_are_spread_over_their_kinds() -> None:
    points = build_points([COMMIT, COMMIT, "discord POST /channels/*/messages", TOUCH], KILLS)
    assert len(points) == 2 * 2 + 3 + 3
    assert points[2] == FaultPoint(COMMIT, 2, Strike.KILL_BEFORE)
    few = choose_points(points, 8)
    assert {(each.effect, each.strike) for each in few} == {
        (each.effect, each.strike) for each in points
    }
    assert choose_points(points, None) == points
    assert len(choose_points(points, 3)) == 3


def test_a_name_has_no_ids() -> None:
    path = "/channels/1153/messages/1154/reactions/👀/@me"
    assert remove_ids(path) == "/channels/*/messages/*/reactions/👀/@me"
