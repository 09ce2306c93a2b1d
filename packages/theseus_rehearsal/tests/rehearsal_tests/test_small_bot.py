"""A small bot is run for real, with no code of Theseus: the command, a comparison, and pytest."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from rehearsal_tests.git_repository import commit
from rehearsal_tests.small_tree import FILES, write_small_tree

pytestmark = pytest.mark.slow


class Project:
    """A repository with the small bot: `older` rolls, and `newer` has another sentence."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        commit(folder, {".gitignore": "__pycache__\n", "pytest.ini": "[pytest]\n"})
        write_small_tree(folder)
        self.older = commit(folder, {})
        self.newer = commit(
            folder, {"cogs/dice.py": FILES["cogs/dice.py"].replace("You roll", "It is")}
        )

    def run(self, module: str, *words: str, status: int) -> str:
        # A bare environment, except for the packages of this checkout.
        done = subprocess.run(
            [sys.executable, "-m", module, *words], cwd=self.folder, capture_output=True, text=True,
            check=False, env={"PATH": os.environ["PATH"], "PYTHONPATH": ":".join(sys.path)},
        )  # fmt: skip
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    def rehearse(self, *words: str, status: int) -> str:
        options = ("--unconfined", "--script", "roll.yaml")
        return self.run("theseus_rehearsal", *options, *words, status=status)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("small") / "project")


def test_a_commit_is_run_and_gives_the_same_result_each_time(project: Project) -> None:
    output = project.rehearse("--commit", project.older, "--repeat", "2", status=0)
    assert "1     alice  /roll sides:6   dev: You roll " in output
    assert output.endswith("All 2 runs gave the same result.\nNo errors.\n")


def test_two_commits_are_compared(project: Project) -> None:
    words = ("--commit", project.newer, "--compare", project.older)
    output = project.rehearse(*words, status=1)
    assert "  before  dev: You roll " in output
    assert "  after   dev: It is " in output
    assert output.endswith(": 2 of 2 answers change.\n")


def test_a_printed_transcript_is_a_test_that_fails_when_answers_change(project: Project) -> None:
    replays = project.folder / "replays"
    replays.mkdir()
    transcript = project.rehearse("--commit", project.newer, "--yaml", status=0)
    (replays / "roll.yaml").write_text(transcript)
    plugins = ("-p", "theseus_rehearsal.pytest_plugin", "-p", "no:cacheprovider")
    words = (*plugins, "--replays", "replays")
    assert "1 passed" in project.run("pytest", *words, status=0)
    cog = project.folder / "cogs/dice.py"
    cog.write_text(cog.read_text().replace("It is", "You get"))
    output = project.run("pytest", *words, status=1)
    assert "\n-    dev: It is " in output
    assert "\n+    dev: You get " in output
