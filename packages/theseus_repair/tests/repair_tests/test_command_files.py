"""What a shell command is about is read from its output; else from what the tests import."""

from pathlib import Path

import pytest
from theseus_repair.command_files import find_command_files
from theseus_repair.model import Crash, TraceFrame
from theseus_repair.runner import RunResult
from theseus_repair.runner import TestRecord as Record


def failed(output: str, *frames: TraceFrame) -> RunResult:
    record = Record("command", "failed", crash=Crash("AssertionError", "", frames))
    return RunResult((record,), code=1, output=output)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a tree with a part and its tests, another part, and a script that judges."""
    (tmp_path / "part").mkdir()
    (tmp_path / "part/calc.py").write_text("from .rates import RATE\n")
    (tmp_path / "part/rates.py").write_text("RATE = 2\n")
    (tmp_path / "part/test_calc.py").write_text("from calc import total\n")
    (tmp_path / "other.py").write_text("A = 1\n")
    (tmp_path / "check.py").write_text("import other\n")
    return tmp_path


def test_the_files_that_pytest_names_lead_to_what_they_import(tree: Path) -> None:
    output = "test_calc.py:5: AssertionError\nFAILED test_calc.py::test_total - assert 5 == 7"
    files = find_command_files(tree, "cd part && pytest -q", failed(output))
    assert files.suspected == ("part/calc.py", "part/rates.py")
    assert files.judging == frozenset()


def test_where_the_output_names_none_the_tests_say_what_is_looked_at(tree: Path) -> None:
    files = find_command_files(tree, "make test", failed("make: *** [Makefile:2: test] Error 1"))
    assert files.suspected == ("part/calc.py", "part/rates.py")


def test_a_script_that_the_command_runs_is_not_changed_though_it_is_not_named(tree: Path) -> None:
    frame = TraceFrame("check.py", 3, "<module>")
    files = find_command_files(tree, "./run_tests.sh", failed('  File "check.py", line 3', frame))
    assert set(files.suspected) == {"check.py", "other.py"}
    assert files.judging == {"check.py"}


def test_where_there_is_nothing_but_the_script_it_may_be_at_fault(tree: Path) -> None:
    (tree / "alone").mkdir()
    (tree / "alone/alone.py").write_text("assert 1 + 1 == 3\n")
    frame = TraceFrame("alone.py", 1, "<module>")
    files = find_command_files(tree / "alone", "python alone.py", failed("", frame))
    assert files == (("alone.py",), frozenset())
