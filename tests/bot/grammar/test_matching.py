"""Which failure a message refers to, and whether it is a feature request."""

from datetime import UTC, datetime

import pytest

from bot.domain.journal import ActionOutcome, FailureGroup
from bot.domain.people import Person, Place
from bot.domain.run import Trigger
from bot.grammar.matching import match_failures
from tests.fakes.fake_clock import FakeClock
from tests.support.failures import make_capsule, make_failure


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

    assert match_failures(trigger, (), None, ("roll", "remind")).change is wished


@pytest.mark.parametrize(
    ("text", "silent_first"),
    [
        ("/jot does not respond", True),
        ("/jot never answers, fix it", True),
        ("/jot doesn't reply", True),
        ("jot says nothing, fix it", True),
        ("the jot command gives no response", True),
        ("/jot is silent, look into it", True),
        ("when I use jot nothing happens", True),
        ("I ran /jot, and nothing came back", True),
        ("/jot fails, fix it", False),
    ],
)
def test_a_report_of_silence_finds_the_command_that_did_not_respond(
    text: str, silent_first: bool
) -> None:
    clock = FakeClock()
    missing = make_capsule(
        exception="theseus_observe.failures.no_response.NoResponse", fingerprint="a" * 12
    )
    silent = make_failure(clock, missing, name="jot").replace(outcome=ActionOutcome.NO_RESPONSE)
    groups = [
        FailureGroup(fingerprint=each.error.fingerprint, event=each.event, count=1, newest=each,
                     first_seen=each.ts, last_seen=each.ts, action_ids=(each.id,))
        for each in (make_failure(clock, name="jot"), silent,
            make_failure(clock, name="roll")) if each.error
    ]  # fmt: skip
    trigger = Trigger(
        key="message:1", goal="fix", person=Person(id=1, name="alice"),
        place=Place(channel_id=1, guild_id=2), text=text, subject=text, at=clock.now(),
    )  # fmt: skip

    found = match_failures(trigger, tuple(groups), None, ("jot", "roll")).groups

    assert {each.event for each in found} == {"command.jot"}
    assert (found[0].newest == silent) is silent_first
