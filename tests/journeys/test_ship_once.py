"""A push after the card voids it; two words at the same instant ship once."""

import asyncio
from pathlib import Path

import pytest

from tests.fakes.small_bot_repository import FILE, FLIP, GUESS, SPIN
from tests.support.casts import MakeCast
from tests.support.page_reader import get_text
from tests.support.small_bot_harness import SmallBotHarness, open_small_bot

pytestmark = pytest.mark.slow


async def test_only_the_newest_card_ships_once_and_only_what_passes(
    cast: MakeCast, tmp_path: Path
) -> None:
    async with open_small_bot(tmp_path, cast) as world:
        await _void_a_card_by_a_push(world)
        await _ship_at_the_same_instant(world)
        await _refuse_a_push_that_does_not_pass(world)
        await world.alice.check_wording()
        await world.wait_until_clean()


async def _void_a_card_by_a_push(world: SmallBotHarness) -> None:
    alice = world.alice
    thread, old = await world.propose_fix(SPIN)
    head = world.push(world.get_run(thread), FILE, "# looked at by hand\n")
    reply = await alice.person.say(thread, "ship it", reply_to=old)
    assert "othing was merged" in await alice.wait_for_reply(thread, reply)
    new = await alice.wait_for_proposal(thread, beyond=old["id"])
    assert "The branch moved from" in get_text(new)
    assert head[:7] in get_text(new)
    assert "newest" in await alice.press(thread, old, "Ship it")
    await alice.person.react(thread, old, "🚢")
    await alice.wait_for_text(thread, "That card is not the newest one")
    assert world.list_merges() == []
    await world.wait_until(lambda: len(world.list_audit_entries()) >= 3)
    assert [entry["allowed"] for entry in world.list_audit_entries()] == [False, False, False]
    await alice.person.react(thread, new, "✅")
    await alice.wait_until_live(thread)
    await world.check_command(SPIN)
    assert len(world.list_merges()) == 1


async def _ship_at_the_same_instant(world: SmallBotHarness) -> None:
    thread, _ = await world.propose_fix(FLIP)
    await asyncio.gather(
        world.alice.person.say(thread, "ship it"), world.carol.person.say(thread, "ship it")
    )
    await world.alice.wait_until_live(thread)
    await world.check_command(FLIP)
    assert len(world.list_merges()) == 2
    assert world.list_pulls() == [(1, "merged"), (2, "merged")]
    said = [m["content"] for m in (await world.alice.read_transcript())[thread]]
    assert len([text for text in said if "live at" in text.lower()]) == 1, said
    assert len([text for text in said if text.startswith("Shipping")]) == 1, said
    assert len([text for text in said if "has already shipped" in text]) == 1, said


async def _refuse_a_push_that_does_not_pass(world: SmallBotHarness) -> None:
    alice = world.alice
    thread, card = await world.propose_fix(GUESS)
    world.push(world.get_run(thread), FILE, "nonsense_without_a_meaning\n")
    moved = await alice.wait_for_text(thread, "that commit does not pass")
    assert [file["filename"] for file in moved["attachments"]], "no output is attached"
    await world.wait_until(lambda: world.get_run(thread)["status"] == "waiting")
    word = await alice.person.say(thread, "ship it")
    assert "does not pass" in await alice.wait_for_reply(thread, word)
    assert "Nothing was merged" in await alice.press(thread, card, "Ship it")
    assert len(world.list_merges()) == 2
    await alice.person.say(thread, "reject")
    await alice.wait_for_end(thread)
    assert world.list_pulls() == [(1, "merged"), (2, "merged"), (3, "closed")]
