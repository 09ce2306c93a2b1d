"""Which failure is meant, and whether something else is wished for."""

from datetime import UTC, datetime

import pytest

from bot.domain.people import Person, Place
from bot.domain.run import Trigger
from bot.grammar.matching import meant


@pytest.mark.parametrize(
    ("text", "subject", "wished"),
    [
        ("when I write 2 hours in /remind it falls over, fix?", "write 2 hours in /remind", False),
        ("fix the typo in the /roll help text", "typo in the /roll help text", True),
        ("what we spoke of", "add advantage to /roll", True),
    ],
)
def test_a_piece_of_a_complaint_is_no_wish(text: str, subject: str, wished: bool) -> None:
    trigger = Trigger(
        key="message:1", goal="fix", person=Person(id=1, name="alice"),
        place=Place(channel_id=1, guild_id=2), text=text, subject=subject,
        at=datetime(2026, 11, 25, tzinfo=UTC),
    )  # fmt: skip

    assert meant(trigger, (), None, ("roll", "remind")).change is wished
