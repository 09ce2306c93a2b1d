"""Asking for a look back, by command and in words."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from local_discord.person import Message

from bot.authority.autonomy_levels import Autonomy
from bot.client import list_abilities
from bot.domain.monitoring_config import SelfAuditConfig
from bot.monitoring import AuditSources, SelfAudit
from bot.telemetry import Recorder
from tests.fakes.fake_charts import PNG, FakeCharts
from tests.support.agent_harness import make_failure
from tests.support.chat_clients import fetch_pictures
from tests.support.dev_channel import DevChannel, open_dev_channel

TITLE = "How I did, "


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with open_dev_channel(tmp_path) as opened:
        opened.services.add(_audit(opened, tmp_path))
        opened.world.journal.append(make_failure(opened.world.clock))
        yield opened


def _audit(room: DevChannel, folder: Path) -> SelfAudit:
    world = room.world
    services = AuditSources(
        world.journal,
        world.store,
        world.key_values,
        world.memory,
        room.client.chat,
        FakeCharts(),
        world.clock,
        Recorder(world.journal, world.clock, folder, b"salt", lambda: None),
    )
    return SelfAudit(
        services,
        room.agent,
        SelfAuditConfig(cron=None),
        Autonomy(),
        root=folder,
        dev_channel_id=room.local.dev_channel_id,
        abilities=lambda: list_abilities(room.client),
    )


def reports(messages: list[Message]) -> list[Message]:
    titles = ((m, m["embeds"][0].get("title", "")) for m in messages if m["embeds"])
    return [message for message, title in titles if title.startswith(TITLE)]


def text(message: Message) -> str:
    fields: list[dict[str, Any]] = message["embeds"][0]["fields"]
    return "\n".join(f"{field['name']}: {field['value']}" for field in fields)


async def test_listed_people_have_it_told_in_the_dev_channel_and_nobody_else(
    room: DevChannel,
) -> None:
    told = await room["mallory"].run("dev", "audit now")
    assert (await room.wait_for_answer("mallory", told, "dev")).startswith("Sorry mallory")
    told = await room["dora"].run("general", "audit now")
    elsewhere = await room.wait_for_answer("dora", told, "general")
    assert (
        elsewhere
        == f"Please use this in <#{room.local.dev_channel_id}>, where everyone can see it."
    )
    told = await room["dora"].run("dev", "audit now")
    done = f"I posted how I did lately in <#{room.local.dev_channel_id}>, for everyone there."
    assert await room.wait_for_answer("dora", told, "dev") == done
    (report,) = reports(await room["mallory"].list_messages("dev"))
    assert "/roll" in text(report)
    assert "Test coverage: `cogs`: not measured" in text(report)
    assert "commands were used; not `/about`, " in text(report)
    report["attachments"] = [f for f in report["attachments"] if f["filename"].endswith(".png")]
    (picture,) = await fetch_pictures(report)
    assert picture.startswith(PNG)
    assert reports(await room["dora"].list_messages("general")) == []


async def test_in_words_it_answers_those_who_may_ask_where_they_may(room: DevChannel) -> None:
    bot = f"<@{room.local.bot_user_id}>"
    said = await room["dora"].say("dev", f"{bot} audit yourself")
    report = await room["dora"].wait_for("dev", lambda m: reports([m]) != [])
    assert report["message_reference"]["message_id"] == said["id"]
    for who, channel, begins in (
        ("dora", "general", "Please ask me in <#"),
        ("mallory", "dev", "Sorry mallory"),
    ):
        said = await room[who].say(channel, f"{bot} audit yourself")
        answer = await room.wait_for_reply(who, said)
        assert answer["content"].startswith(begins)
    assert len(reports(await room["alice"].list_messages("dev"))) == 1


async def test_every_command_and_menu_is_an_ability_by_its_name_in_the_journal(
    room: DevChannel,
) -> None:
    known = {each.event: each for each in list_abilities(room.client)}
    assert known["command.runs show"].label == "/runs show"
    assert known["command.runs show"].module == "cogs.runs"
    assert known["context_menu.Fix this"].label == "Fix this"
    assert known["context_menu.Fix this"].cog == "cogs.runs"
    assert "command.runs" not in known
