"""A push after the card voids it; two words at the same instant ship once."""

import asyncio
from pathlib import Path

import pytest

from tests.fakes.small_bot_repository import FILE, SPIN
from tests.support.casts import MakeCast
from tests.support.page_reader import text_of
from tests.support.small_world import small_world

pytestmark = pytest.mark.slow


async def test_two_listed_people_say_ship_it_at_the_same_instant_and_it_is_merged_once(
    cast: MakeCast,
    tmp_path: Path,
) -> None:
    async with small_world(tmp_path, cast) as world:
        thread, _ = await world.proposed(SPIN)
        await asyncio.gather(
            world.alice.person.say(thread, "ship it"), world.carol.person.say(thread, "ship it")
        )
        await world.alice.live(thread)
        await world.works(SPIN)
        assert len(world.merges()) == 1
        assert world.pulls() == [(1, "merged")]
        said = [m["content"] for m in (await world.alice.transcript())[thread]]
        assert len([text for text in said if "live at" in text.lower()]) == 1, said
        assert len([text for text in said if text.startswith("Shipping")]) == 1, said
        assert len([text for text in said if "has shipped" in text]) == 1, said
        await world.alice.reads_well()
        await world.nothing_left()


async def test_a_push_after_the_card_voids_it_and_only_the_new_card_ships(
    cast: MakeCast, tmp_path: Path
) -> None:
    async with small_world(tmp_path, cast) as world:
        alice = world.alice
        thread, old = await world.proposed(SPIN)
        head = world.push(world.run_in(thread), FILE, "# looked at by hand\n")
        reply = await alice.person.say(thread, "ship it", reply_to=old)
        assert "othing was merged" in await alice.replied(thread, reply)
        new = await alice.proposal(thread, beyond=old["id"])
        assert "The branch moved from" in text_of(new)
        assert head[:7] in text_of(new)
        assert "newest" in await alice.press(thread, old, "Ship it")
        await alice.person.react(thread, old, "🚢")
        await alice.said(thread, "That card is not the newest one")
        assert world.merges() == []
        await world.until(lambda: len(world.audited()) >= 3)
        assert [entry["allowed"] for entry in world.audited()] == [False, False, False]
        await alice.person.react(thread, new, "✅")
        await alice.live(thread)
        await world.works(SPIN)
        assert len(world.merges()) == 1
        await alice.reads_well()
        await world.nothing_left()


async def test_a_push_that_does_not_pass_is_not_shipped_and_its_output_is_shown(
    cast: MakeCast,
    tmp_path: Path,
) -> None:
    async with small_world(tmp_path, cast) as world:
        alice = world.alice
        thread, card = await world.proposed(SPIN)
        world.push(world.run_in(thread), FILE, "nonsense_without_a_meaning\n")
        moved = await alice.said(thread, "that commit does not pass")
        assert [file["filename"] for file in moved["attachments"]], "no output is attached"
        await world.until(lambda: world.run_in(thread)["status"] == "waiting")
        word = await alice.person.say(thread, "ship it")
        assert "does not pass" in await alice.replied(thread, word)
        assert "Nothing was merged" in await alice.press(thread, card, "Ship it")
        assert world.merges() == []
        await alice.person.say(thread, "reject")
        await alice.ended(thread)
        assert world.pulls() == [(1, "closed")]
        await alice.reads_well()
