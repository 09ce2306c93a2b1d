"""Which failure people mean."""

import pytest

from bot.domain.journal import FailureGroup, Kind
from bot.domain.matching import ranked
from tests.fakes.fake_clock import FakeClock
from tests.support.world import capsule, failure

CLOCK = FakeClock()


def group(name: str, kind: Kind, file: str, function: str, error: str, text: str) -> FailureGroup:
    """Return a group of one failure."""
    found = capsule(
        exception=error, message=text, file=file, function=function, fingerprint=name + error
    )
    action = failure(CLOCK, found, name=name, kind=kind)
    return FailureGroup(
        fingerprint=found.fingerprint,
        event=action.event,
        count=1,
        first_seen=action.ts,
        last_seen=action.ts,
        newest=action,
        action_ids=(action.id,),
    )


ROLL = group("roll", Kind.COMMAND, "cogs/dice.py", "face", "IndexError", "list index out of range")
REMIND = group("remind", Kind.COMMAND, "cogs/reminders.py", "due_at", "KeyError", "'minutes'")
LOOP = group(
    "Reminders.deliver", Kind.TASK, "cogs/reminders.py", "deliver", "TypeError", "NoneType"
)
POLL = group("poll create", Kind.COMMAND, "cogs/polls.py", "create", "ValueError", "no options")
VOTE = group("vote", Kind.COMPONENT, "cogs/polls.py", "tally", "KeyError", "'winner'")
SEARCH = group("search", Kind.COMMAND, "cogs/search.py", "fetch", "TimeoutError", "timed out")
ALL = (ROLL, REMIND, LOOP, POLL, VOTE, SEARCH)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("rolling dice", ROLL),
        ("dice", ROLL),
        ("/roll", ROLL),
        ("the roll command", ROLL),
        ("reminder thing", REMIND),
        ("reminders", REMIND),
        ("the remind command", REMIND),
        ("voting in polls", VOTE),
        ("poll create", POLL),
        ("creating polls", POLL),
        ("the search tool", SEARCH),
        ("searching", SEARCH),
        ("timeouts in search", SEARCH),
        ("IndexError", ROLL),
        ("delivering reminders", LOOP),
    ],
)
def test_words_find_the_failure_they_are_about(said: str, meant: FailureGroup) -> None:
    assert ranked(said, ALL)[0].fingerprint == meant.fingerprint


@pytest.mark.parametrize("said", ["the weather", "it", "", "the bot", "uploading pictures", "the"])
def test_words_about_something_else_find_nothing(said: str) -> None:
    assert ranked(said, ALL) == ()


def test_of_equals_the_more_recent_comes_first() -> None:
    clock = FakeClock()
    clock.tick(60)
    later = ROLL.but(fingerprint="later", last_seen=clock.now())
    assert ranked("dice", (ROLL, later))[0] == later
