"""Builds the script of a reported answer: the command as it was typed, or as it was used before."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from theseus_rehearsal.records import (
    Actor,
    CommandStep,
    Option,
    PressStep,
    Transcript,
    WaitStep,
)
from theseus_rehearsal.scripts import (
    describe_step,
    format_duration,
    parse_duration,
    parse_slash_command,
)

from bot.domain.cogs import get_cog_name
from bot.domain.incorrect_output import AnswerExample
from bot.domain.traffic import ASKER, TrafficRecord
from bot.grammar.incorrect_output import TypedCommand
from bot.proof.reproduction import parse_options
from bot.proof.traffic_scripts import build_script, find_earlier

MOST_SETUP = 20
"""The largest number of earlier interactions before an example that needs some."""

_LATE = 3_600.0  # seconds to continue after the duration in the record, for late effects
_GRACE = 60.0
_EVENT = "command."
_TOKEN = re.compile(r"\w+")
_MOST_USES = 3
_BOUNDARY = r"(?<!\w)"


class CommandSource(NamedTuple):
    """The cog of a command, and the command's options in order with the names of their types."""

    file: str
    cog: str
    options: Mapping[str, frozenset[str]]


def find_command_source(files: Mapping[str, str], command: str) -> CommandSource | None:
    """Return the source of a command in these files, by path; `None` if no file has it."""
    group = command.rpartition(" ")[0].rpartition(" ")[2]
    for file, text in sorted(files.items()):
        options = parse_options(text, command) if get_cog_name(file) else None
        if options is not None and (not group or f'"{group}"' in text):
            return CommandSource(file, get_cog_name(file), options)
    return None


def build_record(
    typed: TypedCommand, source: CommandSource, like: TrafficRecord | None, at: datetime
) -> TrafficRecord | None:
    """Return a typed command as a record, as if it had been used on the server of `like`.

    Return `None` if the arguments cannot be split into the command's options.
    """
    options = _parse_options(typed.arguments, source.options)
    if options is None:
        return None
    places = like.pseudonyms if like else {}
    return TrafficRecord(
        id="example",
        at=at,
        event=f"{_EVENT}{typed.name}",
        cog=source.cog,
        step=CommandStep(by=ASKER, command=typed.name, options=options),
        people=(Actor(name=ASKER),),
        pseudonyms={name: places[name] for name in ("server", "channel") if name in places},
    )


def find_similar_use(
    records: Sequence[TrafficRecord], typed: TypedCommand, text: str
) -> TrafficRecord | None:
    """Return the newest use of a command that fits the text of a report.

    All its option values have to be in the text. A use without options fits if none were typed.
    """
    uses = [use for use in records if use.event == f"{_EVENT}{typed.name}" and use.ok]
    mentioned = [use for use in uses if _list_values(use) and _is_mentioned(use, text)]
    if mentioned:
        return max(mentioned, key=lambda use: (sum(map(len, _list_values(use))), use.at))
    return max(uses, key=lambda use: use.at, default=None) if not typed.arguments else None


def find_uses_by_value(
    records: Sequence[TrafficRecord], values: Sequence[str]
) -> tuple[TrafficRecord, ...]:
    """Return the newest use of each command that had one of these values."""
    wanted = {value.casefold() for value in values}
    found: dict[str, TrafficRecord] = {}
    for record in sorted(records, key=lambda one: one.at):
        if record.ok and wanted & {value.casefold() for value in _list_values(record)}:
            found[record.event] = record
    return tuple(found.values())


def find_uses_of_cogs(records: Sequence[TrafficRecord], text: str) -> tuple[TrafficRecord, ...]:
    """Return the newest use of each command and button of the cogs that a text names.

    The newest comes first, at most three. A cog is also found by its singular: `my poll` is of
    `polls`.
    """
    mentioned = {word.casefold() for word in _TOKEN.findall(text)}
    found: dict[tuple[str, str], TrafficRecord] = {}
    for record in sorted(records, key=lambda one: one.at, reverse=True):
        names = {record.cog, record.cog.removesuffix("s")} - {""}
        if record.ok and names & mentioned and isinstance(record.step, CommandStep | PressStep):
            found.setdefault((record.event, record.custom_id), record)
    return tuple(found.values())[:_MOST_USES]


def build_example(
    record: TrafficRecord,
    known: Sequence[TrafficRecord] = (),
    loads: Sequence[datetime] = (),
) -> AnswerExample:
    """Return a record as an example, after the earlier interactions of its cog in `known`.

    The bot restarts if one of `loads` was in between. If the record contains a duration, that time
    passes afterwards, so that its effect is seen.
    """
    before = [earlier for earlier in find_earlier(record, known) if earlier.ok][-MOST_SETUP:]
    script = build_script(record, before, loads=loads)
    return AnswerExample(
        asked=describe_step(script.steps[-1]),
        event=record.event,
        cog=record.cog,
        script=script.replace(steps=(*script.steps, *_build_waits(record))),
        at=len(script.steps) - 1,
    )


def list_answer_lines(transcript: Transcript, at: int) -> tuple[str, ...] | None:
    """Return what people read from a step on, as lines; `None` if it cannot be asked.

    The lines are the bot's texts without their place. A note about who alone saw a text is a line
    of its own, and so is a note about elapsed time.
    """
    steps = transcript.steps[at:]
    if transcript.trouble or not steps or steps[0].refused:
        return None
    lines: list[str] = []
    for step in steps:
        if isinstance(step.step, WaitStep):
            lines.append(f"({format_duration(step.step.wait)} later)")
        for event in step.seen:
            texts = [line for part in (event.text, *event.parts) for line in part.split("\n")]
            lines += [line.strip() for line in texts if line.strip()]
            lines += [f"({event.kind})"] if event.kind != "message" else []
            lines += [f"({event.to} alone)"] if event.to else []
        lines += [f"⚠ {failure.error}" for failure in step.errors]
        lines += ["⚠ the application did not respond"] if step.unanswered else []
    return tuple(lines)


def find_first_difference(old: Sequence[str], new: Sequence[str]) -> tuple[str, str]:
    """Return the first line of each that the other lacks; empty if there is none.

    If both have the same lines in another order, return the first two that differ.
    """
    removed = next((line for line in old if line not in new), "")
    added = next((line for line in new if line not in old), "")
    moved = (pair for pair in zip(old, new, strict=False) if pair[0] != pair[1])
    return (removed, added) if removed or added else next(moved, ("", ""))


def _parse_options(arguments: str, known: Mapping[str, frozenset[str]]) -> dict[str, Option] | None:
    if not arguments:
        return {}
    try:
        _, named = parse_slash_command(f"/x {arguments}")
    except ValueError:
        return None
    if named:
        return _convert_values(named, known) if named.keys() <= known.keys() else None
    words = arguments.split(maxsplit=max(len(known) - 1, 0))
    if len(words) > len(known):
        return None
    return _convert_values(dict(zip(known, words, strict=False)), known)


def _convert_values(
    options: Mapping[str, Option], known: Mapping[str, frozenset[str]]
) -> dict[str, Option] | None:
    """Return the options as the command declares them; `None` where one does not fit."""
    found: dict[str, Option] = {}
    for name, value in options.items():
        kinds = known[name]
        try:
            if "str" in kinds:
                found[name] = str(value).strip('"')
            elif "int" in kinds:
                found[name] = int(value)
            else:
                found[name] = float(value) if "float" in kinds else value
        except ValueError:
            return None
    return found


def _list_values(record: TrafficRecord) -> tuple[str, ...]:
    step = record.step
    return tuple(map(str, step.options.values())) if isinstance(step, CommandStep) else ()


def _is_mentioned(record: TrafficRecord, text: str) -> bool:
    """Return whether a text contains all option values; a number only after its option's name.

    The name of the command or a `#` will do too: "one vote each, and it says 1 %" names no poll.
    """
    step = record.step
    if not isinstance(step, CommandStep):
        return True
    words = step.command.split()
    names = (*step.options, *words, *(word.removesuffix("s") for word in words))
    named = rf"(?:#|\b(?:{'|'.join(map(re.escape, names))})[\s:#]*)"
    return all(
        re.search(
            rf"{named if value.isdigit() else _BOUNDARY}{re.escape(value)}(?!\w)",
            text,
            re.IGNORECASE,
        )
        for value in _list_values(record)
    )


def _build_waits(record: TrafficRecord) -> tuple[WaitStep, ...]:
    """Return waits until a duration in the record is over, and for late effects."""
    times = [seconds for value in _list_values(record) if (seconds := parse_duration(value))]
    return (WaitStep(wait=max(times) + _GRACE), WaitStep(wait=_LATE)) if times else ()
