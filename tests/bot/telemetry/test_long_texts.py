"""Texts of any length cost the same: they are cut before anything looks through them."""

import io
import logging
import random
import string
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from theseus_observe.failures.bounded_text import redact_beginning
from theseus_observe.failures.capsules import MAX_MESSAGE
from theseus_observe.failures.safe_access import get_message
from theseus_observe.redaction import redact

from bot.telemetry.logs import configure_logging
from bot.telemetry.observation import build_capsule
from tests.support.restored_logging import restore_logging

ROOT = Path(__file__).parents[3]
HUGE = 4_000_000
SECRET = "ghp_" + "".join(random.Random(1).choices(string.ascii_letters + string.digits, k=36))


class CountingRedactor:
    """Counts the characters that it looks through."""

    def __init__(self) -> None:
        self.characters = 0

    def __call__(self, text: str) -> str:
        self.characters += len(text)
        return text


ERRORS: dict[str, Callable[[], Exception]] = {
    "a text": lambda: ValueError("a" * HUGE),
    "a key": lambda: KeyError("é" * HUGE),
    "bytes": lambda: ValueError(b"a" * HUGE),
    "several arguments": lambda: ValueError("a" * HUGE, "b" * HUGE),
    "a list": lambda: ValueError(["a"] * HUGE),
    "a group": lambda: ExceptionGroup("g", [ValueError("a" * HUGE), KeyError("b" * HUGE)]),
}


@pytest.mark.parametrize("kind", ERRORS)
def test_a_message_of_4_megabytes_is_cut_before_it_is_looked_through(kind: str) -> None:
    counting = CountingRedactor()
    found = build_capsule(ERRORS[kind](), root=ROOT, redact=counting)
    assert counting.characters <= 8_100
    assert len(found.message) <= MAX_MESSAGE + len(" [... cut]")
    assert found.message.endswith(" [... cut]")


def test_arguments_and_inputs_of_4_megabytes_are_not_looked_through() -> None:
    def fail(text: str, fields: dict[str, str]) -> None:
        raise ValueError

    counting = CountingRedactor()
    inputs: dict[str, object] = {"a": "a" * HUGE, "b": {"b" * HUGE: 1}, "c": ["c" * HUGE]}
    with pytest.raises(ValueError) as raised:
        fail("a" * HUGE, {"token": "a" * HUGE})
    found = build_capsule(raised.value, root=ROOT, redact=counting, inputs=inputs)
    assert counting.characters <= 8_100
    assert found.inputs == {}


def test_the_same_argument_in_many_frames_is_looked_through_once() -> None:
    def fail(text: str, left: int) -> None:
        if left == 0:
            raise ValueError
        fail(text, left - 1)

    counting = CountingRedactor()
    with pytest.raises(ValueError) as raised:
        fail("a" * 900, 100)
    found = build_capsule(raised.value, root=ROOT, redact=counting)
    assert len(found.frames) == 30
    assert counting.characters <= 1_000


@pytest.fixture
def counted_log() -> Iterator[CountingRedactor]:
    """Log to nowhere, counted, and put logging back afterwards."""
    counting = CountingRedactor()
    with restore_logging():
        configure_logging(redact=counting, stream=io.StringIO())
        yield counting


@pytest.mark.parametrize("kind", ERRORS)
def test_a_traceback_of_4_megabytes_is_cut_before_the_log_looks_through_it(
    kind: str, counted_log: CountingRedactor
) -> None:
    logging.getLogger("theirs").error("it raised", exc_info=ERRORS[kind]())
    logging.getLogger("theirs").error("%s", "a" * HUGE)
    assert 16_000 <= counted_log.characters <= 60_000


@pytest.mark.parametrize("before", range(0, 60, 3))
def test_half_a_secret_at_the_cut_is_never_shown(before: int) -> None:
    for start in (2_000 - before, 4_000 - before):
        text = f"{'word ' * (start // 5)}{'x' * (start % 5)} {SECRET} {'y ' * HUGE}"
        for shown in (
            redact_beginning(text, MAX_MESSAGE, redact),
            build_capsule(ValueError(text), root=ROOT, redact=redact).message,
        ):
            assert not any(SECRET[:length] in shown for length in range(5, len(SECRET)))


def test_many_secrets_before_the_cut_leave_no_half_of_the_last() -> None:
    # Each mark is shorter than its secret: what remains of the whole beginning is short.
    text = f"{SECRET} " * 100_000
    shown = redact_beginning(text, MAX_MESSAGE, redact)
    assert "ghp_" not in shown


def test_a_short_text_stays_whole() -> None:
    assert redact_beginning("a" * 2_000, 2_000, redact) == "a" * 2_000
    assert get_message(KeyError("a")) == "'a'"
    assert get_message(ValueError("a", 1)) == "('a', 1)"
    assert get_message(OSError(2, "No such file")) == "[Errno 2] No such file"
