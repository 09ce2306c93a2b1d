"""Judges a replayed failure: red where it fails in the same way, green where people get answers."""

import re
from collections.abc import Collection

from bot.domain.journal import get_command_name
from bot.domain.rehearsal import (
    InteractionStep,
    PlayedError,
    PlayedStep,
    SayStep,
    SeenEvent,
    SingleStep,
    TogetherStep,
    Transcript,
)
from bot.proof.behaviour_diff import format_step

_LINE = re.compile(r":\d+")


def is_same_failure(wanted: PlayedError, found: PlayedError) -> bool:
    """Whether that is the failure: its event, its error's class, and its place but for the line.

    What `wanted` does not tell is not asked for; messages hold values, and are not compared.
    """
    if wanted.event and wanted.event != found.event:
        return False
    if wanted.at and _place(wanted.at) != _place(found.at):
        return False
    return wanted.error == found.error


def find_failing_steps(transcript: Transcript, wanted: PlayedError) -> tuple[int, ...]:
    """Return the steps (from 0) of a play at which that failure happens; none: it is not red."""
    return tuple(
        at
        for at, step in enumerate(transcript.steps)
        if any(is_same_failure(wanted, each) for each in step.errors)
    )


def find_objection(
    failing_steps: Collection[int], head: Transcript, wanted: PlayedError | None = None
) -> str:
    """Return what stands against a play as proof that steps that were red are mended.

    Empty: at each of them nobody gets an error and whoever asked gets an answer. A refusal in the
    cog's own words is one; Discord's "did not respond" and a message without content are not.
    Whoever talks asks nothing, unless `wanted`, the failure, is a command's: then they typed it.
    """
    typed = wanted is not None and bool(get_command_name(wanted.event))
    if not failing_steps:
        return "the failure was not red, so that nothing is proven"
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
        return f"it cannot be done any more: {step.refused}"
    if step.wanted:
        return f"nothing answers {step.wanted[0]}"
    waiting = step.step.together if isinstance(step.step, TogetherStep) else (step.step,)
    if not all(_is_answered(each, step.seen, typed=typed) for each in waiting):
        return "people get no answer that they can see"
    return ""


def _is_answered(step: SingleStep, seen: Collection[SeenEvent], *, typed: bool) -> bool:
    """Whether whoever asked sees anything of it; nobody asks by letting time pass."""
    if not isinstance(step, InteractionStep | SayStep) or (isinstance(step, SayStep) and not typed):
        return True
    return any(each.to in ("", step.by) and _has_content(each) for each in seen)


def _has_content(event: SeenEvent) -> bool:
    return event.kind not in ("message", "edit") or bool(event.text.strip() or event.parts)


def _place(at: str) -> str:
    """Return a place without its line: edits elsewhere in the file leave it the same."""
    return _LINE.sub("", at)
