"""The example of a complaint as a script: the command as it was typed, or as it was used before."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from bot.domain.cogs import get_cog_name
from bot.domain.incorrect_output import AnswerExample
from bot.domain.rehearsal import (
    Actor,
    CommandStep,
    Option,
    PressStep,
    Transcript,
    WaitStep,
)
from bot.domain.traffic import ASKER, TrafficRecord
from bot.grammar.incorrect_output import TypedCommand
from bot.proof.reproduction import parse_options
from bot.proof.scripts import describe_step, format_duration, parse_duration, parse_slash_command
from bot.proof.traffic_scripts import build_script, find_earlier

MOST_SETUP = 20
"""How many earlier interactions come before an example that needs some."""

_LATE = 3_600.0  # seconds looked on after the time that was named
_GRACE = 60.0
_EVENT = "command."
_TOKEN = re.compile(r"\w+")
_MOST_USES = 3
_BOUNDARY = r"(?<!\w)"


class CommandSource(NamedTuple):
    """Where a command is written: its cog, and its options in order with their types' names."""

    file: str
    cog: str
    options: Mapping[str, frozenset[str]]


def find_command_source(files: Mapping[str, str], command: str) -> CommandSource | None:
    """Return where a command is, out of files by their paths; `None` where none has it."""
    group = command.rpartition(" ")[0].rpartition(" ")[2]
    for file, text in sorted(files.items()):
        options = parse_options(text, command) if get_cog_name(file) else None
        if options is not None and (not group or f'"{group}"' in text):
            return CommandSource(file, get_cog_name(file), options)
    return None


def build_record(
    typed: TypedCommand, source: CommandSource, like: TrafficRecord | None, at: datetime
) -> TrafficRecord | None:
    """Return a command that was typed as if it had been asked, on the server of `like`.

    `None` where what is given cannot be told apart into its options.
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
    """Return the newest use of a command that fits what is said of it.

    What was given has to stand in the text; nothing given fits where nothing was typed either.
    """
    uses = [each for each in records if each.event == f"{_EVENT}{typed.name}" and each.ok]
    said = [each for each in uses if _list_values(each) and _is_mentioned(each, text)]
    if said:
        return max(said, key=lambda each: (sum(map(len, _list_values(each))), each.at))
    return max(uses, key=lambda each: each.at, default=None) if not typed.arguments else None


def find_uses_by_value(
    records: Sequence[TrafficRecord], values: Sequence[str]
) -> tuple[TrafficRecord, ...]:
    """Return the newest use of each command that was given one of these values."""
    wanted = {value.casefold() for value in values}
    found: dict[str, TrafficRecord] = {}
    for each in sorted(records, key=lambda one: one.at):
        if each.ok and wanted & {value.casefold() for value in _list_values(each)}:
            found[each.event] = each
    return tuple(found.values())


def find_uses_of_cogs(records: Sequence[TrafficRecord], text: str) -> tuple[TrafficRecord, ...]:
    """Return the newest use of each command and button of the cogs that a text names.

    The newest comes first, three at most. A cog is named by its name, in the singular too:
    `my poll` is of `polls`.
    """
    said = {word.casefold() for word in _TOKEN.findall(text)}
    found: dict[tuple[str, str], TrafficRecord] = {}
    for each in sorted(records, key=lambda one: one.at, reverse=True):
        names = {each.cog, each.cog.removesuffix("s")} - {""}
        if each.ok and names & said and isinstance(each.step, CommandStep | PressStep):
            found.setdefault((each.event, each.custom_id), each)
    return tuple(found.values())[:_MOST_USES]


def build_example(
    record: TrafficRecord,
    known: Sequence[TrafficRecord] = (),
    loads: Sequence[datetime] = (),
) -> AnswerExample:
    """Return the example that a record is, after what was asked before it out of `known`.

    The bot restarts where one of `loads` lay between. Where a time is given to the record, some
    time passes afterwards, so that what falls due is seen.
    """
    before = [each for each in find_earlier(record, known) if each.ok][-MOST_SETUP:]
    script = build_script(record, before, loads=loads)
    return AnswerExample(
        asked=describe_step(script.steps[-1]),
        event=record.event,
        cog=record.cog,
        script=script.replace(steps=(*script.steps, *_build_waits(record))),
        at=len(script.steps) - 1,
    )


def list_answer_lines(transcript: Transcript, at: int) -> tuple[str, ...] | None:
    """Return what people read from a step on, a line each; `None` where it cannot be asked.

    They are the bot's words without where they stand; who alone saw them has a line of its own, and
    so has time that passed.
    """
    steps = transcript.steps[at:]
    if transcript.trouble or not steps or steps[0].refused:
        return None
    lines: list[str] = []
    for step in steps:
        if isinstance(step.step, WaitStep):
            lines.append(f"({format_duration(step.step.wait)} later)")
        for event in step.seen:
            told = [line for part in (event.text, *event.parts) for line in part.split("\n")]
            lines += [line.strip() for line in told if line.strip()]
            lines += [f"({event.kind})"] if event.kind != "message" else []
            lines += [f"({event.to} alone)"] if event.to else []
        lines += [f"⚠ {each.error}" for each in step.errors]
        lines += ["⚠ the application did not respond"] if step.unanswered else []
    return tuple(lines)


def find_first_difference(old: Sequence[str], new: Sequence[str]) -> tuple[str, str]:
    """Return the first line of each that the other has not; empty where there is none.

    Where both have the same lines in another order, it is the first that stands elsewhere.
    """
    gone = next((line for line in old if line not in new), "")
    come = next((line for line in new if line not in old), "")
    moved = (pair for pair in zip(old, new, strict=False) if pair[0] != pair[1])
    return (gone, come) if gone or come else next(moved, ("", ""))


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
    """Whether all that was given stands in a text, as words; a number only behind what it is of.

    That is the option, the command or a `#`: in "one vote each, and it says 1 %" no poll is named.
    """
    step = record.step
    if not isinstance(step, CommandStep):
        return True
    words = step.command.split()
    things = (*step.options, *words, *(word.removesuffix("s") for word in words))
    named = rf"(?:#|\b(?:{'|'.join(map(re.escape, things))})[\s:#]*)"
    return all(
        re.search(
            rf"{named if value.isdigit() else _BOUNDARY}{re.escape(value)}(?!\w)",
            text,
            re.IGNORECASE,
        )
        for value in _list_values(record)
    )


def _build_waits(record: TrafficRecord) -> tuple[WaitStep, ...]:
    """Return waits until a time that was given is over, and for what comes late."""
    times = [seconds for value in _list_values(record) if (seconds := parse_duration(value))]
    return (WaitStep(wait=max(times) + _GRACE), WaitStep(wait=_LATE)) if times else ()
