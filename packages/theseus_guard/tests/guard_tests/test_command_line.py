"""`theseus-guard` as a program, on repositories of any kind."""

import json
import subprocess
import sys
from pathlib import Path

from guard_tests.repositories import commit, make_repository

SHOP = {"shop/cart.py": "def total(prices):\n    return sum(prices)\n"}


def run_guard(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "theseus_guard", "--repo", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_harmless_change_passes_and_the_program_says_what_it_sees(tmp_path: Path) -> None:
    base = make_repository(tmp_path / "shop", {**SHOP, "tests/test_cart.py": "X = 1\n"})
    commit(tmp_path / "shop", {"shop/cart.py": "def total(prices):\n    return 0\n"})
    done = run_guard(tmp_path / "shop", "--base", base, "--head", "HEAD")
    assert (done.returncode, done.stdout) == (
        0, "1 changed files (1 free), 0 findings, 0 blocking.\n",
    )  # fmt: skip
    assert "shop: 2 files at base (2 Python files, 1 of them tests); the general" in done.stderr


def test_a_closed_file_blocks_the_change_with_exit_code_1(tmp_path: Path) -> None:
    base = make_repository(tmp_path, SHOP)
    commit(tmp_path, {".env": "A=1\n", "Makefile": "test:\n"})
    done = run_guard(tmp_path, "--base", base, "--head", "HEAD", "--json")
    found = json.loads(done.stdout)
    blocking = [each["path"] for each in found["findings"] if each["blocking"]]
    assert (done.returncode, blocking) == (1, [".env"])
    assert found["classes"] == {".env": "never", "Makefile": "review"}


def test_a_repository_without_python_files_is_checked_and_described(tmp_path: Path) -> None:
    base = make_repository(tmp_path, {"index.js": "x\n"})
    commit(tmp_path, {"index.js": "y\n"})
    done = run_guard(tmp_path, "--base", base, "--head", "HEAD")
    assert (done.returncode, "1 files at base (no Python file)" in done.stderr) == (0, True)


def test_a_folder_without_git_is_refused_with_exit_code_2(tmp_path: Path) -> None:
    done = run_guard(tmp_path, "--base", "HEAD", "--head", "HEAD")
    assert (done.returncode, done.stdout) == (2, "")
    assert "is not in a git repository" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_revision_and_an_unknown_file_are_refused(tmp_path: Path) -> None:
    base = make_repository(tmp_path, SHOP)
    unknown = run_guard(tmp_path, "--base", "nothing", "--head", "HEAD")
    assert (unknown.returncode, "no revision 'nothing'" in unknown.stderr) == (2, True)
    named = run_guard(tmp_path, "--base", base, "--head", "HEAD", "--named", "shop/crat.py")
    assert (named.returncode, "did you mean shop/cart.py?" in named.stderr) == (2, True)
