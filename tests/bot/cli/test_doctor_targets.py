"""The doctor's checks of targets."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.cli.doctor.targets import look_at_targets
from bot.domain.finding import DoctorFinding
from bot.settings import Settings, load
from tests.fakes.foreign_bots import HYBRID_BOT
from tests.fakes.repositories import make_repository, run_git

CHECKS: dict[str, Any] = {"quick": [{"name": "lint", "command": ["ruff", "check"]}]}
COG = """\
from discord import app_commands


class Ping:
    @app_commands.command()
    async def {}(self, interaction): ...
"""
TOKEN = "MTk4NjIyNDgzNDcxOTI1MjQ4" + ".Cl2FMQ." + "ZnCjm1XVW7vRze4b7Cq4se7kKWs"


def load_settings(home: Path, *targets: dict[str, Any], command: str = "coinflip") -> Settings:
    """Return settings with these targets; `home` becomes a checkout with one cog."""
    config = json.dumps({"checks": CHECKS, "targets": targets})
    make_repository(home, {"data/config.yaml": config, "cogs/a.py": COG.format(command)})
    return load(home, {})


def describe(folder: Path, **changes: Any) -> dict[str, Any]:
    """Return the entry of a healthy target, but for these changes."""
    return {
        "name": folder.name,
        "repository": str(folder),
        "environment": {"kind": "requirements", "file": "requirements.txt", "python": "python3"},
        "start": {"file": "main.py"},
        "log": {"folder": "logs"},
        **changes,
    }


def make_bot(folder: Path, **files: str) -> Path:
    names = {name.replace("__", "."): text for name, text in files.items()}
    make_repository(folder, {**HYBRID_BOT, ".python-version": "", **names})
    (folder / "logs").mkdir()
    (folder / "logs/1.ndjson").write_text("{}\n")
    return folder


async def find_problems(settings: Settings) -> list[DoctorFinding]:
    findings = await look_at_targets(settings, report=None)
    return [each for each in findings if each.status == "bad"]


async def test_a_healthy_target_has_no_problem(tmp_path: Path) -> None:
    settings = load_settings(tmp_path / "home", describe(make_bot(tmp_path / "ada")))
    findings = await look_at_targets(settings, report=None)
    assert [(each.name, each.status) for each in findings] == [
        ("target ada", "good"),
        ("target ada: start", "good"),
        ("target ada: python", "good"),
        ("target ada: packages", "good"),
        ("target ada: journal", "good"),
    ]


async def test_without_targets_nothing_is_looked_at(tmp_path: Path) -> None:
    assert await look_at_targets(load_settings(tmp_path / "home"), report=None) == []


BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"repository": "nowhere"}, "There is no folder"),
    ({"repository": "https://example.org/bot.git"}, "Clone it: theseus adopt"),
    ({"branch": "release"}, "has no branch release"),
    ({"start": {"file": "start.py"}}, "git tracks no start.py"),
    ({"start": {"module": "welcome"}}, "git tracks no welcome.py"),
    ({"environment": {"python": "python9.9"}}, "python9.9 is not there"),
    ({"environment": {"kind": "none"}}, "whose cogs hide those of the bot"),
    (
        {"environment": {"kind": "poetry", "file": "poetry.lock", "python": "python3"}},
        "there is no poetry.lock",
    ),
    ({"log": {"folder": "journal"}}, "there is no folder"),
]


@pytest.mark.parametrize(("changes", "message"), BROKEN)
async def test_each_problem_is_named_with_the_way_out(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    folder = make_bot(tmp_path / "ada")
    settings = load_settings(tmp_path / "home", describe(folder, **changes))
    (problem,) = await find_problems(settings)
    assert message in problem.line
    assert problem.remedy


async def test_local_changes_are_a_problem(tmp_path: Path) -> None:
    folder = make_bot(tmp_path / "ada")
    (folder / "main.py").write_text("pass\n")
    (problem,) = await find_problems(load_settings(tmp_path / "home", describe(folder)))
    assert "1 changed file (main.py)" in problem.message


async def test_an_invalid_list_of_packages_is_named(tmp_path: Path) -> None:
    folder = make_bot(tmp_path / "ada", requirements__txt="-r base.txt\naiohttp ==\n# x\n")
    (problem,) = await find_problems(load_settings(tmp_path / "home", describe(folder)))
    assert "'aiohttp =='" in problem.message


async def test_a_token_in_the_source_is_reported_without_the_token(tmp_path: Path) -> None:
    folder = make_bot(tmp_path / "ada", keys__py=f"KEY = '{TOKEN}'\n")
    (problem,) = await find_problems(load_settings(tmp_path / "home", describe(folder)))
    assert "keys.py, line 1" in problem.message
    assert TOKEN not in problem.line


async def test_commands_that_several_bots_have_are_reported(tmp_path: Path) -> None:
    ada, bob = make_bot(tmp_path / "ada"), make_bot(tmp_path / "bob")
    run_git(bob, "rm", "-q", "cogs/owner.py")
    run_git(bob, "commit", "-q", "-m", "Remove")
    settings = load_settings(tmp_path / "home", describe(ada), describe(bob), command="ping")
    findings = await look_at_targets(settings, report=None)
    shared = [each.message for each in findings if each.name == "targets: same commands"]
    assert shared == [
        "ada, bob all have: Quote, config, games, purge, tag",
        "ada, bob, theseus all have: ping",
    ]
