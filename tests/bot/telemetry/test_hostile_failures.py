"""No failure is lost, whatever its exception and its arguments do when they are looked at."""

import asyncio
import json
import weakref
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest
from theseus_observe.failures.capsules import get_exception_name

from bot.adapters.ndjson_journal._line import Lines, parse
from bot.domain.audience import Audience
from bot.domain.journal import Action, ActionOutcome, Kind
from bot.ports.recorder import About
from bot.telemetry.observation import build_capsule
from bot.telemetry.recorder import Recorder, get_outcome
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_journal import FakeJournal
from tests.support.hostile_objects import RAISED, make_causes

ROOT = Path(__file__).parents[3]
HERE = "tests/bot/telemetry/test_hostile_failures.py"


def fail(argument: object, error: BaseException) -> None:
    """Raise an error with an argument in reach."""
    raise error


def make_recorder(journal: FakeJournal, redact: Callable[[str], str] = str) -> Recorder:
    """Return a recorder for this project."""
    return Recorder(journal, FakeClock(), ROOT, b"s" * 32, lambda: None, redact=redact)


def record_failure(recorder: Recorder, argument: object, error: BaseException) -> BaseException:
    """Let a call fail while it is timed; return what came out of it."""
    try:
        inputs = {"argument": argument}
        with recorder.measure(Kind.COMMAND, "roll", inputs=inputs, audience=Audience.TEAM):
            fail(argument, error)
    except BaseException as raised:  # noqa: BLE001  # anything may have replaced the original
        return raised
    raise AssertionError("nothing was raised")


def check_causes(seed: int, count: int) -> None:
    """Check that the journal has a line for each, and that each original goes on."""
    journal = FakeJournal()
    recorder, lines = make_recorder(journal), Lines(str)
    for number, (argument, error) in enumerate(make_causes(seed, count)):
        assert record_failure(recorder, argument, error) is error, f"{number} was replaced"
        outcome, inputs = get_outcome(error), {"argument": argument}
        about: About = {"error": error, "inputs": inputs, "audience": Audience.PRIVATE}
        recorder.record(Kind.COMMAND, "roll", outcome, **about)
        timed, action = journal.actions
        assert timed.outcome is outcome
        assert_names_the_place(parse(lines.format_line(action)), number)
        journal.actions.clear()


def assert_names_the_place(action: Action, number: int) -> None:
    assert action.error is not None, f"{number} has no capsule"
    assert action.error.exception
    assert len(action.error.fingerprint) == 12
    # Children of a group that were never raised have the frames of the group.
    assert (HERE, "fail") in [(each.file, each.function) for each in action.error.frames]


def test_hostile_objects_lose_no_failure_and_replace_none() -> None:
    check_causes(seed=20261125, count=500)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [5, pytest.param(100, marks=pytest.mark.exhaustive)])
def test_thousands_of_hostile_objects_lose_no_failure_and_replace_none(seeds: int) -> None:
    for seed in range(seeds):
        check_causes(seed, count=1_000)


class Target:
    """Something to point to."""


class NoLength(list[int]):
    """A list whose length cannot be asked."""

    def __len__(self) -> int:
        raise SystemExit(3)


@pytest.mark.parametrize("make", [lambda: weakref.proxy(Target()), NoLength])
def test_an_argument_that_cannot_be_looked_at_is_opaque(make: Callable[[], object]) -> None:
    journal = FakeJournal()
    error = ValueError("no")
    assert record_failure(make_recorder(journal), make(), error) is error
    (action,) = journal.actions
    assert action.error is not None
    assert action.error.innermost is not None
    assert action.error.innermost.opaque == ("argument", "error")
    assert action.error.message == "no"


@pytest.mark.parametrize("raised", RAISED)
@pytest.mark.parametrize("name", ["original", "__dict__", "__traceback__", "__class__"])
def test_an_exception_with_a_property_that_raises_is_recorded_with_its_frames(
    name: str, raised: type[BaseException]
) -> None:
    def read(_: object) -> object:
        raise raised

    kind = type("Odd", (Exception,), {name: property(read), "__module__": "planted"})
    journal = FakeJournal()
    error = kind("its text")
    assert record_failure(make_recorder(journal), 1, error) is error
    (action,) = journal.actions
    assert (action.outcome, action.error and action.error.exception) == ("error", "planted.Odd")
    assert action.error is not None
    assert action.error.message == "its text"
    assert action.error.innermost is not None
    assert action.error.innermost.function == "fail"


@pytest.mark.parametrize("raised", RAISED)
def test_an_exception_whose_text_raises_says_so(raised: type[BaseException]) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise raised

    found = build_capsule(Mute(), root=ROOT, redact=str)
    assert f"its own text raised {get_exception_name(raised())}" in found.message


def test_an_exception_that_refuses_attributes_goes_on_unchanged() -> None:
    class Frozen(Exception):
        def __setattr__(self, *_: object) -> None:
            raise SystemExit(3)

    error = Frozen()
    assert record_failure(make_recorder(FakeJournal()), 1, error) is error


def test_a_redactor_that_fails_costs_the_text_alone() -> None:
    def redact(_: str) -> str:
        raise ZeroDivisionError

    journal = FakeJournal()
    error = ValueError("secret")
    assert record_failure(make_recorder(journal, redact), "secret", error) is error
    (action,) = journal.actions
    assert action.error is not None
    assert "secret" not in action.model_dump_json()
    assert action.error.innermost is not None


def test_a_place_that_is_no_place_costs_the_place_alone() -> None:
    journal = FakeJournal()
    recorder = make_recorder(journal)
    strange: Any = [{"user_id": "ada"}, {"guild_id": object()}, {"channel_id": "x"}]
    for place in strange:
        recorder.record(Kind.LISTENER, "spell", ActionOutcome.ERROR, error=ValueError(), **place)
    assert len(journal.actions) == 3
    assert all(each.error and each.error.exception == "ValueError" for each in journal.actions)


def test_a_journal_that_cannot_write_a_value_gets_the_record_without_values() -> None:
    class Picky(FakeJournal):
        def append(self, action: Action) -> None:
            if action.error is not None and action.error.inputs:
                raise UnicodeError("no such character")
            super().append(action)

    journal = Picky()
    error = ValueError("no")
    assert record_failure(make_recorder(journal), 1, error) is error
    (action,) = journal.actions
    assert action.error is not None
    assert (action.error.exception, action.error.inputs) == ("ValueError", {})
    assert [each.function for each in action.error.frames] == ["record_failure", "fail"]


def test_code_whose_file_has_an_impossible_name_is_recorded() -> None:
    strange = FunctionType(fail.__code__.replace(co_filename="a\0b.py"), {})
    with pytest.raises(ZeroDivisionError) as raised:
        strange(1, ZeroDivisionError())
    found = build_capsule(raised.value, root=ROOT, redact=str)
    assert found.exception == "ZeroDivisionError"
    assert found.innermost is not None


def test_a_cycle_of_causes_and_a_group_of_ten_thousand_end() -> None:
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one
    assert build_capsule(one, root=ROOT, redact=str).message == "two"
    many = ExceptionGroup("many", [ValueError(f"{n}") for n in range(10_000)])
    assert json.loads(build_capsule(many, root=ROOT, redact=str).model_dump_json())
    assert get_outcome(ExceptionGroup("g", [TimeoutError(), ValueError()])) == "error"
    assert get_outcome(BaseExceptionGroup("g", [asyncio.CancelledError()])) == "cancelled"
