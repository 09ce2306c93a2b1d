"""Quotes: what is read from the service, and `/quote` with the service as it happens to be."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.demo.third_party import Condition, ThirdParty
from bot.domain.journal import FailureGroup
from bot.triage import Origin, triage
from cogs.quotes import NO_QUOTE, SOURCE, read_quote, read_wait
from tests.cogs.room import Room, open_room


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ({"quote": "Know  thyself.\n", "author": "Thales"}, "> Know thyself.\n— Thales"),
        ({"quote": "Know thyself."}, "> Know thyself.\n— nobody knows who"),
        ({"quote": "a" * 5000, "author": "b" * 5000}, f"> {'a' * 1500}\n— {'b' * 100}"),
        ({"quote": "  "}, ""),
        ({"quote": None}, ""),
        ([], ""),
        (None, ""),
    ],
)
def test_the_services_answer_is_read_whatever_it_is(answer: Any, shown: str) -> None:
    assert read_quote(answer) == shown


@pytest.mark.parametrize(
    ("told", "wait"), [("30", 30.0), ("0", 0.0), ("soon", None), ("-1", None), ("", None)]
)
def test_how_long_the_service_wants_to_be_left_alone(told: str, wait: float | None) -> None:
    assert read_wait({"Retry-After": told}) == wait


@pytest.fixture
async def party() -> AsyncIterator[ThirdParty]:
    async with ThirdParty() as party:
        yield party


@pytest.fixture
async def room(party: ThirdParty, tmp_path: Path) -> AsyncIterator[Room]:
    (tmp_path / "quotes.url").write_text(f"{party.url}\n")
    async with open_room("cogs.quotes", tmp_path, errors_expected=True) as room:
        yield room


async def test_a_quote_is_fetched_and_said(room: Room, party: ThirdParty) -> None:
    await room.alice.slash(room.channel, "quote")

    assert "— Plutarch" in room.said()[-1]
    assert party.asked == 1
    assert not [action for action in room.journal.actions if action.error]


async def test_without_an_address_of_its_own_the_usual_service_is_asked(tmp_path: Path) -> None:
    async with open_room("cogs.quotes", tmp_path) as room:
        cog: Any = room.bot.get_cog("Quotes")
        assert cog.source == SOURCE


async def test_a_service_that_is_down_is_a_failure_and_not_the_codes(
    room: Room, party: ThirdParty
) -> None:
    party.condition = Condition.DOWN

    await room.alice.slash(room.channel, "quote")

    [failed] = [action for action in room.journal.actions if action.error]
    assert failed.event == "command.quote"
    assert failed.error is not None
    group = FailureGroup(
        fingerprint=failed.error.fingerprint,
        event=failed.event,
        count=1,
        first_seen=failed.ts,
        last_seen=failed.ts,
        newest=failed,
        action_ids=(failed.id,),
    )
    assert triage(group).origin is Origin.OUTSIDE


async def test_a_service_with_nothing_to_say_is_no_failure(room: Room, party: ThirdParty) -> None:
    party.condition = Condition.EMPTY
    await room.alice.slash(room.channel, "quote")
    assert room.said()[-1] == NO_QUOTE
    assert not [action for action in room.journal.actions if action.error]
