"""Builds scripts from what `theseus_observe` recorded of a bot: what people really did.

A record is one line of a journal, as a mapping. Its `request` says how people asked. Records
without one (of older versions) are read from their name and the inputs of their failure.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from theseus_guard.syntax import evaluate_literal

from theseus_rehearsal.errors import RehearsalError
from theseus_rehearsal.recorded_cast import BOT, RecordedCast
from theseus_rehearsal.records import (
    LAST,
    AutocompleteStep,
    BotCommand,
    CommandStep,
    JoinStep,
    LeaveStep,
    MenuStep,
    Option,
    PressStep,
    ReactStep,
    SayStep,
    Script,
    ScriptWorld,
    SingleStep,
    SubmitStep,
    WaitStep,
)

_LONGEST_PAUSE = 60.0
_LOOP_SECONDS = 300.0
_FAILED = ("error", "timeout", "no_response")
_PRIVATE = "private"
_OF_A_PRESS = ("custom_id", "values")
_UNKNOWN = "the record does not say what was asked (see THESEUS_OBSERVE_TRAFFIC)"
_HIDDEN = "what was typed is private, and not in the record"
_MESSAGE_EVENT = "message"
_AUTHOR = "the author of a message"
_EVENTS = {"member_join": "join", "member_remove": "leave"}
_PLAYED = ("command", "context_menu", "component", "listener", "task")
_MENTION = re.compile(r"<(@&|@!?|#)([^<>\n]{1,100})>")


class LeftOut(NamedTuple):
    """A record that no step was made of, and why."""

    event: str
    reason: str


class RecordedScript(NamedTuple):
    """A script that repeats what was recorded, what it leaves out, and where it differs.

    `changed` names the events whose values are not those that people typed: the record has
    placeholders, or not all of them.
    """

    script: Script
    left_out: tuple[LeftOut, ...] = ()
    changed: tuple[str, ...] = ()


def build_recorded_script(
    records: Sequence[Mapping[str, Any]],
    *,
    offers: Sequence[BotCommand] = (),
    prefix: str = "!",
    pauses: bool = True,
) -> RecordedScript:
    """Return a script of what people did in some records, in the order in which they did it.

    People and channels get names; the people have the roles and permissions that were recorded.

    Args:
        records: Lines of the journal. One record of a failure gives a script of one step.
        offers: The commands of the bot: they tell a typed command from a slash command if an older
            record does not, and which ones need no values if a record has no request.
        prefix: What typed commands begin with if the record does not say.
        pauses: Whether the time between the actions passes as well, a minute at most.
    """
    ordered = sorted(records, key=lambda each: str(each.get("ts", "")))
    reader = _RecordReader(RecordedCast(), offers, prefix)
    steps: list[SingleStep] = []
    left_out: list[LeftOut] = []
    changed: list[str] = []
    last: datetime | None = None
    for record in ordered:
        event, at = str(record.get("event", "")), read_time(record)
        if record.get("kind") not in _PLAYED:
            continue
        try:
            read = reader.read(record)
        except _Unreadable as error:
            left_out.append(LeftOut(event, str(error)))
            continue
        if reader.has_changed:
            changed.append(event)
        if pauses and last is not None and at - last >= timedelta(seconds=1):
            steps.append(WaitStep(wait=min((at - last).total_seconds(), _LONGEST_PAUSE)))
        steps += read
        last = at
    starts = read_time(ordered[0]) if ordered else ScriptWorld().starts
    world = ScriptWorld(
        starts=starts.replace(microsecond=0),
        people=reader.cast.people or ScriptWorld().people,
        channels=reader.cast.channels,
    )
    return RecordedScript(
        Script(world=world, steps=tuple(steps)), tuple(left_out), tuple(dict.fromkeys(changed))
    )


def read_journal(folder: Path) -> list[dict[str, Any]]:
    """Return the records of a journal: a folder of `theseus_observe`, or one of its files.

    Raises `RehearsalError` if there is none, or if a line is no record.
    """
    files = sorted(folder.glob("*.ndjson")) if folder.is_dir() else [folder]
    if not files:
        raise RehearsalError(f"--journal: {folder} has no journal: no file ends in .ndjson.")
    records = []
    for file in files:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not UTF-8 text"
            raise RehearsalError(f"--journal: {file}: {why}.") from error
        for number, line in enumerate(lines, 1):
            records.append(_parse_line(file, number, line))
    return records


def _parse_line(file: Path, number: int, line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise RehearsalError(f"--journal: {file}, line {number}: this is no JSON.") from error
    if not isinstance(record, dict) or not isinstance(record.get("event"), str):
        raise RehearsalError(f"--journal: {file}, line {number}: this is no record of an action.")
    return record


class _Unreadable(Exception):
    """Raised if a record cannot become a step; the message is the reason."""


class _RecordReader:
    """Turns records into steps; `has_changed` is about the last one."""

    def __init__(self, cast: RecordedCast, offers: Sequence[BotCommand], prefix: str) -> None:
        self.cast = cast
        self.has_changed = False
        self._offers = offers
        self._prefix = prefix

    def read(self, record: Mapping[str, Any]) -> list[SingleStep]:
        """Return the steps of a record. Raises `_Unreadable` with the reason."""
        if record["kind"] == "task":
            return _build_wait(record)
        error = record.get("error") or {}
        self.has_changed = error.get("audience") == _PRIVATE
        request = self._complete_request(record, error.get("inputs") or {})
        by = self.cast.add_person(
            str(record.get("user") or "nobody"),
            _list_texts(request.get("roles")),
            _list_texts(request.get("permissions")),
            is_owner=request.get("owner") is True,
        )
        channel = self.cast.add_channel(record.get("guild_id"), record.get("channel_id"))
        where = {"by": by, "channel": channel}
        return self._build_steps(str(record.get("name", "")), request, where)

    def _complete_request(
        self, record: Mapping[str, Any], inputs: Mapping[str, str]
    ) -> Mapping[str, Any]:
        """Return what was asked; where the record does not say, by the inputs of the failure."""
        found = record.get("request")
        request: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
        if request and not request.get("hidden"):
            return request
        self.has_changed = True
        kind = record["kind"]
        if kind == "listener":
            return {**request, **_guess_event(inputs)}
        name, offer = str(record.get("name", "")), None
        if kind == "command":
            offer = self._find_offer(name)
        if "error" not in record and (offer is None or offer.needs):
            raise _Unreadable(_HIDDEN if request else _UNKNOWN)
        way = str(request.get("way", "")) or _guess_way(kind, name, offer)
        text = f"{request.get('prefix') or self._prefix}{name}"
        if offer is not None and offer.kind == "typed" and not request.get("prefix"):
            text = offer.text
        return {**request, **_guess_request(way, text, inputs)}

    def _find_offer(self, name: str) -> BotCommand | None:
        """Return the bot's command of this name; the slash command, if it is both."""
        found = [
            each
            for each in self._offers
            if each.text == name or (each.kind == "typed" and each.text.endswith(name))
        ]
        # The shortest text has only the prefix before the name: `!info`, not `!server info`.
        return min(found, key=lambda each: (each.kind == "typed", len(each.text)), default=None)

    def _build_steps(
        self, name: str, request: Mapping[str, Any], where: Mapping[str, str]
    ) -> list[SingleStep]:
        way, text = str(request.get("way", "")), self._read_text(str(request.get("text", "")))
        if way in ("typed", "message"):
            text = text.replace("@&", "@")  # as people type roles
        values = {key: self._read_value(each) for key, each in _get_mapping(request, "values")}
        if way != "join":
            self.cast.note_presence(where["by"])
        match way:
            case "typed" | "message":
                if not text.strip():
                    raise _Unreadable("the message had no text")
                return [SayStep(**where, say=text)]
            case "slash":
                return [CommandStep(**where, command=name, options=values)]
            case "autocomplete":
                command = name.removesuffix(" autocomplete")
                focused = str(request.get("focused", ""))
                step = AutocompleteStep(
                    **where, autocomplete=command, options=values, focused=focused
                )
                return [step]
            case "press":
                chosen = tuple(self._read_text(each) for each in _list_texts(request.get("chosen")))
                return [PressStep(**where, press=text, values=chosen)]
            case "form":
                return [
                    SubmitStep(**where, submit={key: str(each) for key, each in values.items()})
                ]
            case _:
                return self._build_other_steps(way, name, text, where)

    def _build_other_steps(
        self, way: str, name: str, text: str, where: Mapping[str, str]
    ) -> list[SingleStep]:
        if way == "user_menu":
            return [
                MenuStep(**where, menu=name, on=text if text.startswith("@") else f"@{where['by']}")
            ]
        if way == "message_menu" and text.strip():
            author = self.cast.add_person(_AUTHOR)
            said = SayStep(by=author, channel=where["channel"], say=text)
            return [said, MenuStep(**where, menu=name, on=LAST)]
        if way == "message_menu":
            raise _Unreadable("the message that the menu was used on is not in the record")
        if way == "reaction":
            return [ReactStep(**where, react=text, on=LAST)]
        if way == "join":
            name = where["by"]
            leave = [LeaveStep(leave=name)] if self.cast.is_present(name) else []
            self.cast.add_guest(name)
            return [*leave, JoinStep(join=name)]
        if way == "leave":
            return [LeaveStep(leave=where["by"])]
        raise _Unreadable(f"this version cannot repeat a request of the kind {way!r}")

    def _read_value(self, source: object) -> Option:
        value = _evaluate(source)
        if isinstance(value, str):
            return self._read_text(value)
        if isinstance(value, bool | int | float):
            return value
        if isinstance(value, list | tuple):
            return ", ".join(self._read_text(str(each)) for each in value)
        self.has_changed = True
        return "" if value is None else self._read_text(str(value))

    def _read_text(self, text: str) -> str:
        """Return a text with the names of the script for people, channels and roles."""
        return _MENTION.sub(self._replace_mention, text)

    def _replace_mention(self, found: re.Match[str]) -> str:
        kind, known = found[1], found[2]
        if kind == "@&":
            return f"@&{self.cast.add_role(known)}"
        if kind == "#":
            return f"#{self.cast.add_channel(1, known)}"
        return f"@{BOT if known == BOT else self.cast.add_person(known)}"


def _guess_way(kind: str, name: str, offer: BotCommand | None) -> str:
    if kind != "command":
        return "menu" if kind == "context_menu" else "press"
    if name.endswith(" autocomplete"):
        raise _Unreadable("the record does not say which option's choices were wanted")
    return "slash" if offer is not None and offer.kind == "slash" else "typed"


def _guess_request(way: str, command: str, inputs: Mapping[str, str]) -> dict[str, Any]:
    """Return what was asked in some way, by the inputs of its failure."""
    if way == "typed":
        return {"way": way, "text": _join_arguments(command, map(_evaluate, inputs.values()))}
    if way in ("press", "form"):
        fields = {key: each for key, each in inputs.items() if key not in _OF_A_PRESS}
        return {
            "way": "form" if fields else "press",
            "text": str(_evaluate(inputs.get("custom_id", "''"))),
            "values": fields,
            "chosen": _evaluate(inputs.get("values", "()")),
        }
    if way == "menu":
        content = inputs.get("content")
        text = "" if content is None else str(_evaluate(content))
        return {"way": "user_menu" if content is None else "message_menu", "text": text}
    return {"way": way, "values": inputs}


def _guess_event(inputs: Mapping[str, str]) -> dict[str, Any]:
    """Return what a person did so that the bot received an event."""
    event = str(_evaluate(inputs.get("event", "''"))).removeprefix("on_")
    if event in _EVENTS:
        return {"way": _EVENTS[event]}
    if event != _MESSAGE_EVENT or "content" not in inputs:
        what = f"the event {event}" if event else "the event"
        raise _Unreadable(f"{what} cannot be repeated from its record")
    return {"way": "message", "text": str(_evaluate(inputs["content"]))}


def _build_wait(record: Mapping[str, Any]) -> list[SingleStep]:
    """Return a pause for a loop or task that failed: they run by themselves."""
    if record.get("outcome") not in _FAILED:
        return []
    return [WaitStep(wait=_LOOP_SECONDS)]


def _join_arguments(command: str, values: Iterable[object]) -> str:
    """Return a typed command; texts with spaces are quoted, but the last argument is the rest."""
    words = [str(each) for each in values if each is not None]
    quoted = [f'"{word}"' if re.search(r"\s", word) and '"' not in word else word for word in words]
    return " ".join([command, *quoted[:-1], *words[-1:]])


def _evaluate(source: object) -> Any:
    """Return the value of a literal; of anything else, its text."""
    try:
        return evaluate_literal(str(source))
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return str(source)


def _get_mapping(request: Mapping[str, Any], name: str) -> list[tuple[str, object]]:
    found = request.get(name)
    return [*found.items()] if isinstance(found, Mapping) else []


def _list_texts(values: object) -> tuple[str, ...]:
    return tuple(map(str, values)) if isinstance(values, list | tuple) else ()


def read_time(record: Mapping[str, Any]) -> datetime:
    found = record.get("ts")
    try:
        at = found if isinstance(found, datetime) else datetime.fromisoformat(str(found))
    except ValueError:
        return ScriptWorld().starts
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
