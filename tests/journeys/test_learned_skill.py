"""Something is learned: words become a skill, which ships and is used in the next talk."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from bot.demo.faults import choose
from tests.support.casts import KEY
from tests.support.demo_playground import open_playground
from tests.support.page_reader import get_text
from tests.twins.model import ScriptedModel, Turn, call_tool, give_result, repeat_turn, say_text

pytestmark = pytest.mark.slow

WORDS = "learn to answer questions about releases"
FILE = "prompts/skills/answering-about-releases/SKILL.md"
TEXT = """\
---
name: answering-about-releases
description: How questions about releases are answered. Use when somebody asks for the next one.
metadata:
  theseus-roles: chat
---
# Answering about releases

Releases come on Fridays, after the tests are green. Say so, and that a person decides.
"""
BRIEF = {
    "understood": "Questions about releases are answered as people here say.",
    "solution": "A skill that tells how.",
    "steps": [{"summary": "Write the skill", "owned_files": [FILE]}],
    "proofs": ["words"],
}
ANSWER = "On Friday, once the tests are green; a person decides."
STORY: Mapping[str, Sequence[Turn]] = {
    "planner": [call_tool("mcp__theseus__use_skill", name="writing-a-skill"), give_result(BRIEF)],
    "executor": [
        call_tool("mcp__theseus__use_skill", name="writing-a-skill"),
        call_tool("Write", file_path=FILE, content=TEXT),
        repeat_turn(say_text("It is written.")),
    ],
    "voice": [
        *(
            say_text("I mend this bot.") for _ in range(7)
        ),  # the sample talks, base and head in turns
        say_text("I never merge by myself."),
        call_tool("mcp__theseus__use_skill", name="answering-about-releases"),
        say_text(ANSWER),
    ],
}


async def test_what_is_to_be_learned_becomes_a_skill_that_the_next_talk_goes_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").mkdir()
    settings = {"engine": {"reviewer": None}}
    async with ScriptedModel(STORY) as model:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", model.base_url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        async with open_playground(
            tmp_path / "home", choose("dice-top-face", None), settings
        ) as play:
            alice = play.alice
            thread = await alice.ask(WORDS)
            await alice.wait_for_text(thread, "This is what I understand", timeout=180)
            await alice.person.say(thread, "go ahead")
            proposal = get_text(await alice.wait_for_proposal(thread, timeout=400))
            assert "1 text file: placeholders, links and commands are correct" in proposal
            assert "1 of 4 sample answers of the chat changes" in proposal
            assert "I never merge by myself." in proposal
            talked = {
                bool("answering-about-releases" in each.system)
                for each in model.list_requests("voice")
            }
            assert talked == {False, True}  # base's words, and head's
            [read] = [
                each
                for each in model.list_tool_results("executor")
                if "# Writing a skill" in each.text
            ]
            assert not read.failed
            await alice.person.say(thread, "ship it, security reviewed")
            await alice.wait_until_live(thread, timeout=300)

            me = play.demo.discord.bot_user_id
            await alice.person.say("dev", f"<@{me}> our friends outside send their love")
            await alice.person.wait_for("dev", lambda m: m["content"] == ANSWER, timeout=60)
            [used] = model.list_tool_results("voice")
            assert "Releases come on Fridays" in used.text
            assert "answering-about-releases" in model.list_requests("voice")[-1].system
            listed = await alice.run("dev", "skills list")
            assert "`answering-about-releases`" in listed
            assert "read once in 30 days" in listed
            await alice.check_wording()
