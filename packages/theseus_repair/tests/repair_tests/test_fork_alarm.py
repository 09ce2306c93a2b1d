"""A test's alarm does not count what the test waited for a processor."""

import signal
from collections.abc import Iterator

import pytest
from theseus_repair._fork_alarm import GENEROUS, Alarm


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Prevent a test's timer from interrupting other tests."""
    before = signal.signal(signal.SIGALRM, signal.SIG_IGN)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_what_was_waited_is_given_once_more_and_the_timer_set_for_it() -> None:
    waits = iter([0.0, 3_600.0])
    alarm = Alarm(lambda: next(waits))
    alarm.start(30.0)
    assert not alarm.has_expired()
    left, _ = signal.getitimer(signal.ITIMER_REAL)
    assert 0.0 < left <= 30.0


def test_whoever_had_its_time_is_ended() -> None:
    alarm = Alarm(lambda: 0.0)
    alarm.start(1e-9)
    assert alarm.has_expired()


def test_the_clock_ends_it_however_long_it_waited() -> None:
    waits = iter([0.0, 3_600.0])
    alarm = Alarm(lambda: next(waits))
    alarm.start(0.001 / GENEROUS)
    assert alarm.has_expired()


def test_after_it_was_stopped_nothing_is_left() -> None:
    alarm = Alarm(lambda: 0.0)
    alarm.start(30.0)
    alarm.stop()
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0.0
    assert alarm.has_expired()
