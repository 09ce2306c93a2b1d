"""The doctor runs the full checks once for a commit and environment, and says what they find."""

from pathlib import Path

import pytest
import yaml

from bot.cli.doctor.checks import look_at_checks
from bot.settings import Settings, load
from tests.fakes.repositories import make_repository, run_git

ROOT = Path(__file__).resolve().parents[3]
FULL = [
    {"name": "there", "command": ["python", "-c", "open('cogs.txt')"], "seconds": 30},
    {"name": "types", "command": ["python", "-c", "open('wanted.txt')"], "seconds": 30},
]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    content = yaml.safe_load((ROOT / "data/config.yaml").read_text())
    content["sandbox"] |= {"kind": "none", "required": False}
    content["checks"]["full"] = FULL
    files = {
        "data/config.yaml": yaml.safe_dump(content),
        ".gitignore": "data/state/\n",
        "cogs.txt": "here\n",
    }
    make_repository(tmp_path / "bot", files)
    return load(tmp_path / "bot", {})


async def look(settings: Settings) -> tuple[str, list[str]]:
    """Return what was found, in a line, and what was told on the way."""
    told: list[str] = []
    (finding,) = await look_at_checks(settings, report=told.append)
    return finding.line, told


async def test_what_fails_as_the_commit_stands_is_bad_and_says_the_way_out(
    settings: Settings,
) -> None:
    line, told = await look(settings)
    assert line.startswith("BAD  full checks: on ")
    assert "types failed" in line
    assert "there" not in line.partition("->")[0]
    assert "No change can ship until the checks pass on the current commit." in line
    assert "make claude" in line
    assert {each.split(":")[0].strip() for each in told[1:]} == {"there", "types"}
    assert "this takes minutes" in told[0]
    assert run_git(settings.root, "branch", "--list", "theseus/*") == ""
    assert (await look(settings))[1] != [], "what failed is looked at again"


async def test_what_passed_is_not_run_again_until_the_commit_is_another(
    settings: Settings,
) -> None:
    (settings.root / "wanted.txt").write_text("there\n")
    run_git(settings.root, "add", "wanted.txt")
    run_git(settings.root, "commit", "-qm", "Bring what is wanted")
    line, told = await look(settings)
    assert line.startswith("ok   full checks: 2 pass on ")
    assert len(told) == 3
    line, told = await look(settings)
    assert "before in this environment" in line
    assert told == []
    run_git(settings.root, "commit", "-q", "--allow-empty", "-m", "Go on")
    assert (await look(settings))[1] != []


async def test_without_a_report_the_checks_are_not_run(settings: Settings) -> None:
    (finding,) = await look_at_checks(settings, report=None)
    assert finding.status == "note"
    assert "theseus doctor --checks" in finding.remedy
    assert not (settings.state / "cache").exists()


async def test_checks_that_the_forge_runs_are_left_to_it(settings: Settings) -> None:
    forge = settings.config.forge.replace(runs_full_checks=True)
    elsewhere = settings.replace(config=settings.config.replace(forge=forge))
    assert "left to the forge" in (await look(elsewhere))[0]
