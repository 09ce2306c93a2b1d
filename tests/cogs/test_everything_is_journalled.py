"""Each kind of action there is leaves its record, wherever it happens: one journey, one table."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.journal import Action, ActionOutcome, Kind
from bot.domain.run import Status
from tests.fakes.fake_planner import FakePlanner
from tests.support.dev_channel import COGS, DevChannel, get_custom_id, open_dev_channel

OK, ERROR = ActionOutcome.OK, ActionOutcome.ERROR
TOYS = "tests.bot.client.sample_cogs"
OF_THE_RUN = (Kind.RUN, Kind.MODEL, Kind.FORGE, Kind.CHECK)
TABLE = {
    "command.runs list": OK,
    "context_menu.Weigh": ERROR,
    "component.Card.toys:press": ERROR,
    "listener.Toys.on_message": ERROR,
    "task.Toys.tick": OK,
    "task.Toys.trip": ERROR,
    "task.Toys.trip.stopped": ERROR,
    "chat.turn": OK,
    "model.plan": OK,
    "forge.open_proposal": OK,
    "forge.merge": OK,
    "check.reproduction": OK,  # red on base, then green on head
    "check.affected tests": OK,
    "reload.cogs.runs": OK,
    "gateway.connect": OK,
    "gateway.resume": OK,
    "run.ship": OK,
    "skill.reading-the-journal": OK,
}


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    planner = FakePlanner()
    async with open_dev_channel(tmp_path, planner=planner, extensions=(*COGS, TOYS)) as opened:
        yield opened


async def happened(room: DevChannel) -> None:
    """Let something of every kind happen."""
    alice, skills = room["alice"], room.client.skills
    read = skills.get_current().find("reading-the-journal")
    assert read is not None
    skills.note_use(read, "chat")
    await alice.run("dev", "runs list")
    await alice.use_menu("dev", "Weigh", await alice.say("dev", "hello there"))
    shown = await alice.run("dev", "card")
    await alice.press("dev", get_custom_id(shown["message"], "Press"), shown["message"])
    await alice.say("dev", "stumble")
    await alice.say("dev", f"<@{room.client.user.id}> good morning")  # type: ignore[union-attr]
    _, thread, card = await room.request_proposal()
    await alice.press(thread, get_custom_id(card, "Ship it"), card)
    await room.wait_until(lambda each: each.status is Status.DONE)
    await alice.call("POST", "/local/faults", {"kind": "gateway_reconnect"})


async def test_whatever_is_done_is_in_the_journal_with_how_it_ended(room: DevChannel) -> None:
    await happened(room)
    await room.wait_for_event("gateway.resume")
    await room.wait_for_event("run.ship")
    found: dict[str, Action] = {each.event: each for each in room.world.journal.actions}
    assert {each: found[each].outcome for each in TABLE if each in found} == TABLE
    (run,) = await room.list_runs()
    of_the_run = [found[each] for each in TABLE if found[each].kind in OF_THE_RUN]
    assert {each.run_id for each in of_the_run} == {run.id}
    assert all(each.duration_ms is not None for each in of_the_run)
    # Tools of MCP servers are journalled in tests/bot/tools.
    assert {each.kind for each in found.values()} == set(Kind) - {Kind.TOOL}
