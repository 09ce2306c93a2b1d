"""Edits that answer differently end a failure: the bot asks which answer is right."""

from pathlib import Path

import pytest

from tests.fakes.repositories import run_git
from tests.fakes.small_bot_repository import SHARE, TICKET, TICKET_TEST, Game
from tests.support.casts import open_offline_cast
from tests.support.page_reader import get_buttons, get_text, is_proposal
from tests.support.small_bot_harness import SmallBotHarness, open_small_bot

pytestmark = pytest.mark.slow


async def test_killed_while_it_asks_the_old_button_still_picks_the_edit_that_ships(
    tmp_path: Path,
) -> None:
    more = {"tests/test_ticket.py": TICKET_TEST}
    async with open_small_bot(tmp_path, open_offline_cast, more=more) as world:
        await world.break_command(TICKET)
        thread = await world.alice.ask(TICKET.report)
        question = await world.alice.wait_for_text(
            thread, "no test shows which one is right", timeout=120
        )
        *answers, neither, later, ignore = get_buttons(question)
        assert {"25", "21"} <= set(answers)
        assert (neither, later, ignore) == ("neither", "Later", "Ignore")
        assert f"{answers[0]}, the result of the likeliest edit" in get_text(question)

        world.kill()
        await world.wait_until_restarted(2)
        said = await world.alice.person.say(thread, "22")
        assert "or “neither”" in await world.alice.wait_for_reply(thread, said)
        await world.alice.press(thread, question, "21")

        card = await world.alice.wait_for_proposal(thread, timeout=120)
        assert "alice said that `ticket(2, 1)` answers 21." in get_text(card)
        assert "tests/regressions/test_ticket_answer_" in get_text(card)
        await world.alice.person.say(thread, "ship it")
        await world.alice.wait_until_live(thread)
        await world.check_command(TICKET)
        await _merged_with_its_test(world, TICKET, "answer == 21")
        told = (await world.alice.read_transcript())[thread]
        assert sum("neither" in get_buttons(message) for message in told) == 1
        assert sum(is_proposal(message) for message in told) == 1
        await world.alice.check_wording()
        await world.wait_until_clean()


async def test_what_a_call_should_answer_that_always_failed_people_say(tmp_path: Path) -> None:
    async with open_small_bot(tmp_path, open_offline_cast) as world:
        await world.break_command(SHARE)
        thread = await world.alice.ask(SHARE.report)
        question = await world.alice.wait_for_text(
            thread, "and the expected result is not known", timeout=120
        )
        assert "`share(7, 0)` raises ZeroDivisionError" in get_text(question)
        assert list(get_buttons(question)) == ["0", "something else", "Later", "Ignore"]

        await world.alice.person.say(thread, "something sensible")
        await world.alice.wait_for_text(thread, "or a value as Python writes it")
        await world.alice.person.say(thread, "0")
        card = await world.alice.wait_for_proposal(thread, timeout=120)
        assert "alice said that `share(7, 0)` answers 0." in get_text(card)
        await world.alice.person.say(thread, "ship it")
        await world.alice.wait_until_live(thread)
        await world.check_command(SHARE)
        await _merged_with_its_test(world, SHARE, "answer == 0")
        await world.alice.check_wording()


async def _merged_with_its_test(world: SmallBotHarness, game: Game, held: str) -> None:
    """Check that what was merged has the answer's test, and the edit that was picked."""
    (merge,) = world.list_merges()
    files = run_git(world.cast.bare, "ls-tree", "-r", "--name-only", merge).split()
    (kept,) = [file for file in files if f"test_{game.command}_answer_" in file]
    assert held in run_git(world.cast.bare, "show", f"{merge}:{kept}")
    assert world.list_audit_entries("answer")[-1]["note"] == held.rpartition(" ")[2]
