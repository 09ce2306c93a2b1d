"""Tracebacks in the log read like Python's own, and cannot be spoilt by the exception."""

import sys
import traceback
from collections.abc import Callable

import pytest
from theseus_observe.failures.tracebacks import TracebackWriter

from tests.support.hostile_objects import make_causes


def write(exc_info: object) -> str:
    """Return the traceback of an event."""
    return str(TracebackWriter(str)(None, "error", {"exc_info": exc_info}).get("exception", ""))


def fail() -> None:
    """Fail plainly."""
    [].pop()


def fail_with_cause() -> None:
    """Fail because of another failure."""
    try:
        fail()
    except IndexError as error:
        raise RuntimeError("nothing to pick") from error


def fail_meanwhile() -> None:
    """Fail while another failure is handled."""
    try:
        fail()
    except IndexError:
        int("x")


def fail_hidden() -> None:
    """Fail with another failure hidden."""
    try:
        fail()
    except IndexError:
        raise RuntimeError from None


@pytest.mark.parametrize("call", [fail, fail_with_cause, fail_meanwhile, fail_hidden])
def test_it_reads_as_python_writes_it(call: Callable[[], None]) -> None:
    with pytest.raises(Exception) as raised:
        call()
    assert write(raised.value) == "".join(traceback.format_exception(raised.value)).rstrip("\n")
    assert write((raised.type, raised.value, raised.tb)) == write(raised.value)


def test_true_means_the_error_that_is_being_handled() -> None:
    try:
        fail()
    except IndexError:
        assert write(True) == write(sys.exc_info())
    assert write(None) == write(False) == ""


def test_a_group_is_written_with_all_its_children_and_their_notes() -> None:
    noted = ValueError("one")
    noted.add_note("in row 7")
    text = write(ExceptionGroup("several", [noted, KeyError("two")]))
    for expected in (
        "several (2 sub-exceptions)",
        "ValueError: one",
        "in row 7",
        "KeyError: 'two'",
    ):
        assert expected in text


def test_hostile_exceptions_are_written_too() -> None:
    for _, error in make_causes(7, 300):
        assert write(error)
