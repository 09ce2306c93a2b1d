"""People report failures of other bots to Theseus: by name, by what failed, and by a button."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.guilds import AllowLists
from bot.domain.people import AllowList
from bot.intake import FailureMatcher
from bot.intake.targets import KnownTarget
from tests.fakes.fake_journal import FakeJournal
from tests.support.agent_harness import AgentHarness, make_capsule, make_failure
from tests.support.dev_channel import DevChannel, get_custom_id, list_labels, open_dev_channel

BOTS = {"welcome-bot": ("hi", "help"), "music": ("play", "help")}


def make_others(world: AgentHarness, people: AllowList) -> Mapping[str, KnownTarget]:
    """Return two other bots whose commands have failed; only approvers may ask for music."""
    known = {}
    for name, commands in BOTS.items():
        failures = [
            make_failure(
                world.clock,
                make_capsule(fingerprint=f"{name}-{command}", file=f"cogs/{command}.py"),
                name=command,
            )
            for command in commands
        ]
        lookback = timedelta(hours=24)
        matcher = FailureMatcher(FakeJournal(failures), world.clock, lookback=lookback)
        listed = AllowList(approvers=people.approvers) if name == "music" else people
        known[name] = KnownTarget(name, matcher, AllowLists(listed))
    return known


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with open_dev_channel(tmp_path, others=make_others) as opened:
        yield opened


async def test_a_report_that_names_a_bot_starts_a_run_for_it(room: DevChannel) -> None:
    await room["alice"].say("dev", "in welcome-bot, /help crashes, please fix it")
    run = await room.wait_until(lambda run: run.thread_id is not None)
    assert run.trigger.target == "welcome-bot"
    assert run.trigger.match is not None
    assert [each.fingerprint for each in run.trigger.match.groups] == ["welcome-bot-help"]
    assert "**welcome-bot: /help" in await room.run_command("alice", "runs list")


async def test_people_read_only_about_the_bots_that_they_are_listed_for(room: DevChannel) -> None:
    await room["alice"].say("dev", "in music, /help crashes, please fix it")
    await room.wait_until(lambda run: run.thread_id is not None)
    assert "**music: /help" in await room.run_command("alice", "runs list")
    assert await room.run_command("dora", "runs list") == "There are no runs yet."
    for who in ("alice", "dora", "mallory"):
        asked = await room[who].interact("dev", autocomplete="runs show", option="run", value="")
        assert len(asked["choices"]) == (who == "alice")
    assert "not on the list" in await room.run_command("mallory", "runs list")


async def test_a_requested_change_of_another_bot_is_refused_with_the_reason(
    room: DevChannel,
) -> None:
    asked = {"what": "count the songs of a queue", "bot": "music"}
    reason = "I need a model to write a change of music, and none is configured here"
    assert reason in await room.run_command("alice", "change", **asked)
    assert "not on the list" in await room.run_command("dora", "change", **asked)
    assert await room.list_runs() == ()


async def test_questions_about_a_bot_are_for_the_people_of_that_bot(room: DevChannel) -> None:
    for who, answer in {"alice": "I have no records of music", "dora": "not on the list"}.items():
        said = await room[who].say("dev", "@Theseus what changed this week in music-bot?")
        assert answer in (await room.wait_for_reply(who, said))["content"]
        question = "is anything broken in music-bot?"
        assert answer in await room.run_command(who, "ask", question=question)


async def test_two_bots_with_the_same_command_are_asked_back(room: DevChannel) -> None:
    said = await room["alice"].say("dev", "/help crashes, fix it")
    question = await room.wait_for_reply("alice", said)
    assert "Which bot do you mean?" in question["content"]
    labels = list_labels(question)
    assert labels == [
        "welcome-bot: /help: IndexError", "music: /help: IndexError", "Not what I meant",
    ]  # fmt: skip
    button = get_custom_id(question, labels[1])
    refused = await room["dora"].press("dev", button, question)
    assert "not on the list" in await room.wait_for_answer("dora", refused, "dev")
    assert await room.list_runs() == ()
    pressed = await room["alice"].press("dev", button, question)
    assert "On it" in await room.wait_for_answer("alice", pressed, "dev")
    (run,) = await room.list_runs()
    assert run.trigger.target == "music"


async def test_the_bot_can_be_chosen_with_a_command(room: DevChannel) -> None:
    offered = {}
    for who in ("alice", "dora", "mallory"):
        asked = await room[who].interact("dev", autocomplete="fix", option="bot", value="")
        offered[who] = [each["value"] for each in asked["choices"]]
    assert offered == {
        "alice": ["theseus", "welcome-bot", "music"],
        "dora": ["theseus", "welcome-bot"],
        "mallory": [],
    }
    assert "On it" in await room.run_command("alice", "fix", what="help", bot="music")
    (run,) = await room.list_runs()
    assert run.trigger.target == "music"
    unknown = await room.run_command("alice", "fix", what="help", bot="musik")
    assert "I do not look after a bot named" in unknown
