"""A replay fails if it has the same failure, and passes if it has an answer."""

import pytest
from rehearsal_tests.replay_builders import error, played, seen, transcript
from theseus_rehearsal.records import (
    PlayedError,
    PlayedStep,
    PressStep,
    SayStep,
    SeenEvent,
    TogetherStep,
    WaitStep,
)
from theseus_rehearsal.replays import find_failing_steps, find_objection, is_same_failure

WANTED = PlayedError(event="command.roll", error="KeyError", at="cogs/dice.py:41 in total")


@pytest.mark.parametrize(
    ("found", "same"),
    [
        (error(), True),
        (error(at="cogs/dice.py:77 in total"), True),  # lines move
        (error().replace(message="'d8'"), True),  # values differ
        (error(at="cogs/dice.py:41 in parse"), False),
        (error(at="cogs/polls.py:41 in total"), False),
        (error("IndexError"), False),
        (error().replace(event="task.Dice.tick"), False),
    ],
)
def test_the_same_failure_is_the_same_error_at_the_same_place(
    found: PlayedError, same: bool
) -> None:
    assert is_same_failure(WANTED, found) is same


def test_what_is_not_known_of_a_failure_is_not_asked_for() -> None:
    assert is_same_failure(PlayedError(event="", error="KeyError"), error())
    assert not is_same_failure(PlayedError(event="", error="ValueError"), error())


def test_the_steps_where_it_happens_are_red() -> None:
    play = transcript(
        played(seen("7")),
        played(errors=(error("ValueError"), error())),
        played(errors=(error("ValueError"),)),
        played(errors=(error(),)),
    )
    assert find_failing_steps(play, WANTED) == (1, 3)
    assert find_failing_steps(transcript(played(seen("7"))), WANTED) == ()


PRESS = PressStep(press="Vote", by="bob")
NOTHING = SeenEvent(kind="message", channel="dev", message="m1", text=" ")
BOTH = TogetherStep(together=(PressStep(press="Skip"), PRESS))


@pytest.mark.parametrize(
    ("step", "against"),
    [
        (played(seen("7")), ""),
        (played(seen("Sorry, a die has at least two sides.", to="alice")), ""),  # a refusal
        (played(seen("", "embed: 7")), ""),
        (played(SeenEvent(kind="form", channel="dev", to="alice", text="Edit")), ""),
        (played(SeenEvent(kind="delete", channel="dev", message="m1"), step=PRESS), ""),
        (played(step=WaitStep(wait=60)), ""),  # nobody asked
        (played(step=SayStep(say="hello")), ""),
        (played(seen("a"), seen("b"), step=BOTH), ""),
        (played(), "at step 1 people get no answer that they can see"),
        (played(NOTHING), "at step 1 people get no answer that they can see"),
        (played(seen("7", to="carol")), "at step 1 people get no answer that they can see"),
        (played(seen("a", to="alice"), step=BOTH), "at step 1 people get no answer that they"),
        (played(seen("oops"), errors=(error("TypeError"),)), "at step 1 people get an error: Typ"),
        (played(unanswered=True), "at step 1 people get no answer: Discord says"),
        (played(refused="no such command"), "at step 1 this step is no longer possible: no such"),
        (played(seen("7"), wanted=("GET https://x.org",)), "at step 1 nothing answers GET"),
    ],
)
def test_green_is_an_answer_and_no_error(step: PlayedStep, against: str) -> None:
    told = find_objection([0], transcript(step))
    assert told.startswith(against)
    assert bool(told) is bool(against)


def test_only_what_was_red_is_asked_for() -> None:
    head = transcript(played(errors=(error(),)), played(seen("7")))
    assert find_objection([1], head) == ""
    assert "the failure did not happen before the change" in find_objection([], head)
    assert find_objection([2], head) == "at step 3 nothing was played"
    assert (
        find_objection([1], head.replace(trouble="it ended")) == "the bot does not hold: it ended"
    )


def test_a_typed_command_that_nobody_is_answered_is_not_green() -> None:
    head = transcript(played(step=SayStep(say="!echo hi")))
    typed = PlayedError(event="command.echo", error="TypeError")
    heard = PlayedError(event="listener.on_message", error="TypeError")
    assert find_objection([0], head, typed) == "at step 1 people get no answer that they can see"
    assert find_objection([0], head, heard) == ""
    assert (
        find_objection([0], transcript(played(seen("hi"), step=SayStep(say="!echo hi"))), typed)
        == ""
    )
