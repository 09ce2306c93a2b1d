"""Ways to ask: investigation first, a reply, a menu, a command, a direct message; nothing found."""

import re
from pathlib import Path

import pytest

from tests.fakes.small_bot_repository import FLIP, GUESS, SPIN
from tests.support.casts import MakeCast
from tests.support.page_reader import buttons, is_proposal, text_of
from tests.support.small_world import small_world

pytestmark = pytest.mark.slow


async def test_an_investigation_tells_what_is_known_and_fix_it_goes_on_from_there(
    cast: MakeCast,
    tmp_path: Path,
) -> None:
    async with small_world(tmp_path, cast) as world:
        alice = world.alice
        world.script(SPIN.script)
        for _ in range(3):
            await world.break_it(SPIN)
        thread = await alice.ask("why does spin keep failing?")
        answer = await alice.person.wait_for(thread, lambda m: "Fix it" in buttons(m), 30)
        assert "3 IndexErrors from /spin since" in text_of(answer)
        assert "cogs/fair.py:" in text_of(answer)
        run = world.run_in(thread)["id"]
        shown = await alice.run("dev", "runs show", run=run, evidence=True)
        ids = re.findall(r"^`([0-9a-z]{8})` <t:\d+:f> ", shown, re.M)
        assert len(ids) == 3, shown
        assert all(record in shown.partition("**Evidence**")[0] for record in ids)
        assert await alice.press(thread, answer, "Fix it") == "On it."
        card = await alice.proposal(thread)
        assert "mend spin" in text_of(card)
        await alice.person.say(thread, "ship it")
        await alice.live(thread)
        await world.works(SPIN)
        await alice.reads_well()


async def test_fix_this_as_a_reply_a_menu_and_a_command_each_mend_what_is_meant(
    cast: MakeCast,
    tmp_path: Path,
) -> None:
    async with small_world(tmp_path, cast) as world:
        alice = world.alice
        world.script(SPIN.script | FLIP.script | GUESS.script)
        first, second = await world.break_it(SPIN), await world.break_it(FLIP)
        await world.break_it(GUESS)
        replied = await alice.thread(await alice.person.say("dev", "fix this", reply_to=first))
        menu = await alice.answer("dev", await alice.person.use_menu("dev", "Fix this", second))
        command = await alice.run("dev", "fix", what="guess")
        for answer in (menu, command):
            assert re.fullmatch(r"On it: <#\d+>", answer), answer
        threads = [replied, *(re.sub(r"\D", "", answer) for answer in (menu, command))]
        for thread, game in zip(threads, (SPIN, FLIP, GUESS), strict=True):
            card = await alice.proposal(thread)
            assert f"mend {game.command}" in text_of(card)
        await alice.reads_well()


async def test_investigate_as_a_command_and_a_direct_message_answer_with_a_link(
    tmp_path: Path,
) -> None:
    async with small_world(tmp_path) as world:
        alice = world.alice
        world.script(SPIN.script)
        await world.break_it(SPIN)
        answer = await alice.run("dev", "investigate", what="spin")
        thread = re.sub(r"\D", "", answer)
        assert "1 IndexError from /spin at" in text_of(await alice.said(thread, "/spin at"))
        asked = await alice.person.say("@alice", SPIN.complaint)
        link = re.fullmatch(r"On it: <#(\d+)>", await alice.replied("@alice", asked))
        assert link is not None
        world_now = await alice.person.world()
        parents = {each["id"]: each["parent_id"] for each in world_now["threads"]}
        assert parents[link[1]] == str(world.discord.dev_channel_id)
        await alice.proposal(link[1])
        await alice.reads_well()


async def test_a_complaint_about_what_never_failed_is_answered_honestly(tmp_path: Path) -> None:
    async with small_world(tmp_path) as world:
        alice = world.alice
        end = await alice.replied("dev", await alice.person.say("dev", "the juggling is broken"))
        assert "Nothing in my journal fits that" in end
        assert "juggling" in end
        assert "Nothing else failed" in end
        await world.break_it(FLIP)
        other = await alice.person.say("dev", "the trapeze keeps crashing, fix it")
        assert "1 KeyError from /flip" in await alice.replied("dev", other)
        assert await alice.person.threads("dev") == []
        assert world.pulls() == []
        await alice.reads_well()


async def test_a_failure_that_cannot_be_reproduced_gets_no_made_up_fix(tmp_path: Path) -> None:
    async with small_world(tmp_path) as world:
        alice = world.alice
        await alice.person.run("dev", "moody")
        thread = await alice.ask("moody keeps crashing, fix it")
        end = await alice.ended(thread, 60)
        assert "could not reproduce it" in text_of(end)
        assert "RuntimeError" in text_of(end)
        told = (await alice.transcript())[thread]
        assert not any(is_proposal(message) for message in told)
        await alice.reads_well()
