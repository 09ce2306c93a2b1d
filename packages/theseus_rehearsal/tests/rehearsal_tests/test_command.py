"""`theseus-rehearse`: wrong input is reported in a sentence before anything runs."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rehearsal_tests.git_repository import commit, run_git
from theseus_rehearsal.cli.main import build_app
from theseus_rehearsal.errors import RehearsalError
from theseus_rehearsal.repository import Repository
from theseus_rehearsal.trees import find_objection
from typer.testing import CliRunner

GOOD, BAD = "- command: /roll dice:2d6\n", "- comand: /roll\n"
THESEUS = {
    "bot/client/__init__.py": "import discord\n",
    "bot/telemetry/__init__.py": "",
    "bot/domain/people.py": "",
}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    commit(tmp_path / "shop", {"cogs/dice.py": "x = 1\n", **THESEUS})
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "bad.yaml").write_text(BAD)
    (tmp_path / "cog.yaml").write_text(f"world: {{cogs: [dise]}}\nsteps:\n{GOOD}")
    (tmp_path / "folder").mkdir()
    run_git(tmp_path, "init", "-q", "--bare", "bare.git")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "shop"


def _wrong() -> Iterator[tuple[str, str]]:
    good = "--script good.yaml"
    yield f"--commit nothing {good}", "--commit: there is no revision 'nothing'"
    yield f"--commit --output=x {good}", "--commit: there is no revision '--output=x'"
    yield f"--commit HEAD {good} --compare gone", "--compare: there is no revision 'gone'"
    yield f"--commit HEAD {good} --compare HEAD --repeat 2", "--compare and --repeat: use only one"
    yield f"--commit HEAD {good} --yaml --json", "--yaml and --json: use only one"
    yield f"--commit HEAD {good} --compare HEAD --since HEAD", "--compare and --since: use only one"
    yield f"--commit HEAD {good} --repeat 2 --least", "--repeat and --least: use only one"
    yield f"--commit HEAD {good} --repair --least", "--least and --repair: use only one"
    yield f"--commit HEAD {good} --others folder", "only --repair uses them; add it"
    yield f"--commit HEAD {good} --repair --others gone", "--others: gone is no folder"
    yield "--commit HEAD --repair", "--repair: name the script that fails with --script"
    yield "--commit HEAD --script cog.yaml", "no cog `dise` (uncommitted files are not used); did"
    yield "--commit HEAD --script none.yaml", "--script none.yaml: No such file or directory; name"
    yield "--commit HEAD --script folder", "--script folder: Is a directory; name a YAML file"
    yield "--commit HEAD --script bad.yaml", "bad.yaml, line 1: step 1: `comand` is not a step; did"
    yield f"--commit HEAD {good} --repo folder", "--repo: folder is not in a git repository"
    yield f"--commit HEAD {good} --repo nowhere", "--repo: nowhere is no folder"
    yield f"--commit HEAD {good} --start make", "--start: `make` is no start of a Python program"
    yield f"--commit HEAD {good} --start x.py", "--start: commit"
    yield f"--commit HEAD {good} --start cogs/dice.py --python none", "--python: none is no Python"
    yield f"--commit HEAD {good} --start cogs/dice.py --files none", "--files: none is no folder"
    yield f"--commit HEAD {good} --repo bare.git", "bare.git has no checked-out files; use a clone"


@pytest.mark.parametrize(("words", "message"), list(_wrong()))
def test_wrong_input_is_named(shop: Path, words: str, message: str) -> None:
    done = CliRunner().invoke(build_app(), ["--repo", "shop", *words.split()])
    assert isinstance(done.exception, RehearsalError)
    assert message in str(done.exception)


def test_without_bubblewrap_nothing_runs(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "git").symlink_to(Path("/usr/bin/git"))
    monkeypatch.setenv("PATH", str(programs))
    words = ["--repo", "shop", "--commit", "HEAD", "--script", "good.yaml"]
    done = CliRunner().invoke(build_app(), words)
    assert isinstance(done.exception, RehearsalError)
    assert "bubblewrap is not installed" in str(done.exception)


def test_a_repository_without_a_discord_bot_is_refused(tmp_path: Path) -> None:
    files = {"app.py": "import discordance\n", "notes.txt": "import discord\n"}
    plain = commit(tmp_path / "plain", files)
    objection = find_objection(Repository.open(tmp_path / "plain"), plain)
    assert objection == (
        f"no discord.py bot found in commit {plain[:7]}: no Python file imports discord."
    )


def test_a_bot_of_another_library_is_refused(tmp_path: Path) -> None:
    other = commit(tmp_path / "other", {"main.py": "import nextcord\n"})
    objection = find_objection(Repository.open(tmp_path / "other"), other)
    assert objection == f"the bot of commit {other[:7]} does not use discord.py (main.py)."


def test_theseus_needs_a_script(shop: Path) -> None:
    done = CliRunner().invoke(build_app(), ["--repo", "shop", "--commit", "HEAD"])
    assert str(done.exception).startswith("--script: name a script.")


def test_a_refusal_ends_the_program_with_code_2(tmp_path: Path) -> None:
    commit(tmp_path / "plain", {"app.py": "x = 1\n", "s.yaml": GOOD})
    done = subprocess.run(
        [sys.executable, "-m", "theseus_rehearsal", "--commit", "HEAD", "--script", "s.yaml"],
        cwd=tmp_path / "plain", capture_output=True, text=True, check=False,
        env={"PYTHONPATH": ":".join(sys.path), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("theseus-rehearse: no discord.py bot found in commit ")
