"""`theseus new skill`: its output is a valid skill, and invalid input is refused."""

from pathlib import Path

import pytest

from bot.cli.new_skill import NewSkill, write_skill
from bot.domain.errors import ConfigError
from tests.support.skill_folders import load_skills


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "prompts").mkdir()
    return tmp_path


def test_what_is_written_is_a_skill_for_those_who_were_named(checkout: Path) -> None:
    path = write_skill(NewSkill("making-tea", "How tea is made", ("chat",)), checkout)
    assert path == "prompts/skills/making-tea/SKILL.md"
    (skill,) = load_skills(checkout).skills
    assert (skill.name, skill.description) == ("making-tea", "How tea is made")
    assert skill.roles == ("chat",)
    assert skill.body.startswith("# Making tea\n")


@pytest.mark.parametrize(
    ("skill", "why"),
    [
        (NewSkill("Making Tea", "x"), "NAME 'Making Tea' is not valid"),
        (NewSkill("../tea", "x"), "is not valid"),
        (NewSkill("tea", ""), "--does"),
        (NewSkill("tea", "How: so"), "have a meaning in YAML"),
        (NewSkill("tea", "[x"), "have a meaning in YAML"),
        (NewSkill("tea", "a\nb: c"), "--does"),
        (NewSkill("tea", "x", ("approver",)), "'approver' is not a role"),
    ],
)
def test_what_will_not_do_is_refused_and_nothing_written(
    checkout: Path, skill: NewSkill, why: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        write_skill(skill, checkout)
    assert why in str(caught.value)
    assert list((checkout / "prompts").iterdir()) == []


def test_one_that_is_there_is_left_alone(checkout: Path) -> None:
    write_skill(NewSkill("tea", "x"), checkout)
    with pytest.raises(ConfigError, match="exists already"):
        write_skill(NewSkill("tea", "y"), checkout)


def test_elsewhere_than_in_a_checkout_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="in the bot's checkout"):
        write_skill(NewSkill("tea", "x"), tmp_path)
