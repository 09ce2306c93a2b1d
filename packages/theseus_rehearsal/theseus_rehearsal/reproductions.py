"""Finds the script that reproduces a failure which theseus_observe recorded.

A record has what was asked at the failure, but little of what was asked before it. So there are
several candidates, the shortest first, and `find_reproduction` plays them until one fails in the
same way.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from theseus_rehearsal.errors import RehearsalError
from theseus_rehearsal.ports.rehearsal import ScriptRunner
from theseus_rehearsal.recorded_scripts import RecordedScript, build_recorded_script, read_time
from theseus_rehearsal.records import BotCommand, Script, ScriptWorld, Transcript, WaitStep

JournalRecord = Mapping[str, Any]
_MOST_BEFORE = 5
_RECENT = timedelta(minutes=15)
_START = (WaitStep(wait=1.0),)


class Reproduction(NamedTuple):
    """A script that fails as the record says, and the run that shows it."""

    script: Script
    transcript: Transcript


async def find_reproduction(
    runner: ScriptRunner,
    records: Sequence[JournalRecord],
    failure: JournalRecord,
    world: ScriptWorld,
) -> Reproduction | None:
    """Return the first script that fails as the record says; `None` if there is none.

    The files, the time and the web answers are those of `world`; people and channels are the
    record's. The bot is started once without steps, because only the running bot knows its
    commands. Raises `RehearsalError` if nothing in the record can be played.
    """
    start = Script(world=world, steps=_START)
    empty = await runner.run(start)
    if has_failure(empty, failure):
        return Reproduction(start, empty)
    for candidate in build_candidates(records, failure, empty.offers, world):
        transcript = await runner.run(candidate)
        if has_failure(transcript, failure):
            return Reproduction(candidate, transcript)
    return None


def has_failure(transcript: Transcript, failure: JournalRecord) -> bool:
    """Return whether a run has this failure: the same exception in the same function."""
    wanted = _describe(failure)
    return any(
        record.get("error") and _describe(record) == wanted for record in read_records(transcript)
    )


def read_records(transcript: Transcript) -> list[JournalRecord]:
    """Return what theseus_observe recorded of a run."""
    return [json.loads(line) for line in transcript.journal]


def build_candidates(
    records: Sequence[JournalRecord],
    failure: JournalRecord,
    commands: Sequence[BotCommand],
    world: ScriptWorld,
) -> Iterator[Script]:
    """Yield scripts that may reproduce a failure: its own step, then with the steps before it.

    `commands` are those of the running bot. Raises `RehearsalError` if the record cannot be played.
    """
    own = build_recorded_script([failure], offers=commands, pauses=False)
    if own.left_out:
        only = own.left_out[0]
        raise RehearsalError(f"{only.event} cannot be reproduced: {only.reason}")
    before = _list_before(records, failure)
    yield _place(own, world)
    if before:
        both = build_recorded_script([*before, failure], offers=commands, pauses=False)
        yield _place(both, world)


def _place(built: RecordedScript, world: ScriptWorld) -> Script:
    """Return a built script in a world with the same people and channels."""
    own = built.script.world
    return built.script.replace(world=world.replace(people=own.people, channels=own.channels))


def _describe(record: JournalRecord) -> tuple[str, str, str]:
    event, error = str(record["event"]), record.get("error") or {}
    frames = error.get("frames") or ()
    place = f"{frames[-1]['file']}:{frames[-1]['function']}" if frames else event
    return event, str(error.get("exception", "")), place


def _list_before(
    records: Sequence[JournalRecord], failure: JournalRecord
) -> Sequence[JournalRecord]:
    """Return what happened in the same channel shortly before, oldest first."""
    end = read_time(failure)
    found = [
        each
        for each in records
        if each.get("channel_id") == failure.get("channel_id")
        and end - _RECENT <= read_time(each) < end
    ]
    return found[-_MOST_BEFORE:]
