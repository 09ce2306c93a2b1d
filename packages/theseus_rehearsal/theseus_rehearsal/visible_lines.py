"""Converts what people saw of a run to lines, which are equal if people see no difference."""

import re
from collections.abc import Iterator, Mapping

from theseus_rehearsal.records import PlayedStep, SeenEvent, Transcript

START = -1
"""The step before the first: the bot starts."""

_NO_ANSWER = "⚠ Discord: the application did not respond"
_REPLY = re.compile(r"(?<=^in reply to )m\d+$")
_HAPPENS = {
    "edit": "changes",
    "delete": "deleted",
    "reaction": "reaction",
    "form": "form",
    "choices": "choices",
    "thread": "thread",
    "notice": "notice",
}


def list_visible_lines(transcript: Transcript) -> dict[int, tuple[str, ...]]:
    """Return what people saw at each step, from `START` on: a line per message and per part.

    Messages are named by the step at which they appeared, so that an additional message does not
    change the lines of later steps. The failure of a run is at the step that was not reached.
    """
    names = _name_messages(transcript)
    lines = {START: tuple(_iterate_start_lines(transcript, names))}
    for at, step in enumerate(transcript.steps):
        lines[at] = tuple(_iterate_lines(step, names))
    if transcript.trouble:
        lines[len(transcript.steps)] = (f"⚠ the bot did not hold: {transcript.trouble}",)
    return lines


def list_step_lines(step: PlayedStep) -> tuple[str, ...]:
    """Return what people saw of one step; messages have the names from the run."""
    return tuple(_iterate_lines(step, {}))


def has_failed(step: PlayedStep) -> bool:
    """Return whether a person got an error or no answer."""
    return bool(step.errors) or step.unanswered


def _name_messages(transcript: Transcript) -> Mapping[str, str]:
    """Return the name of each message, by the step at which it was first seen."""
    names: dict[str, str] = {}
    played = [(START, transcript.started)] if transcript.started else []
    for at, step in [*played, *enumerate(transcript.steps)]:
        fresh = dict.fromkeys(
            event.message
            for event in (step.seen if step else ())
            if event.message and event.message not in names
        )
        for number, message in enumerate(fresh, 1):
            where = "start" if at == START else f"step {at + 1}"
            names[message] = f"message {number} of {where}"
    return names


def _iterate_start_lines(transcript: Transcript, names: Mapping[str, str]) -> Iterator[str]:
    if transcript.started is not None:
        yield from _iterate_lines(transcript.started, names)
    yield from (f"command {name}" for name in sorted(transcript.commands))


def _iterate_lines(step: PlayedStep, names: Mapping[str, str]) -> Iterator[str]:
    for event in step.seen:
        yield from _iterate_event_lines(event, names)
    if step.refused:
        yield f"⚠ {step.refused}"
    if step.unanswered and not any(event.kind == "notice" for event in step.seen):
        yield _NO_ANSWER
    yield from (f"⚠ {error.event}: {error.error}" for error in step.errors)
    yield from (f"⚠ nothing answers {request}" for request in step.wanted)


def _iterate_event_lines(event: SeenEvent, names: Mapping[str, str]) -> Iterator[str]:
    where = f"{event.channel} ({event.to} alone)" if event.to else event.channel
    if event.kind != "message":
        which = names.get(event.message, event.message)
        where = f"{where}, {_HAPPENS[event.kind]}{f' ({which})' if which else ''}"
    first, *rest = event.text.split("\n")
    yield f"{where}: {first}".rstrip()
    yield from (f"  {line}" for line in rest)
    for part in event.parts:
        known = _REPLY.sub(lambda found: names.get(found[0], found[0]), part)
        yield from (f"  {line}" for line in known.split("\n"))
