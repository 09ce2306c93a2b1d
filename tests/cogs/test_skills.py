"""`/skills`: listed people look, developers have files read again, approvers roll back."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.domain.skill import FOLDER, MANIFEST
from tests.support.dev_channel import DevChannel, open_dev_channel
from tests.support.skill_folders import load_skills

TEA = """\
---
name: making-tea
description: How tea is made here.
metadata:
  theseus-roles: chat planner
allowed-tools: journal_search
---
Boil water, and ``` wait.
"""


def lay(root: Path, name: str, text: str) -> None:
    place = root / FOLDER / name / MANIFEST
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)


COGS_HERE = ("cogs.skills", "cogs.capabilities", "cogs.conversation")


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    root = tmp_path / "root"
    lay(root, "making-tea", TEA)
    async with open_dev_channel(tmp_path, extensions=COGS_HERE) as opened:
        opened.client.root = root
        await live(opened)
        yield opened


async def live(room: DevChannel) -> None:
    """Have the registry take on what lies there."""
    registry = room.world.live_registry
    registry.files = {
        ("skill", place.name): (place / MANIFEST).read_text()
        for place in (room.client.root / FOLDER).iterdir()
    }
    await registry.reload()


async def choices(room: DevChannel, who: str, option: str, typed: str, **given: Any) -> list[str]:
    offered = await room[who].interact(
        "dev", autocomplete="skills rollback", option=option, value=typed, options=given or None
    )
    return [str(each["name"]) for each in offered["choices"]]


async def test_each_skill_is_listed_with_its_version_who_reads_it_and_how_often(
    room: DevChannel,
) -> None:
    shown = await room.run_command("dora", "skills list")
    assert shown.startswith("No one reads them here: there is no model.\n- `making-tea` v1, chat, ")
    assert "not read in 30 days: How tea is made here." in shown
    (tea,) = load_skills(room.client.root).skills
    for _ in range(2):
        room.client.skills.note_use(tea, "chat")
    assert "read 2 times in 30 days, last <t:" in await room.run_command("dora", "skills list")


async def test_what_is_refused_is_listed_with_its_line_and_the_version_that_stays(
    room: DevChannel,
) -> None:
    lay(room.client.root, "coffee", "no front matter")
    room.world.live_registry.files["skill", "making-tea"] = "broken: SKILL.md, line 3: odd"
    await room.world.live_registry.reload()
    shown = await room.run_command("alice", "skills list")
    assert "Its file is refused, and v1 stays: " in shown
    assert "line 3: odd" in shown
    assert "`coffee` is refused: prompts/skills/coffee/SKILL.md, line 1: " in shown


async def test_one_is_shown_with_its_text_its_versions_and_what_changed_last(
    room: DevChannel,
) -> None:
    lay(room.client.root, "making-tea", TEA.replace("Boil", "Heat"))
    await live(room)
    answer = await room["dora"].interact(
        "dev", command="skills show", options={"name": "making-tea"}
    )
    text = await room.wait_for_answer("dora", answer, "dev")
    assert text.startswith("**making-tea** v2: How tea is made here.")
    assert "Available to chat, planner; not read in 30 days." in text
    assert (
        "While it is in use, a role has only `journal_search` of its own tools. The skill "
        "adds none."
    ) in text
    assert "- v2: <t:" in text and "- v1: <t:" in text
    (message,) = [
        each
        for each in await room["dora"].list_messages("dev")
        if each["id"] == answer["message"]["id"]
    ]
    assert [each["filename"] for each in message["attachments"]] == [
        "making-tea.md", "making-tea.diff"
    ]  # fmt: skip


async def test_a_name_that_is_none_is_answered_with_those_there_are(room: DevChannel) -> None:
    shown = await room.run_command("dora", "skills show", name="coffee")
    assert shown == "There is no skill `coffee`. There are: `making-tea`."
    assert "not kept" in await room.run_command("dora", "skills show", name="making-tea", version=9)


async def test_developers_have_files_read_again_and_everybody_sees_it(room: DevChannel) -> None:
    room.world.live_registry.files["skill", "coffee"] = "x"
    assert await room.run_command("dora", "skills reload") == "Live now: the skill `coffee` v1."
    assert (await room.run_command("dora", "skills reload")).startswith("Nothing has changed")
    room.world.live_registry.files["prompt", "chat"] = "broken: a lonely $"
    shown = await room.run_command("dora", "skills reload")
    assert shown.startswith("⚠️ the prompt `chat` is refused, and none of it is live: ")


async def test_approvers_roll_back_and_developers_may_not(room: DevChannel) -> None:
    room.world.live_registry.files["skill", "making-tea"] = TEA.replace("Boil", "Heat")
    await room.world.live_registry.reload()
    refused = await room.run_command("dora", "skills rollback", name="making-tea", version=1)
    assert "not on the list" in refused
    shown = await room.run_command("alice", "skills rollback", name="making-tea", version=1)
    assert shown.startswith("`making-tea` is version 1 from now on, instead of version 2.")
    assert "Rolled back from v2 by alice" in await room.run_command("dora", "skills list")
    shown = await room.run_command("alice", "skills rollback", name="making-tea", version=2)
    assert shown == "`making-tea` is live as in its file, version 2."


async def test_the_persona_and_prompts_are_rolled_back_in_the_same_way(room: DevChannel) -> None:
    registry = room.world.live_registry
    for text in ("Kind.", "Rude."):
        registry.files["persona", "persona"] = text
        await registry.reload()
    assert "persona" in await choices(room, "alice", "name", "pers")
    newest, oldest = await choices(room, "alice", "version", "", name="persona")
    assert (newest[:2], oldest[:2]) == ("v2", "v1")
    refused = await room.run_command("dora", "skills rollback", name="persona", version=1)
    assert "not on the list" in refused
    shown = await room.run_command("alice", "skills rollback", name="persona", version=1)
    assert shown.startswith("`persona` is version 1 from now on, instead of version 2.")
    shown = await room.run_command("alice", "skills rollback", name="nothing", version=1)
    assert "There is no skill `nothing`" in shown


async def test_names_and_versions_are_offered_to_listed_people_alone(room: DevChannel) -> None:
    assert await choices(room, "alice", "name", "mak") == ["making-tea"]
    (version,) = await choices(room, "alice", "version", "", name="making-tea")
    assert version.startswith("v1, just now, ")
    assert await choices(room, "mallory", "name", "mak") == []
    assert await choices(room, "mallory", "version", "", name="making-tea") == []


async def test_what_models_know_is_among_what_it_can_do_for_listed_people(
    room: DevChannel,
) -> None:
    assert "skills, which models read when they need them: `making-tea`" in await room.run_command(
        "dora", "capabilities"
    )
    assert "tea" not in await room.run_command("mallory", "capabilities")


async def test_who_is_not_listed_learns_nothing(room: DevChannel) -> None:
    for command, given in (
        ("skills list", {}),
        ("skills show", {"name": "making-tea"}),
        ("skills reload", {}),
        ("skills rollback", {"name": "making-tea", "version": 1}),
    ):
        shown = await room.run_command("mallory", command, **given)
        assert "not on the list" in shown
        assert "tea" not in shown


async def test_they_are_asked_for_in_words_too(room: DevChannel) -> None:
    me = f"<@{room.client.user.id}>"  # type: ignore[union-attr]
    said = await room["dora"].say("dev", f"{me} what skills do you have?")
    assert "- `making-tea` v1" in (await room.wait_for_reply("dora", said))["content"]
    said = await room["dora"].say("dev", f"{me} show me the tea skill")
    shown = (await room.wait_for_reply("dora", said))["content"]
    assert shown.startswith("**making-tea** v1")
    assert "Boil water" in shown
    said = await room["mallory"].say("dev", f"{me} show me the tea skill")
    assert "Boil" not in (await room.wait_for_reply("mallory", said))["content"]
