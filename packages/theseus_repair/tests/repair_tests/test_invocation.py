"""Test commands are understood: pytest in its many forms, and everything else as a shell line."""

import sys
from pathlib import Path

import pytest
from theseus_repair.invocation import pytest_invocation


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    (tmp_path / "tests").mkdir()
    (tmp_path / "package").mkdir()
    for name in ("tests/test_a.py", "package/__init__.py", "package/test_b.py"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("command", "tests", "options"),
    [
        (f"{sys.executable} -m pytest -q tests/test_a.py::test_x", ["tests/test_a.py::test_x"], []),
        ("pytest -x -vv --tb=short tests", ["tests"], []),
        ("pytest --maxfail 1 -n 4 tests -m 'a and not b'", ["tests"], ["-m", "a and not b"]),
        ("pytest", [], []),
        ("pytest -W error 'tests/test_a.py::test_x[1-a]'", ["tests/test_a.py::test_x[1-a]"],
         ["-W", "error"]),
        ("python -m unittest tests.test_a.Case.test_x", ["tests/test_a.py::Case::test_x"], []),
        ("python -m unittest", ["package/test_b.py"], []),
        ("python -m unittest discover -v -s tests", ["tests/test_a.py"], []),
        ("python -m unittest discover tests -b", ["tests/test_a.py"], []),
        ("python -m unittest discover -p '*_b.py'", ["package/test_b.py"], []),
    ],
)  # fmt: skip
def test_a_pytest_command_is_taken_apart(
    repo: Path, command: str, tests: list[str], options: list[str]
) -> None:
    invocation = pytest_invocation(command, repo)

    assert invocation is not None
    assert (list(invocation.tests), list(invocation.options)) == (tests, options)


@pytest.mark.parametrize(
    ("command", "named"),
    [("pytest -k 'a and not b' tests", ("-k", "a and not b")), ("pytest -kab tests", ("-kab",))],
)
def test_what_chooses_tests_by_their_names_stands_apart(
    repo: Path, command: str, named: tuple[str, ...]
) -> None:
    invocation = pytest_invocation(command, repo)

    assert invocation is not None
    assert (invocation.tests, invocation.options, invocation.named) == (("tests",), (), named)
    assert " ".join((*named, "tests")) in " ".join(invocation.argv)


def test_what_is_set_for_the_tests_is_kept(repo: Path) -> None:
    invocation = pytest_invocation("PYTHONPATH=src LEVEL='a b' python -m pytest tests", repo)

    assert invocation is not None
    assert invocation.environment == ("PYTHONPATH=src", "LEVEL=a b")
    assert invocation.argv[:3] == ["env", "PYTHONPATH=src", "LEVEL=a b"]


@pytest.mark.parametrize(
    "command",
    [
        "make test",
        "cd sub && pytest",
        "A=1 make test",
        "A=$B pytest",
        "python check.py",
        "pytest | tee log",
        "sh -c '",
        "poetry run pytest",
        "python -m unittest discover -s nowhere",
        "python -m unittest discover -s",
        "python -m unittest discover ..",
    ],
)
def test_anything_else_is_left_to_the_shell(repo: Path, command: str) -> None:
    assert pytest_invocation(command, repo) is None


@pytest.mark.parametrize("program", ["uv", "poetry", "pdm"])
def test_what_runs_a_program_of_the_environment_beside_is_looked_through(
    repo: Path, program: str
) -> None:
    (repo / ".venv/bin").mkdir(parents=True)
    for name in ("python", "pytest"):
        (repo / ".venv/bin" / name).touch(mode=0o755)

    for command in (f"{program} run pytest -q tests", f"{program} run python -m pytest tests"):
        invocation = pytest_invocation(command, repo)

        assert invocation is not None
        assert invocation.python == str(repo / ".venv/bin/python")
        assert invocation.tests == ("tests",)
