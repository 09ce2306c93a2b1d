"""Where a failure happened: its stack, with the source of the commit that ran."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from theseus_observe.redaction import redact

from bot.domain.journal import Action, Capsule, Frame
from bot.ports.workspace import Checkout

MOST_FRAMES = 12
_BEFORE, _AFTER = 6, 4
_MOST_FILES = 8
_LONGEST_SOURCE = 400_000
_LONGEST_VALUE = 600
_NO_COMMIT = "The record does not name the commit that ran, so no source is shown."
_UNKNOWN = "The commit {} that ran is not in the repository any more, or its files are not text."


class SourceLine(NamedTuple):
    """One redacted line of source."""

    number: int
    text: str
    is_failing: bool


class FrameView(NamedTuple):
    """One call of the stack, with its arguments by name and the source around its line."""

    frame: Frame
    arguments: Sequence[tuple[str, str]]
    lines: Sequence[SourceLine]


class FailureView(NamedTuple):
    """A failure, the innermost call last. `note` says why source is missing, if it is."""

    record_id: str
    exception: str
    message: str
    commit: str
    frames: Sequence[FrameView]
    left_out: int
    note: str


async def build_failure_view(
    action: Action, capsule: Capsule, checkout: Checkout | None
) -> FailureView:
    """Return the failure of a record. Raises `WorkspaceError`."""
    frames, commit = capsule.frames[-MOST_FRAMES:], action.commit or ""
    sources: dict[str, Sequence[str]] = {}
    if checkout is not None and commit:
        for file in list(dict.fromkeys(each.file for each in reversed(frames)))[:_MOST_FILES]:
            text = await checkout.read_at(commit, file)
            if text is not None and len(text) <= _LONGEST_SOURCE:
                sources[file] = await asyncio.to_thread(_split_source, text)
    views = [
        FrameView(each, list_values(capsule, each.arguments, each.opaque), _cut(sources, each))
        for each in frames
    ]
    note = ""
    if not any(each.lines for each in views):
        note = _UNKNOWN.format(commit[:12]) if commit else _NO_COMMIT
    return FailureView(
        record_id=action.id[-8:],
        exception=capsule.exception,
        message=capsule.message if is_for_team(capsule) else "",
        commit=commit[:12],
        frames=views,
        left_out=len(capsule.frames) - len(frames),
        note=note,
    )


def is_for_team(capsule: Capsule) -> bool:
    """Return whether the values of a capsule may be shown.

    The recorder has replaced what only some people could see, except in records of older versions.
    """
    return capsule.audience is not None


def list_values(
    capsule: Capsule, values: Mapping[str, str], opaque: Sequence[str] = ()
) -> list[tuple[str, str]]:
    """Return the recorded values by name, cut; those without a literal form are `…`."""
    if not is_for_team(capsule):
        return []
    known = [(name, _shorten(redact(text))) for name, text in values.items()]
    return [*known, *((name, "…") for name in opaque)]


def list_inputs(action: Action) -> list[tuple[str, str]]:
    """Return what the person gave to the action, as recorded; empty if that may not be shown."""
    capsule, request = action.error, action.request
    if capsule is not None and capsule.inputs:
        return list_values(capsule, capsule.inputs)
    if capsule is not None and request is not None:
        return list_values(capsule, request.values)
    return []


def _shorten(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def _split_source(text: str) -> list[str]:
    """Return the redacted lines of a file.

    A secret of several lines becomes one line, and then no number is right: such a file is not
    shown at all.
    """
    plain = text.replace("\r", "")
    lines = redact(plain).split("\n")
    if len(lines) != plain.count("\n") + 1:
        return []
    return lines


def _cut(sources: Mapping[str, Sequence[str]], frame: Frame) -> list[SourceLine]:
    lines = sources.get(frame.file, ())
    if not 1 <= frame.line <= len(lines):
        return []
    first = max(frame.line - _BEFORE, 1)
    return [
        SourceLine(number, lines[number - 1], number == frame.line)
        for number in range(first, min(frame.line + _AFTER, len(lines)) + 1)
    ]
