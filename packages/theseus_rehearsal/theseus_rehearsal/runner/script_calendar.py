"""Shows the script's date and time, also in a Python in which time-machine is not installed."""

import datetime as calendar
import time
from collections.abc import Callable
from typing import Any, Protocol

_Moment = calendar.datetime  # the real classes
_Day = calendar.date
_local, _utc, _format = time.localtime, time.gmtime, time.strftime
_NANO = 1_000_000_000


class ScriptCalendar(Protocol):
    """What the calendar shows; it advances only by `move_to`."""

    def move_to(self, now: Any) -> None:
        """Show another time."""
        ...


def open_calendar(now: _Moment) -> ScriptCalendar:
    """Show this time from now on, in all ways that Python has to read it."""
    try:
        import time_machine
    except ModuleNotFoundError:
        return PlainCalendar(now)
    found: ScriptCalendar = time_machine.travel(now, tick=False).start()
    return found


class PlainCalendar:
    """Replaces the functions of `time`, and the classes of `datetime` by subclasses.

    Open it before any other module imports these classes.
    """

    def __init__(self, now: _Moment) -> None:
        self._now = now
        time.time = self._get_seconds
        time.time_ns = lambda: round(self._get_seconds() * _NANO)
        time.localtime = lambda at=None: _local(self._get_seconds() if at is None else at)
        time.gmtime = lambda at=None: _utc(self._get_seconds() if at is None else at)
        time.strftime = lambda shape, at=None: _format(
            shape, time.localtime() if at is None else at
        )
        calendar.datetime, calendar.date = _build_classes(self._get_now)  # type: ignore[misc]

    def move_to(self, now: _Moment) -> None:
        """Show another time."""
        self._now = now

    def _get_now(self) -> _Moment:
        return self._now

    def _get_seconds(self) -> float:
        return self._now.timestamp()


class _AnyMoment(type):
    """Makes objects of the real class instances of its replacement too."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, _Moment)

    def __subclasscheck__(cls, kind: type) -> bool:
        return issubclass(kind, _Moment)


class _AnyDay(type):
    """Makes objects of the real class instances of its replacement too."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, _Day)

    def __subclasscheck__(cls, kind: type) -> bool:
        return issubclass(kind, _Day)


def _build_classes(get_now: Callable[[], _Moment]) -> tuple[type[_Moment], type[_Day]]:
    def read_time(cls: Any, tz: calendar.tzinfo | None = None) -> Any:
        return cls.fromtimestamp(get_now().timestamp(), tz)

    def read_utc(cls: Any) -> Any:
        return read_time(cls, calendar.timezone.utc).replace(tzinfo=None)

    def read_day(cls: Any) -> Any:
        return cls.fromtimestamp(get_now().timestamp())

    class ScriptMoment(_Moment, metaclass=_AnyMoment):
        now = classmethod(read_time)
        utcnow = classmethod(read_utc)
        today = classmethod(read_day)

    class ScriptDay(_Day, metaclass=_AnyDay):
        today = classmethod(read_day)

    for kind, name in ((ScriptMoment, "datetime"), (ScriptDay, "date")):
        kind.__name__ = kind.__qualname__ = name
        kind.__module__ = "datetime"
    return ScriptMoment, ScriptDay
