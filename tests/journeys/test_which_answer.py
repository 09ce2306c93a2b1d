"""Edits that answer differently end a failure: the bot asks which answer is right."""

from pathlib import Path

import pytest

from tests.fakes.repositories import git
from tests.fakes.small_bot_repository import SHARE, TICKET, TICKET_TEST, Game
from tests.support.casts import unscripted
from tests.support.page_reader import buttons, is_proposal, text_of
from tests.support.small_world import SmallWorld, small_world

pytestmark = pytest.mark.slow


async def test_killed_while_it_asks_the_old_button_still_picks_the_edit_that_ships(
    tmp_path: Path,
) -> None:
    more = {"tests/test_ticket.py": TICKET_TEST}
    async with small_world(tmp_path, unscripted, more=more) as world:
        await world.break_it(TICKET)
        thread = await world.alice.ask(TICKET.complaint)
        question = await world.alice.said(thread, "no test says which is right", timeout=120)
        *answers, neither = buttons(question)
        assert {"25", "21"} <= set(answers)
        assert neither == "neither"
        assert f"{answers[0]}, which the likeliest edit answers" in text_of(question)

        world.kill()
        await world.restarted(2)
        said = await world.alice.person.say(thread, "22")
        assert "or “neither”" in await world.alice.replied(thread, said)
        await world.alice.press(thread, question, "21")

        card = await world.alice.proposal(thread, timeout=120)
        assert "alice said that `ticket(2, 1)` answers 21." in text_of(card)
        assert "tests/regressions/test_ticket_answer_" in text_of(card)
        await world.alice.person.say(thread, "ship it")
        await world.alice.live(thread)
        await world.works(TICKET)
        await _merged_with_its_test(world, TICKET, "answer == 21")
        told = (await world.alice.transcript())[thread]
        assert sum("neither" in buttons(message) for message in told) == 1
        assert sum(is_proposal(message) for message in told) == 1
        await world.alice.reads_well()
        await world.nothing_left()


async def test_what_a_call_should_answer_that_always_failed_people_say(tmp_path: Path) -> None:
    async with small_world(tmp_path, unscripted) as world:
        await world.break_it(SHARE)
        thread = await world.alice.ask(SHARE.complaint)
        question = await world.alice.said(thread, "and nothing says what it should", timeout=120)
        assert "`share(7, 0)` raises ZeroDivisionError" in text_of(question)
        assert list(buttons(question)) == ["0", "something else"]

        await world.alice.person.say(thread, "something sensible")
        await world.alice.said(thread, "or a value as Python writes it")
        await world.alice.person.say(thread, "0")
        card = await world.alice.proposal(thread, timeout=120)
        assert "alice said that `share(7, 0)` answers 0." in text_of(card)
        await world.alice.person.say(thread, "ship it")
        await world.alice.live(thread)
        await world.works(SHARE)
        await _merged_with_its_test(world, SHARE, "answer == 0")
        await world.alice.reads_well()


async def _merged_with_its_test(world: SmallWorld, game: Game, held: str) -> None:
    """Check that what was merged has the answer's test, and the edit that was picked."""
    (merge,) = world.merges()
    files = git(world.cast.bare, "ls-tree", "-r", "--name-only", merge).split()
    (kept,) = [file for file in files if f"test_{game.command}_answer_" in file]
    assert held in git(world.cast.bare, "show", f"{merge}:{kept}")
    assert world.audited("answer")[-1]["note"] == held.rpartition(" ")[2]
