"""Builds scripts from traffic: an interaction alone, after earlier ones, with a cog's files.

Every record has its own cast. In a script of several records, equal pseudonyms become one person or
channel; other people in earlier records become further people.
"""

import base64
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from theseus_rehearsal.records import (
    Actor,
    PersonStep,
    RestartStep,
    Script,
    ScriptStep,
    ScriptWorld,
    SingleStep,
    TogetherStep,
    WaitStep,
)

from bot.domain.traffic import ASKER, TrafficRecord

BOT = "Theseus"  # the bot's name in a run
MOST_EARLIER = 200

_MENTIONED = re.compile(r"@(?!&)(\w+)")
_CHANNEL = re.compile(r"#(\w+)")
_ROLE = re.compile(r"@&(.+)")
_LONGEST_WAIT = 86_400.0
_HERE, _ELSEWHERE, _DEV, _OTHER = "general", "elsewhere", "dev", "other"
_DIRECT = "dm"
_EVERYBODY = "@everyone"  # a role that every server has


def find_earlier(
    record: TrafficRecord, known: Sequence[TrafficRecord]
) -> tuple[TrafficRecord, ...]:
    """Return earlier records of the same cog and server that may matter: the newest, in order."""
    server = record.pseudonyms.get("server")
    found = [
        each
        for each in known
        if each.at < record.at
        and each.id != record.id
        and each.cog == record.cog
        and each.pseudonyms.get("server") == server
    ]
    return tuple(sorted(found, key=lambda each: (each.at, each.id))[-MOST_EARLIER:])


def find_concurrent(
    record: TrafficRecord, known: Sequence[TrafficRecord]
) -> tuple[TrafficRecord, ...]:
    """Return the records that were in progress at the same time, the newest first.

    Only records of the same cog and server count. A successful button press is recorded seconds
    after its answer, so it may have been over.
    """
    server, began = record.pseudonyms.get("server"), record.began
    found = [
        each
        for each in known
        if began is not None
        and each.began is not None
        and each.began < record.at
        and each.at > began
        and each.id != record.id
        and each.cog == record.cog
        and each.pseudonyms.get("server") == server
        and each.is_request
    ]
    return tuple(sorted(found, key=lambda each: (each.at, each.id), reverse=True))


def build_script(
    record: TrafficRecord,
    before: Sequence[TrafficRecord],
    *,
    waits: bool = False,
    loads: Sequence[datetime] = (),
) -> Script:
    """Return the interaction with earlier ones as its set-up, oldest first.

    Messages that an interaction refers to are said first, the record's own before the others', so
    that it is `m1`. With `waits`, the elapsed time between them passes as well; with `loads`, the
    times when its cog was loaded, the bot restarts at those times. The world has the record's cog.
    """
    world, steps = _build_steps(record, before, waits=waits, loads=loads)
    return Script(world=world, steps=steps)


def build_concurrent_script(
    record: TrafficRecord,
    other: TrafficRecord,
    before: Sequence[TrafficRecord],
    *,
    order: tuple[int, ...] = (),
) -> Script:
    """Return the interaction at the same instant as another, after earlier ones.

    Both are the last step, the other first; `order` says which is answered first. If the other is
    the record itself, it is done twice.
    """
    world, steps = _build_steps(record, before if other.id == record.id else (*before, other))
    *setup, last = steps
    first = last if other.id == record.id else setup.pop()
    together = TogetherStep(together=(first, last), order=order)
    return Script(world=world, steps=(*setup, together))


def _build_steps(
    record: TrafficRecord,
    before: Sequence[TrafficRecord],
    *,
    waits: bool = False,
    loads: Sequence[datetime] = (),
) -> tuple[ScriptWorld, tuple[SingleStep, ...]]:
    casting = _Casting(record)
    played = [casting.own, *(casting.rename(each) for each in before)]
    steps: list[SingleStep] = [each.target for each in played if each.target is not None]
    order = [*played[1:], played[0]]
    numbers = {each.id: f"m{1 + at}" for at, each in enumerate(e for e in played if e.target)}
    for at, each in enumerate(order):
        if at and any(order[at - 1].at < load < (each.began or each.at) for load in loads):
            steps.append(RestartStep(restart=True))
        if waits and at and (gap := (each.at - order[at - 1].at).total_seconds()) >= 1:
            steps.append(WaitStep(wait=min(gap, _LONGEST_WAIT)))
        steps.append(_set_message(each.step, numbers.get(each.id, "")))
    first = order[0] if waits else record
    world = ScriptWorld(
        starts=first.at.astimezone(UTC).replace(microsecond=0),
        people=casting.list_people(steps),
        channels=_list_channels(steps),
        cogs=(record.cog,) if record.cog else (),
        web=tuple(answer for each in order for answer in each.web),
        flags=_collect_flags(order),
        prefixes=tuple(dict.fromkeys(each.prefix for each in order if each.prefix)),
    )
    return world, tuple(steps)


def _collect_flags(order: Sequence[TrafficRecord]) -> tuple[str, ...]:
    """Return the flags that were on for the last record: a run has one state of the flags."""
    found: dict[str, bool] = {}
    for record in order:
        found |= record.flags
    return tuple(sorted(name for name, on in found.items() if on))


def add_files(script: Script, files: Mapping[str, bytes]) -> Script:
    """Return the script in a world with a snapshot's files; for use on this machine only."""
    encoded = {name: base64.b64encode(content).decode() for name, content in files.items()}
    return script.replace(world=script.world.replace(files=encoded))


class _Casting:
    """Gives the people and channels of several records common names."""

    def __init__(self, record: TrafficRecord) -> None:
        self._people: dict[str, str] = {
            known: name for name, known in record.pseudonyms.items() if known.startswith("u-")
        }
        self._actors = {actor.name: actor for actor in record.people}
        self._here = record.pseudonyms.get("channel")
        self.own = _rename(record, {"bot": BOT}, {})

    def rename(self, record: TrafficRecord) -> TrafficRecord:
        """Return the record with the common names."""
        names = {"bot": BOT}
        for actor in record.people:
            known = record.pseudonyms.get(actor.name, "")
            name = self._people.get(known) or self._choose_name(actor.name)
            if known:
                self._people[known] = name
            self._actors.setdefault(name, actor.replace(name=name))
            names[actor.name] = name
        elsewhere = self._here is not None and record.pseudonyms.get("channel") != self._here
        return _rename(record, names, {_HERE: _ELSEWHERE} if elsewhere else {})

    def list_people(self, steps: Iterable[ScriptStep]) -> tuple[Actor, ...]:
        """Return all people, including mentioned ones; each role has a member."""
        named = {each for text in _collect_texts(steps) for each in _MENTIONED.findall(text)}
        named |= {step.by for step in steps if isinstance(step, PersonStep)}
        for name in sorted(named - {BOT}):
            self._actors.setdefault(name, Actor(name=name))
        roles = {each[1] for text in _collect_texts(steps) if (each := _ROLE.fullmatch(text))} - {
            _EVERYBODY
        }
        missing = roles - {role for actor in self._actors.values() for role in actor.roles}
        holder = [Actor(name="member", roles=tuple(sorted(missing)))] if missing else []
        return (*self._actors.values(), *holder)

    def _choose_name(self, wanted: str) -> str:
        name, number = (_OTHER if wanted == ASKER else wanted), 1
        while name in self._actors or name in self._people.values():
            number += 1
            name = f"{_OTHER}{number}"
        return name


def _rename(
    record: TrafficRecord, people: Mapping[str, str], channels: Mapping[str, str]
) -> TrafficRecord:
    def format_person(found: re.Match[str]) -> str:
        return f"@{people.get(found[1], found[1])}"

    def format_channel(found: re.Match[str]) -> str:
        return f"#{channels.get(found[1], found[1])}"

    def rename_text(text: str) -> str:
        return _CHANNEL.sub(format_channel, _MENTIONED.sub(format_person, text))

    def rebuild_step(step: Any) -> Any:
        renamed = _map_texts(step.model_dump(), rename_text)
        renamed["by"] = people.get(step.by, step.by)
        renamed["channel"] = channels.get(step.channel, step.channel)
        return type(step).model_validate(renamed)

    return record.model_copy(
        update={
            "step": rebuild_step(record.step),
            "target": rebuild_step(record.target) if record.target else None,
        }
    )


def _map_texts(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {name: _map_texts(inner, change) for name, inner in value.items()}
    return tuple(_map_texts(each, change) for each in value) if isinstance(value, tuple) else value


def _set_message(step: SingleStep, number: str) -> SingleStep:
    """Return the step with the message of that number, if it refers to one."""
    if not number:
        return step
    for field in ("on", "reply_to"):
        if getattr(step, field, ""):
            return step.replace(**{field: number})
    return step


def _list_channels(steps: Iterable[ScriptStep]) -> tuple[str, ...]:
    named = {step.channel for step in steps if isinstance(step, PersonStep)}
    named |= {each for text in _collect_texts(steps) for each in _CHANNEL.findall(text)}
    return (_DEV, _HERE, *sorted(named - {_DEV, _HERE, _DIRECT}))


def _collect_texts(steps: Iterable[ScriptStep]) -> list[str]:
    found: list[str] = []

    def note(text: str) -> str:
        found.append(text)
        return text

    for step in steps:
        _map_texts(step.model_dump(), note)
    return found
