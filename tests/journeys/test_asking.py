"""Ways to ask: investigation first, a reply, a menu, a command, a direct message; nothing found."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.fakes.small_bot_repository import FLIP, GREET, GUESS, SPIN
from tests.support.casts import MakeCast
from tests.support.page_reader import get_buttons, get_text, is_proposal
from tests.support.small_bot_harness import SmallBotHarness, open_small_bot

pytestmark = pytest.mark.slow
RESEARCH = "research how discord handles rate limits and cite sources"


async def test_every_way_to_ask_about_a_failure_leads_to_its_fix(
    cast: MakeCast, tmp_path: Path
) -> None:
    async with open_small_bot(tmp_path, cast) as world:
        await _investigate_then_fix(world)
        await _ask_by_reply_menu_and_command(world)
        await world.alice.check_wording()


async def _investigate_then_fix(world: SmallBotHarness) -> None:
    alice = world.alice
    world.write_script(SPIN.script)
    for _ in range(3):
        await world.break_command(SPIN)
    thread = await alice.ask("why does spin keep failing?")
    answer = await alice.person.wait_for(thread, lambda m: "Fix it" in get_buttons(m), 30)
    assert "3 IndexErrors from /spin since" in get_text(answer)
    assert "cogs/fair.py:" in get_text(answer)
    run = world.get_run(thread)["id"]
    shown = await alice.run("dev", "runs show", run=run, evidence=True)
    ids = re.findall(r"^`([0-9a-z]{8})` <t:\d+:f> ", shown, re.M)
    assert len(ids) == 3, shown
    assert all(record in shown.partition("**Evidence**")[0] for record in ids)
    assert await alice.press(thread, answer, "Fix it") == "On it."
    card = await alice.wait_for_proposal(thread)
    assert "mend spin" in get_text(card)
    await alice.person.say(thread, "ship it")
    await alice.wait_until_live(thread)
    await world.check_command(SPIN)


async def _ask_by_reply_menu_and_command(world: SmallBotHarness) -> None:
    alice = world.alice
    world.write_script(GREET.script | FLIP.script | GUESS.script)
    first, second = await world.break_command(GREET), await world.break_command(FLIP)
    await world.break_command(GUESS)
    replied = await alice.wait_for_thread(await alice.person.say("dev", "fix this", reply_to=first))
    menu = await alice.answer("dev", await alice.person.use_menu("dev", "Fix this", second))
    command = await alice.run("dev", "fix", what="guess")
    for answer in (menu, command):
        assert re.fullmatch(r"On it: <#\d+>", answer), answer
    threads = [replied, *(re.sub(r"\D", "", answer) for answer in (menu, command))]
    for thread, game in zip(threads, (GREET, FLIP, GUESS), strict=True):
        card = await alice.wait_for_proposal(thread)
        assert f"mend {game.command}" in get_text(card)


async def test_what_cannot_be_found_or_reproduced_is_answered_honestly(tmp_path: Path) -> None:
    async with open_small_bot(tmp_path) as world:
        await _complain_about_what_never_failed(world)
        await _ask_for_what_cannot_be_reproduced(world)
        await _investigate_by_command_and_ask_directly(world)
        await world.alice.check_wording()


async def _complain_about_what_never_failed(world: SmallBotHarness) -> None:
    alice = world.alice
    end = await alice.wait_for_reply("dev", await alice.person.say("dev", "the juggling is broken"))
    assert "Nothing in my journal matches that" in end
    assert "juggling" in end
    assert "I know of no other failure" in end
    await world.break_command(FLIP)
    other = await alice.person.say("dev", "the trapeze keeps crashing, fix it")
    assert "1 KeyError from /flip" in await alice.wait_for_reply("dev", other)
    await alice.person.say("dev", f"<@{world.discord.bot_user_id}> {RESEARCH}")
    found = await alice.person.wait_for("dev", lambda m: "Research:" in get_text(m), 60)
    assert f"— discord-py {version('discord.py')}, discord/" in get_text(found)
    assert await alice.person.list_threads("dev") == []
    assert world.list_pulls() == []


async def _ask_for_what_cannot_be_reproduced(world: SmallBotHarness) -> None:
    alice = world.alice
    await alice.person.run("dev", "moody")
    thread = await alice.ask("moody keeps crashing, fix it")
    end = await alice.wait_for_end(thread, 60)
    assert "could not reproduce it" in get_text(end)
    assert "RuntimeError" in get_text(end)
    told = (await alice.read_transcript())[thread]
    assert not any(is_proposal(message) for message in told)


async def _investigate_by_command_and_ask_directly(world: SmallBotHarness) -> None:
    alice = world.alice
    world.write_script(SPIN.script)
    await world.break_command(SPIN)
    answer = await alice.run("dev", "investigate", what="spin")
    thread = re.sub(r"\D", "", answer)
    assert "1 IndexError from /spin at" in get_text(await alice.wait_for_text(thread, "/spin at"))
    asked = await alice.person.say("@alice", SPIN.report)
    link = re.fullmatch(r"On it: <#(\d+)>", await alice.wait_for_reply("@alice", asked))
    assert link is not None
    world_now = await alice.person.get_world()
    parents = {each["id"]: each["parent_id"] for each in world_now["threads"]}
    assert parents[link[1]] == str(world.discord.dev_channel_id)
    await alice.wait_for_proposal(link[1])
