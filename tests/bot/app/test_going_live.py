"""The guide names what there is: permissions, keys, variables, commands."""

import configparser
import re
from pathlib import Path

import pytest
from pydantic import BaseModel
from typer.testing import CliRunner

from bot.adapters.forges.github._rights import APP_ONLY
from bot.adapters.forges.github._rights import NEEDED as RIGHTS
from bot.cli.doctor.discord_api import NEEDED, build_invite_link
from bot.cli.main import build_command_line
from bot.settings import Config, Environment

ROOT = Path(__file__).resolve().parents[3]
GUIDE = (ROOT / "docs/going-live.md").read_text()
FLAT = " ".join(GUIDE.split())
SECTIONS = "|".join(Config.model_fields)


def test_the_permissions_of_the_invitation_are_the_ones_the_guide_lists() -> None:
    listed = re.search(r"these permissions, no others: ([^.]*)\.", FLAT)
    assert listed is not None
    assert set(listed[1].split(", ")) == set(NEEDED)
    assert f"permissions={sum(NEEDED.values())}" in build_invite_link({"id": "7"})


def test_the_rights_on_github_are_the_ones_the_guide_lists() -> None:
    levels = {"write": "read and write", "read": "read"}
    for level, told in levels.items():
        names = " and ".join(name for name, needed in RIGHTS.items() if needed == level)
        assert f"{names}, {told}" in FLAT
    for name, level in APP_ONLY.items():
        assert f"{name}: {level}" in FLAT


@pytest.mark.parametrize("key", sorted(set(re.findall(rf"`((?:{SECTIONS})\.[\w.]+)", GUIDE))))
def test_every_key_it_names_is_there(key: str) -> None:
    model: object = Config
    for part in key.split("."):
        assert isinstance(model, type) and issubclass(model, BaseModel), key
        assert part in model.model_fields, key
        annotation = model.model_fields[part].annotation
        model = annotation if isinstance(annotation, type) else None


def test_every_variable_it_names_is_there() -> None:
    named = set(re.findall(r"\b((?:ANTHROPIC|DISCORD|GITHUB|THESEUS)_[A-Z_]+)\b", GUIDE))
    assert {name.lower() for name in named} <= set(Environment.model_fields)


def test_every_command_it_shows_is_there_with_its_options() -> None:
    for line in re.findall(r"\.venv/bin/theseus ([^`\n]*)", GUIDE):
        words = line.split()
        told = CliRunner().invoke(
            build_command_line(), [words[0], "--help"], env={"COLUMNS": "200"}
        )
        assert told.exit_code == 0, line
        options = re.findall(r"(--[\w-]+)", line)
        assert [each for each in options if each not in told.output] == [], line


def test_the_unit_starts_what_the_guide_installs() -> None:
    text = (ROOT / "deploy/systemd/theseus.service").read_text()
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(text)
    started = unit["Service"]["ExecStart"]
    assert started == f"{unit['Service']['WorkingDirectory']}/.venv/bin/theseus run"
    assert f"sudo useradd --create-home --shell /bin/bash {unit['Service']['User']}\n" in GUIDE
    assert unit["Service"]["RestartPreventExitStatus"] == "2"
