"""A private failure is stored with stand-ins, and still fails the same way."""

import importlib.util
from ast import literal_eval
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest
from theseus_observe.failures.delays import AnsweredTooLate, EventLoopBlocked
from theseus_observe.failures.no_response import NoResponse

from bot.domain.audience import Audience
from bot.domain.errors import AgentLimited, AgentOverloaded
from bot.domain.journal import Action, ActionOutcome, Kind
from bot.telemetry.recorder import Recorder
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_journal import FakeJournal

PLANTED = ("tuna", "salad", "836251", "Zanzibar")
SOURCE = """
import json, datetime
from bot.domain.errors import AgentStuck

class NoteError(Exception):
    pass

def number(text):
    return int(text)

def find(notes, name):
    return notes[name]

def convert(amount, unit):
    if unit != "km":
        raise NoteError(f"no unit {unit} for the amount {amount}")
    return 1 / 0

def read(text):
    return json.loads(text)["name"]

def day(text):
    return datetime.date.fromisoformat(text)

def joined(words):
    raise NoteError(" ".join(words).upper())

def repeated(command):
    raise AgentStuck(f"The model repeats itself: {command}.")

def wrapped(text):
    try:
        return int(text)
    except ValueError as error:
        raise NoteError(text) from error
"""


@pytest.fixture
def cog(tmp_path: Path) -> ModuleType:
    file = tmp_path / "cogs" / "notes.py"
    file.parent.mkdir()
    file.write_text(SOURCE)
    spec = importlib.util.spec_from_file_location("cogs.notes", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def record(root: Path, call: Callable[[], object], **about: object) -> Action:
    recorder = Recorder(FakeJournal(), FakeClock(), root, b"salt", lambda: None)
    try:
        call()
    except Exception as error:  # noqa: BLE001  # whatever the call raises is recorded
        return recorder.record(
            Kind.COMMAND,
            "note",
            ActionOutcome.ERROR,
            error=error,
            **about,  # type: ignore[arg-type]
        )
    raise AssertionError("the call does not fail")


CALLS = [
    ("number", ("tuna salad 836251",)),
    ("find", ({"Zanzibar": 1, "rice": 2}, "tuna")),
    ("convert", (836251, "tuna")),
    ("convert", (836251, "km")),
    ("read", ('{"tuna": 836251}',)),
    ("day", ("836251-tuna",)),
    ("joined", (["Zanzibar", "tuna"],)),
    ("repeated", ("Zanzibar tuna",)),  # it quotes what the model does
    ("wrapped", ("Zanzibar tuna",)),
]


@pytest.mark.parametrize(("function", "arguments"), CALLS)
def test_no_byte_of_a_private_failure_was_typed_and_the_call_fails_again(
    tmp_path: Path, cog: ModuleType, function: str, arguments: tuple[object, ...]
) -> None:
    call = getattr(cog, function)
    inputs = {"text": "tuna salad", "number": 836251}
    action = record(tmp_path, lambda: call(*arguments), inputs=inputs)
    assert action.error is not None
    stored = action.model_dump_json()
    for planted in PLANTED:
        assert planted.lower() not in stored.lower()
    frame = action.error.innermost
    assert frame is not None
    again = [literal_eval(source) for source in frame.arguments.values()]
    repeated = record(tmp_path, lambda: call(*again), audience=Audience.TEAM)
    assert repeated.error is not None
    assert repeated.error.exception == action.error.exception


def test_wording_that_the_source_or_python_wrote_stays(tmp_path: Path, cog: ModuleType) -> None:
    failed = record(tmp_path, lambda: cog.number("tuna"))
    assert failed.error is not None
    assert failed.error.message.startswith("invalid literal for int() with base 10: '")
    failed = record(tmp_path, lambda: cog.convert(7, "tuna"))
    assert failed.error is not None
    assert failed.error.message.startswith("no unit ")
    assert failed.error.message.endswith(" for the amount 7")


@pytest.mark.parametrize(
    "error",
    [
        NoResponse("it ended without an answer; coroutine 'Notes.keep' was never awaited"),
        EventLoopBlocked("The event loop stood still for 12.5 s; nothing else was answered."),
        AnsweredTooLate("It had not answered after 30 s."),
        AgentOverloaded("The model's provider is still overloaded."),
        AgentLimited("The model's provider limits our use until 15:00 UTC."),
    ],
)
def test_a_failure_that_the_bot_observed_keeps_its_description(
    tmp_path: Path, cog: ModuleType, error: Exception
) -> None:
    typed = f"{PLANTED[0]} answered still ended"
    recorder = Recorder(FakeJournal(), FakeClock(), tmp_path, b"salt", lambda: None)
    try:
        cog.number(typed)
    except ValueError as raised:
        traceback = raised.__traceback__
    for where in (None, traceback):
        error.with_traceback(where)
        action = recorder.record(
            Kind.CHAT, "note", ActionOutcome.ERROR, error=error, inputs={"text": typed}
        )
        assert action.error is not None
        assert action.error.holds_stand_ins
        assert action.error.message == str(error)
        assert PLANTED[0] not in action.model_dump_json()


def test_a_cleared_failure_is_kept_as_it_is(tmp_path: Path, cog: ModuleType) -> None:
    action = record(tmp_path, lambda: cog.number("tuna"), audience=Audience.TEAM)
    assert action.error is not None
    assert "'tuna'" in action.error.message
    assert not action.error.holds_stand_ins


def test_the_fingerprint_is_the_same_for_both(tmp_path: Path, cog: ModuleType) -> None:
    prints = [
        action.error.fingerprint
        for audience in Audience
        if (action := record(tmp_path, lambda: cog.number("tuna"), audience=audience)).error
    ]
    assert len(prints) == 2
    assert len(set(prints)) == 1


def test_no_child_of_a_group_shows_what_was_typed(cog: ModuleType, tmp_path: Path) -> None:
    first, second, number, place = PLANTED
    calls = [
        partial(cog.number, first),
        partial(cog.convert, number, second),
        partial(cog.joined, [place]),
        partial(cog.find, {}, place),
    ]

    def fail_together() -> None:
        errors = []
        for call in calls:
            try:
                call()
            except Exception as error:  # noqa: BLE001  # each raises another
                errors.append(error)
        raise ExceptionGroup(first, errors)

    action = record(tmp_path, fail_together, inputs={"text": f"{first} {second}"})
    assert action.error is not None
    assert len(action.error.children) == 4
    assert all(each.audience is Audience.PRIVATE for each in action.error.children)
    written = action.model_dump_json().casefold()
    assert not [text for text in PLANTED if text.casefold() in written]
