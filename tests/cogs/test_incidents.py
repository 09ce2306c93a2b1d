"""Incidents in the dev channel: their message, its buttons, the commands, and people's reports."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from local_discord.person import Message

from bot.domain.incident import Incident
from bot.domain.journal import Capsule
from cogs.incidents import get_monitoring
from tests.support.agent_harness import make_failure
from tests.support.dev_channel import (
    RUN_COGS,
    DevChannel,
    get_custom_id,
    list_labels,
    open_dev_channel,
)
from tests.support.monitoring_harness import OUTAGE

COGS = (*RUN_COGS, "cogs.incidents")


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with open_dev_channel(tmp_path, extensions=COGS, with_monitoring=True) as opened:
        opened.world.engine.hold()
        yield opened


async def noticed(room: DevChannel, error: Capsule | None = None) -> tuple[Incident, Message]:
    """Have something fail until it is told; return the incident and its message."""
    for _ in range(5):
        room.world.journal.append(make_failure(room.world.clock, error))
    told = await room["alice"].wait_for(
        "dev", lambda m: bool(m["embeds"]) and "/roll fails" in m["embeds"][0].get("title", "")
    )
    assert room.client.monitoring is not None
    [incident] = room.client.monitoring.list_incidents()
    return incident, told


async def test_listed_people_go_on_and_mute_by_button_and_nobody_else(room: DevChannel) -> None:
    incident, told = await noticed(room, OUTAGE)
    assert list_labels(told) == ["Investigate", "Fix it", "Later", "Ignore", "I take it"]
    for label in list_labels(told):
        pressed = await room["mallory"].press("dev", get_custom_id(told, label), told)
        assert (await room.wait_for_answer("mallory", pressed, "dev")).startswith("Sorry mallory")
    assert await room.list_runs() == ()
    pressed = await room["dora"].press("dev", get_custom_id(told, "Investigate"), told)
    assert await room.wait_for_answer("dora", pressed, "dev") == f"On it: <#{told['id']}>"
    [run] = await room.list_runs()
    assert (run.goal, run.trigger.incident) == ("investigate", incident.id)
    pressed = await room["dora"].press("dev", get_custom_id(told, "Ignore"), told)
    answer = await room.wait_for_answer("dora", pressed, "dev")
    assert "Ignored by dora until <t:" in answer
    await room["dora"].wait_for(
        "dev", lambda m: m["id"] == told["id"] and "Ignored by dora" in str(m["embeds"])
    )
    assert [who for who, _ in await room.list_refused()] == ["mallory"] * 5


async def test_who_reports_what_is_worked_on_is_told_where_and_no_second_run_starts(
    room: DevChannel,
) -> None:
    incident, told = await noticed(room)
    await room.wait_until(
        lambda run: run.trigger.origin == "incident" and run.thread_id is not None
    )
    said = await room["bob"].say("dev", "rolling dice keeps crashing, fix it")
    answer = await room.wait_for_reply("bob", said)
    where = f"I am on it in <#{told['id']}>."
    assert answer["content"] == f"bob, that is incident `{incident.id}`: {where}"
    asked = await room["dora"].run("dev", "fix", what="rolling dice")
    expected = f"dora, that is incident `{incident.id}`: {where}"
    assert await room.wait_for_answer("dora", asked, "dev") == expected
    assert len(await room.list_runs()) == 1
    shown = await room["alice"].wait_for(
        "dev", lambda m: m["id"] == told["id"] and "dora: “" in str(m["embeds"])
    )
    assert "bob: “rolling dice keeps crashing, fix it”" in str(shown["embeds"])


async def test_listed_people_look_at_incidents_and_choose_them_from_a_list(
    room: DevChannel,
) -> None:
    nothing = await room["dora"].run("dev", "incidents list")
    assert await room.wait_for_answer("dora", nothing, "dev") == "I have noticed nothing lately."
    incident, _ = await noticed(room, OUTAGE)
    listed = await room.wait_for_answer(
        "dora", await room["dora"].run("dev", "incidents list"), "dev"
    )
    assert listed.startswith(f"🔴 `{incident.id}` /roll fails") or incident.id in listed
    shown = await room["dora"].run("dev", "incidents show", incident=incident.id)
    text = await room.wait_for_answer("dora", shown, "dev")
    assert "Where the fault is: outside" in text
    assert "repeated_error: 5 over 5" in text
    offered = await room["dora"].interact(
        "dev", autocomplete="incidents show", option="incident", value="roll"
    )
    assert [choice["value"] for choice in offered["choices"]] == [incident.id]
    unknown = await room["dora"].run("dev", "incidents show", incident="zzzzzz")
    assert await room.wait_for_answer("dora", unknown, "dev") == "There is no incident `zzzzzz`."
    for command in ("incidents list", "incidents show"):
        options = {"incident": incident.id} if command.endswith("show") else {}
        told = await room["mallory"].run("dev", command, **options)
        assert (await room.wait_for_answer("mallory", told, "dev")).startswith("Sorry mallory")
    hidden = await room["mallory"].interact(
        "dev", autocomplete="incidents show", option="incident", value=""
    )
    assert hidden["choices"] == []


async def test_where_nothing_notices_the_commands_say_so(tmp_path: Path) -> None:
    async with open_dev_channel(tmp_path, extensions=COGS) as room:
        told = await room["dora"].run("dev", "incidents list")
        expected = "Monitoring is switched off here."
        assert await room.wait_for_answer("dora", told, "dev") == expected


async def test_people_decide_on_an_incident_and_talk_about_it_in_its_thread(
    room: DevChannel,
) -> None:
    incident, told = await noticed(room)
    monitoring, about = get_monitoring(room.client), {"incident": incident.id}
    acts = monitoring.get_acts(incident.id)
    for command, options in (
        ("assign", {}), ("release", {}), ("ignore", {"times": 5}), ("unignore", {}),
        ("third-party", {}), ("comment", {"text": "look"}),
    ):  # fmt: skip
        refused = await room.run_command("mallory", f"incidents {command}", **about, **options)
        assert refused.startswith("Sorry mallory"), command
    assert "Looked after by dora" in await room.run_command("dora", "incidents assign", **about)
    ignored = await room.run_command("dora", "incidents ignore", **about, times=5)
    assert "until it has happened 5 more times" in ignored
    assert "I report it" in await room.run_command("dora", "incidents unignore", **about)
    marked = await room.run_command("dora", "incidents third-party", **about)
    assert "a third party's" in marked
    await room.run_command("dora", "incidents comment", **about, text="seen since noon")

    await room.wait_until(lambda run: run.thread_id is not None)
    thread = told["id"]
    await room["mallory"].say(thread, "me too!")
    first = await room["dora"].say(thread, "<b>the</b> dice have no sides")
    second = await room["alice"].say(thread, "my mistake")
    await room["dora"].edit(thread, first, "the dice have no faces")
    await room["alice"].delete(thread, second)
    async with asyncio.timeout(15):
        while True:
            said = [each.text for each in await acts.comments.list_comments(incident.id)]
            if said == ["seen since noon", "the dice have no faces"]:
                break
            await asyncio.sleep(0.01)
