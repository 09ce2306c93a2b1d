"""Test commands are understood: pytest in its many forms, and everything else as a shell line."""

import sys
from pathlib import Path

import pytest

from bot.repair.invocation import pytest_invocation


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_a.py").write_text("")
    return tmp_path


@pytest.mark.parametrize(
    ("command", "tests", "options"),
    [
        (f"{sys.executable} -m pytest -q tests/test_a.py::test_x", ["tests/test_a.py::test_x"], []),
        ("pytest -x -vv --tb=short tests", ["tests"], []),
        ("pytest --maxfail 1 -n 4 tests -k 'a and not b'", ["tests"], ["-k", "a and not b"]),
        ("pytest", [], []),
        ("pytest -W error 'tests/test_a.py::test_x[1-a]'", ["tests/test_a.py::test_x[1-a]"],
         ["-W", "error"]),
        ("python -m unittest tests.test_a.Case.test_x", ["tests/test_a.py::Case::test_x"], []),
    ],
)  # fmt: skip
def test_a_pytest_command_is_taken_apart(
    repo: Path, command: str, tests: list[str], options: list[str]
) -> None:
    invocation = pytest_invocation(command, repo)

    assert invocation is not None
    assert (list(invocation.tests), list(invocation.options)) == (tests, options)


@pytest.mark.parametrize(
    "command",
    [
        "make test",
        "cd sub && pytest",
        "A=1 pytest",
        "python check.py",
        "pytest | tee log",
        "sh -c '",
    ],
)
def test_anything_else_is_left_to_the_shell(repo: Path, command: str) -> None:
    assert pytest_invocation(command, repo) is None
