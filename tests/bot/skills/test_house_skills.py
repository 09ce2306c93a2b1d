"""The skills of this repository are short and complete, and what they mention exists."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import cogs
from bot.adapters.claude_agent._planner import TOOLS as PLANNER_TOOLS
from bot.adapters.claude_agent.chat._chat_tool_handlers import TOOLS as CHAT_TOOLS
from bot.adapters.claude_agent.tools._tools import TOOLS
from bot.domain.skill import FOLDER, Skill
from tests.cogs.room import Room, open_room
from tests.support.entry_points import ENTRIES, iterate_commands
from tests.support.skill_folders import load_skills

ROOT = Path(__file__).resolve().parents[3]
FOUND = load_skills(ROOT)
MADE_UP = {"cogs/coin_flips.py", "tests/cogs/test_coin_flips.py"}
MADE_UP_COMMANDS = {"/flip", "/coin_flips", "/coinflip"}
BY_NAME = {skill.name: skill for skill in FOUND.skills}
each_skill = pytest.mark.parametrize("skill", FOUND.skills, ids=BY_NAME)


def texts(skill: Skill) -> str:
    """Return all that the skill says."""
    return "\n".join([skill.summary, skill.body, *filter(None, skill.files.values())])


def quoted(skill: Skill) -> Iterator[str]:
    """Yield what stands between backticks on one line."""
    yield from re.findall(
        r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", texts(skill), flags=re.M | re.S)
    )


def test_all_of_them_are_whole() -> None:
    assert FOUND.refused == ()
    assert set(BY_NAME) >= {
        "writing-a-cog", "testing-a-cog", "reading-the-journal", "triaging-a-failure",
        "reverting-a-change", "writing-a-skill",
    }  # fmt: skip


@each_skill
def test_each_is_short(skill: Skill) -> None:
    assert len(skill.text.splitlines()) <= 120
    assert len(skill.summary) <= 400


@each_skill
def test_paths_that_are_named_are_there(skill: Skill) -> None:
    paths = {each for each in quoted(skill) if re.fullmatch(r"[\w.-]+(/[\w.-]+)+/?", each)}
    paths = {each for each in paths if "NAME" not in each and each not in MADE_UP}
    home = ROOT / FOLDER / skill.name
    assert [each for each in paths if not ((ROOT / each).exists() or (home / each).exists())] == []


@each_skill
def test_commands_that_are_named_are_there(skill: Skill) -> None:
    said = texts(skill)
    typed = set(re.findall(r"`(/[a-z_-]+(?: [a-z]+)?)`", said)) - MADE_UP_COMMANDS
    assert {each for each in typed if each not in ENTRIES} == set()
    shell = set(re.findall(r"`theseus ([a-z]+(?: [a-z]+)?)", said))
    known = {each.removeprefix("theseus ") for each in iterate_commands()}
    assert {each for each in shell if each not in known and each.split()[0] not in known} == set()


@each_skill
def test_tools_that_are_named_are_ones_a_role_of_it_has(skill: Skill) -> None:
    has = {
        "chat": {*CHAT_TOOLS},
        "planner": {*PLANNER_TOOLS},
        "executor": {*TOOLS},
        "reviewer": {"git_log", "git_show"},
    }
    every = {*TOOLS, *CHAT_TOOLS}
    named = {each.split()[0] for each in quoted(skill) if each.split()[0] in every}
    assert named <= set().union(*(has[role] for role in skill.roles))


def test_what_the_guide_to_tests_says_a_room_can_do_it_can() -> None:
    text = BY_NAME["testing-a-cog"].body
    called = set(re.findall(r"room\.(\w+)[(.]", text)) - {"alice", "bob", "env", "channel"}
    assert len(called) > 5
    assert {each for each in called if not hasattr(Room, each)} == set()


def test_what_is_shown_as_a_whole_skill_is_one() -> None:
    from bot.skills import parse_skill

    (shown,) = re.findall(r"```markdown\n(.*?)```", BY_NAME["writing-a-skill"].body, re.S)
    name = "answering-about-releases"
    assert parse_skill(shown, name, f"{FOLDER}/{name}/SKILL.md", {}).roles == ("chat",)


async def test_the_cog_of_the_skill_answers(tmp_path: Path) -> None:
    skeleton = BY_NAME["writing-a-cog"].files["references/skeleton.md"]
    assert skeleton is not None
    (source,) = re.findall(r"```python\n(.*?)```", skeleton, re.S)
    assert ast.parse(source)
    (tmp_path / "coin_flips.py").write_text(source)
    cogs.__path__.append(str(tmp_path))
    try:
        async with open_room("cogs.coin_flips", tmp_path, seed=7) as room:
            good = await room.alice.slash(room.channel, "coin_flips", times=3)
            assert re.fullmatch(r"(heads|tails)(, (heads|tails)){2}", room.shown(good))
            bad = await room.alice.slash(room.channel, "coin_flips", times=21)
            assert bad.ephemeral
            assert "between 1 and 20" in room.shown(bad)
    finally:
        cogs.__path__.remove(str(tmp_path))
