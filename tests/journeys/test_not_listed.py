"""Someone who is not listed tries every way to ask and to ship."""

from pathlib import Path

import pytest

from tests.fakes.small_bot_repository import GUESS, SPIN
from tests.support.casts import MakeCast
from tests.support.page_reader import get_buttons
from tests.support.small_bot_harness import SmallBotHarness, open_small_bot

pytestmark = pytest.mark.slow

POLITE = "Sorry bob, you are not on the list"
THANKED = "Thanks bob, I have noted it: /guess failed once"


async def test_someone_not_listed_is_refused_politely_each_time_and_nothing_is_merged(
    cast: MakeCast,
    tmp_path: Path,
) -> None:
    async with open_small_bot(tmp_path, cast) as world:
        thread, card = await world.propose_fix(SPIN)
        await _asks(world)
        await _ships(world, thread, card)
        assert len(world.list_runs()) == 1
        assert world.list_merges() == []
        assert world.list_pulls() == [(1, "open")]
        await world.bob.check_wording()
        # and whoever is listed still can
        await world.alice.person.say(thread, "ship it")
        await world.alice.wait_until_live(thread)


async def _asks(world: SmallBotHarness) -> None:
    bob = world.bob
    error = await world.break_command(GUESS, "bob")
    asked = 0
    for channel, words, pointing in (
        ("dev", GUESS.report, None),
        ("dev", "fix this", error),
        ("dev", "@Theseus why does guess fail?", None),
        ("@bob", GUESS.report, None),
    ):
        said = await bob.person.say(channel, words, reply_to=pointing)
        assert THANKED in await bob.wait_for_reply(channel, said), (channel, words)
        asked += 1
    for command in ("fix", "investigate"):
        assert THANKED in await bob.run("dev", command, what="guess")
        asked += 1
    for menu in ("Fix this", "Investigate this"):
        done = await bob.person.use_menu("dev", menu, error)
        assert THANKED in await bob.answer("dev", done)
        asked += 1
    refused = [entry for entry in world.list_audit_entries("ask") if not entry["allowed"]]
    assert [entry["person"]["name"] for entry in refused] == ["bob"] * asked


async def _ships(world: SmallBotHarness, thread: str, card: dict[str, object]) -> None:
    bob = world.bob
    tried = 0
    for words, pointing in (("ship it", None), ("lgtm, merge it", card), ("nice, ship it", card)):
        said = await bob.person.say(thread, words, reply_to=pointing)
        assert POLITE in await bob.wait_for_reply(thread, said), words
        tried += 1
    run = world.get_run(thread)["id"]
    said = await bob.person.say("@bob", f"ship run {run}")
    assert POLITE in await bob.wait_for_reply("@bob", said)
    for label in ("Ship it", "Reject", "Show plan"):
        assert POLITE in await bob.press(thread, card, label), label
    modal = await bob.person.press(thread, get_buttons(card)["Revise"], str(card["id"]))
    assert modal["modal"] is None
    assert POLITE in modal["message"]["content"]
    await bob.person.react(thread, card, "🚢")
    for channel in (thread, "dev"):
        assert POLITE in await bob.run(channel, "ship", run=run)
    for command in ("runs cancel", "runs retry", "runs show"):
        assert POLITE in await bob.run("dev", command, run=run)
    for words in ("cancel", "reject"):
        said = await bob.person.say(thread, words)
        assert POLITE in await bob.wait_for_reply(thread, said), words
    await world.wait_until(lambda: len(world.list_audit_entries()) >= tried + 1 + 1 + 1 + 2, 20)
    assert {entry["allowed"] for entry in world.list_audit_entries()} == {False}
    assert {entry["how"] for entry in world.list_audit_entries()} == {
        "text",
        "button",
        "reaction",
        "slash",
    }
