"""Judges a replayed failure: it has to fail in the same way on base, and to be answered on head."""

import re
from collections.abc import Collection

from theseus_rehearsal.behaviour_diff import format_step
from theseus_rehearsal.records import (
    InteractionStep,
    PlayedError,
    PlayedStep,
    SayStep,
    SeenEvent,
    SingleStep,
    TogetherStep,
    Transcript,
)

_LINE = re.compile(r":\d+")


def is_same_failure(wanted: PlayedError, found: PlayedError) -> bool:
    """Return whether the failure is the same: its event, error class and place without the line.

    Empty fields of `wanted` are not compared, nor are messages, because they contain values.
    """
    if wanted.event and wanted.event != found.event:
        return False
    if wanted.at and _place(wanted.at) != _place(found.at):
        return False
    return wanted.error == found.error


def find_failing_steps(transcript: Transcript, wanted: PlayedError) -> tuple[int, ...]:
    """Return the steps (from 0) of a run at which that failure happens; may be empty."""
    return tuple(
        at
        for at, step in enumerate(transcript.steps)
        if any(is_same_failure(wanted, error) for error in step.errors)
    )


def find_objection(
    failing_steps: Collection[int], head: Transcript, wanted: PlayedError | None = None
) -> str:
    """Return why a run does not prove that the failing steps are fixed, or an empty string.

    At each of these steps no one may get an error, and the asking person has to get an answer. A
    refusal in the cog's own words is an answer; Discord's "did not respond" and an empty message
    are not. A person who just talks expects no answer, unless `wanted`, the failure, is of a typed
    command.
    """
    typed = wanted is not None and wanted.event.startswith("command.")
    if not failing_steps:
        return "the failure did not happen before the change, so nothing is proven"
    if head.trouble:
        return f"the bot does not hold: {head.trouble}"
    for at in sorted(failing_steps):
        if at >= len(head.steps):
            return f"{format_step(at)} nothing was played"
        why = _find_step_objection(head.steps[at], typed=typed)
        if why:
            return f"{format_step(at)} {why}"
    return ""


def _find_step_objection(step: PlayedStep, *, typed: bool) -> str:
    if step.errors:
        return f"people get an error: {step.errors[0].error}"
    if step.unanswered:
        return "people get no answer: Discord says that the application did not respond"
    if step.refused:
        return f"this step is no longer possible: {step.refused}"
    if step.wanted:
        return f"nothing answers {step.wanted[0]}"
    waiting = step.step.together if isinstance(step.step, TogetherStep) else (step.step,)
    if not all(_is_answered(each, step.seen, typed=typed) for each in waiting):
        return "people get no answer that they can see"
    return ""


def _is_answered(step: SingleStep, seen: Collection[SeenEvent], *, typed: bool) -> bool:
    """Return whether the asking person sees an answer; true if no one asked anything."""
    if not isinstance(step, InteractionStep | SayStep) or (isinstance(step, SayStep) and not typed):
        return True
    return any(event.to in ("", step.by) and _has_content(event) for event in seen)


def _has_content(event: SeenEvent) -> bool:
    return event.kind not in ("message", "edit") or bool(event.text.strip() or event.parts)


def _place(at: str) -> str:
    """Return a place without its line, which edits elsewhere in the file change."""
    return _LINE.sub("", at)
