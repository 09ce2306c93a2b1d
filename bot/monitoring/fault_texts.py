"""Describes faults for people. Only names are used, so no text that users typed can appear."""

import re

from bot.domain.anomaly import Anomaly, Rule
from bot.domain.journal import Capsule, format_action_name, get_loop_event
from bot.domain.thresholds import Thresholds
from bot.presentation.counts import format_count

_MINUTES = 10.0
_NOT_A_NAME = re.compile(r"[^\w./: -]+")


def format_action(event: str) -> str:
    """Return the name of an action for people: `/roll`, `the task Reminders.deliver`."""
    kind, _, name = (get_loop_event(event) or event).partition(".")
    return format_action_name(name_only(kind), name_only(name or kind))


def format_error(capsule: Capsule | None) -> str:
    """Return `IndexError in face()`, or as much of it as is known."""
    if capsule is None:
        return ""
    frame = capsule.innermost
    raised = name_only(capsule.exception.rpartition(".")[2])
    return f"{raised} in {name_only(frame.function)}()" if frame else raised


def describe_anomaly(anomaly: Anomaly, thresholds: Thresholds) -> str:
    """Return what triggered the anomaly, such as `6 of 10 failed in 10 min`."""
    if get_loop_event(anomaly.event) is not None:
        return "a failure stopped its loop, and the loop does not restart by itself"
    span = f"{get_window_minutes(thresholds, anomaly):g} min"
    if anomaly.rule is Rule.ERROR_RATE:
        return f"{anomaly.bad} of {anomaly.volume} failed in {span}"
    if anomaly.rule is Rule.REPEATED_ERROR:
        return f"it failed {format_count(anomaly.bad, 'time')} in {span}"
    return f"{anomaly.volume} took so long in {span}"


def format_title(name: str, error: str, anomaly: Anomaly) -> str:
    """Return a one-line title such as `/roll fails: IndexError …`.

    It contains no count, because a count would change.
    """
    if get_loop_event(anomaly.event) is not None:
        return f"{name} has stopped" + (f": {error}" if error else "")
    if anomaly.rule is not Rule.LATENCY:
        return f"{name} fails" + (f": {error}" if error else "")
    usual = f", usually {_format_duration(anomaly.baseline)}" if anomaly.baseline else ""
    return f"{name} is slow: 5 % take over {_format_duration(anomaly.value)}{usual}"


def get_window_minutes(thresholds: Thresholds, anomaly: Anomaly) -> float:
    """Return the length of the window in which the anomaly was detected."""
    rules = thresholds.get_rules(anomaly.event)
    if anomaly.rule is Rule.ERROR_RATE:
        return rules.error_rate.minutes if rules.error_rate else _MINUTES
    if anomaly.rule is Rule.REPEATED_ERROR:
        return rules.repeated_error.minutes if rules.repeated_error else _MINUTES
    return rules.latency.minutes if rules.latency else _MINUTES


def name_only(text: str) -> str:
    """Return the text with only the characters of a name, at most 60."""
    return _NOT_A_NAME.sub("", text)[:60]


def _format_duration(ms: float) -> str:
    return f"{ms / 1000:.1f} s" if ms >= 1_000 else f"{ms:.0f} ms"
