"""`theseus repair` on complete repositories: fixes, limits, and error messages."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from repair_tests.repositories import PYTEST_OPTIONS, write
from theseus_repair.clock import MachineClock
from theseus_repair.command import repair
from theseus_repair.errors import RepairError
from theseus_repair.model import Label
from theseus_repair.report import RepairReport

pytestmark = pytest.mark.usefixtures("few_plugins")

GOOD = """\
def page(items, number, size=3):
    start = (number - 1) * size
    return items[start : start + size]
"""
BROKEN = """\
def page(items, number, size=3):
    start = number * size
    return items[start : start + size]


def pages(items, size=3):
    return -(-len(items) // size)
"""
TESTS = """\
from shop import page, pages


def test_pages():
    assert pages([1, 2, 3, 4]) == 2


def test_page():
    assert page([1, 2, 3, 4], 1) == [1, 2, 3]
"""
UNIT = """\
import unittest

from shop import page


class Case(unittest.TestCase):
    def test_page(self):
        self.assertEqual(page([1, 2, 3, 4], 1), [1, 2, 3])
"""


def git(folder: Path, *words: str) -> None:
    person = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    command = [shutil.which("git") or "git", *person, *words]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """Return a repository whose last commit adds a function and breaks another one."""
    folder = tmp_path / "shop"
    (folder / "tests").mkdir(parents=True)
    git(folder, "init", "-q")
    (folder / "pyproject.toml").write_text(PYTEST_OPTIONS)
    (folder / "shop.py").write_text(GOOD)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Start")
    git(folder, "commit", "-qm", "Empty", "--allow-empty")
    (folder / "shop.py").write_text(BROKEN)
    (folder / "tests/test_shop.py").write_text(TESTS)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Count pages")
    return folder


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def repaired(
    repo: Path, test: str, *, apply: bool = False, accept: Label = "plausible"
) -> RepairReport:
    return await repair(
        repo, test, seconds=60, apply=apply, accept=accept, clock=MachineClock(), redact=redact
    )


def redact(text: str) -> str:
    """Take out tokens of one kind, as a redactor takes out all secrets."""
    return re.sub(r"ghp_\w+", "[redacted]", text)


@pytest.mark.slow
async def test_only_the_faulty_line_of_a_commit_is_undone_and_the_repository_is_left_alone(
    repo: Path,
) -> None:
    before = contents(repo)

    report = await repaired(repo, "python -m pytest -q tests/test_shop.py::test_page")

    assert report.repaired
    assert (report.kind, report.file) == ("revert", "shop.py")
    assert "-    start = number * size\n+    start = (number - 1) * size\n" in report.diff
    assert "pages" not in "".join(line for line in report.diff.splitlines() if line[0] in "+-")
    assert json.loads(json.dumps(report.to_json()))["failing"] == ["tests/test_shop.py::test_page"]
    assert contents(repo) == before


@pytest.mark.slow
@pytest.mark.parametrize("tests", ["", " tests", " -k test_page"])
async def test_with_apply_the_fix_is_written_to_the_repository(repo: Path, tests: str) -> None:
    report = await repaired(repo, f"pytest -q{tests}", apply=True)

    assert report.applied
    assert "The failing test passes now, and the passing test still passes." in report.explanation
    assert "start = (number - 1) * size" in (repo / "shop.py").read_text()
    assert "def pages" in (repo / "shop.py").read_text()


@pytest.mark.slow
async def test_any_shell_command_can_be_the_test(repo: Path) -> None:
    (repo / "check.py").write_text("import shop\nassert shop.page([1, 2], 1, 1) == [1]\n")

    report = await repaired(repo, "python -m pytest -q -k pages && python check.py")

    assert report.repaired
    assert (report.file, len(report.failing)) == ("shop.py", 1)
    assert "check.py" in report.failing[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "failing"),
    [
        ("-m pytest -q tests", "tests/test_shop.py::test_page"),
        ("-m unittest tests/unit.py", "tests/unit.py::Case::test_page"),
    ],
)
async def test_the_tests_that_a_command_starts_are_looked_into(
    repo: Path, program: str, failing: str
) -> None:
    (repo / "tests/unit.py").write_text(UNIT)
    (repo / "tests/conftest.py").write_text('import os\n\nassert os.environ["SIZE"] == "3"\n')
    (repo / "check.sh").write_text(f"set -e\nSIZE=3 {sys.executable} {program}\n")

    report = await repaired(repo, "sh check.sh")

    assert report.repaired
    assert report.failing == (failing,)


@pytest.mark.slow
async def test_tests_of_a_folder_are_looked_into_where_they_run(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "part/lib/shop.py": BROKEN,
            "part/tests/test_shop.py": f"assert __import__('os').path.exists('lib')\n{TESTS}",
            "part/pyproject.toml": PYTEST_OPTIONS,
            "Makefile": f"test:\n\tcd part && PYTHONPATH=lib {sys.executable} -m pytest -q\n",
        },
    )

    report = await repaired(tmp_path, "make test", apply=True)

    assert report.failing == ("part/tests/test_shop.py::test_page",)
    assert "and the passing test still passes" in report.explanation
    assert "start = (number - 1) * size" in (tmp_path / "part/lib/shop.py").read_text()


@pytest.mark.slow
async def test_what_the_command_runs_says_what_is_right_and_is_never_changed(
    tmp_path: Path,
) -> None:
    (tmp_path / "m.py").write_text("def f(a, b):\n    return a - b\n")
    (tmp_path / "t.py").write_text("from m import f\n\nassert f(2, 3) == 5\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "Start")
    report = await repaired(tmp_path, "python ./t.py")
    assert report.file in ("m.py", None)
    assert "t.py" not in report.diff


@pytest.mark.slow
async def test_a_fault_beyond_its_reach_is_admitted_with_what_was_tried(repo: Path) -> None:
    (repo / "shop.py").write_text("def page(items, number, size=3):\n    return 7\n")
    (repo / "tests/test_shop.py").write_text(
        "from shop import page\n\n\ndef test_page():\n    assert page(list('abc'), 1) == 'q'\n"
    )

    report = await repaired(repo, "pytest -q")

    assert not report.repaired
    assert (report.diff, report.file) == ("", None)
    assert report.tried > 0
    assert "Tried" in report.explanation


@pytest.mark.parametrize(
    ("test", "file", "words"),
    [
        ("pytest -q tests/test_shop.py::test_pages", None, "passes already"),
        ("pytest -q tests/nowhere.py", None, "name a failing test"),
        ("no-such-program --now", None, "was not found"),
        ("pytest 'tests", None, "is not a valid shell command"),
        (" ", None, "--test is empty"),
        ("pytest -q", "nowhere.py", "there is no such file"),
        ("pytest -q", "tests/test_shop.py", "not a test"),
    ],
)
async def test_what_is_wrong_with_the_call_is_said_clearly(
    repo: Path, test: str, file: str | None, words: str
) -> None:
    with pytest.raises(RepairError, match=words):
        await repair(repo, test, file=file, clock=MachineClock())


@pytest.mark.parametrize("seconds", [0.0, -5.0, float("nan"), float("inf")])
async def test_a_time_that_is_no_number_of_seconds_is_refused(
    tmp_path: Path, seconds: float
) -> None:
    with pytest.raises(RepairError, match="a number of seconds above 0"):
        await repair(tmp_path, "pytest", seconds=seconds, clock=MachineClock())


@pytest.mark.parametrize(
    ("files", "seen"),
    [
        ({"index.js": "x\n"}, "no Python file"),
        (
            {"tests/test_it.py": "def test_it():\n    assert 0\n"},
            "1 Python files, all of them tests",
        ),
    ],
)
def test_a_repository_without_python_code_is_refused_with_exit_code_2(
    tmp_path: Path, files: dict[str, str], seen: str
) -> None:
    write(tmp_path, files)
    command = ["-m", "theseus_repair", "--repo", str(tmp_path), "--test", "false"]
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    first, second = done.stderr.splitlines()
    assert "not in a git repository, so no suspect changes are known" in first
    assert f"{seen}; the search changes Python code only" in second


async def test_a_repository_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RepairError, match="no such folder"):
        await repair(tmp_path / "gone", "pytest", clock=MachineClock())


@pytest.mark.slow
async def test_two_faults_that_have_nothing_to_do_with_each_other_are_both_mended(
    tmp_path: Path,
) -> None:
    (tmp_path / "m.py").write_text(
        "def total(prices, discount):\n    return sum(prices) + discount\n\n\n"
        "def last(items):\n    return items[len(items)]\n"
    )
    (tmp_path / "test_m.py").write_text(
        "from m import last, total\n\n\n"
        "def test_total():\n    assert total([3, 4], 2) == 5\n\n\n"
        "def test_last():\n    assert last([1, 2]) == 2\n"
    )

    report = await repaired(tmp_path, "pytest -q")

    assert "+    return sum(prices) - discount\n" in report.diff
    assert "+    return items[len(items) - 1]\n" in report.diff
