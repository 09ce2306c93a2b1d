"""Sets, lists, measures and removes objectives, with the rights of the person who asks."""

import asyncio
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from theseus_observe.redaction import redact

from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.domain.errors import OutOfBounds
from bot.domain.objective import LONGEST, Measurement, MeasureName, Objective, Problem
from bot.domain.people import Person
from bot.domain.personal_data import DataSubject
from bot.goals.figures import DailyFigures, FigureCollector
from bot.goals.measures import MEASURES, measure
from bot.goals.sentences import parse_objective
from bot.goals.validation import find_faults, validate_objectives
from bot.grammar.likeness import stem
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore
from bot.presentation.markdown import escape_line

_PREFIX = "goal:"
_LEAST_DAYS = 14
_ID = re.compile(r"g\d+")


@dataclass(frozen=True)
class ObjectiveRequest:
    """What a person asks for. The text is data; fields that are set count in place of its words."""

    text: str
    measure: MeasureName | None = None
    target: float | None = None
    days: int | None = None
    due: str = ""
    parent: str = ""


@dataclass(frozen=True)
class SetObjective:
    """An objective that was set, with its first measurement, and what is noteworthy about it."""

    objective: Objective
    check: Measurement
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class ObjectiveReport:
    """All objectives as measured now, with their problems."""

    objectives: tuple[Objective, ...]
    figures: DailyFigures
    problems: tuple[Problem, ...]
    at: datetime


class ObjectiveService:
    """The objectives in the key-value store. Listed people set them, and may look at them.

    `commands` returns the full names of the bot's commands, `keep_days` is how long the journal is
    kept.
    """

    def __init__(
        self,
        key_values: KeyValueStore,
        clock: Clock,
        authorizer: Authorizer,
        collector: FigureCollector,
        *,
        commands: Callable[[], Iterable[str]],
        keep_days: int,
    ) -> None:
        self._key_values = key_values
        self._clock = clock
        self._authorizer = authorizer
        self._collector = collector
        self._commands = commands
        self._keep_days = keep_days
        # An id is chosen and written in two steps, and a check is added to a record that was read.
        self._writing = asyncio.Lock()

    async def set(self, person: Person, request: ObjectiveRequest) -> SetObjective:
        """Validate and store an objective.

        Raises `NotAuthorized`, `OutOfBounds` if it is not measurable or contradicts another one,
        `WrongStage` for an unreadable date, `StoreError`, `JournalError`.
        """
        text = " ".join(redact(request.text).split())[:LONGEST].strip(" .!")
        await self._authorizer.ask(person, Act.SET_GOALS, None, f"set: {text}")
        if not text:
            raise OutOfBounds("Which goal? Say, for example, “our goal: no crash for a week”.")
        now = self._clock.now()
        draft = parse_objective(
            text, now, measure=request.measure, target=request.target, days=request.days,
            due=request.due, commands=frozenset(self._commands()),
        )  # fmt: skip
        async with self._writing:
            others = await self.list_objectives()
            objective = Objective(
                id=_choose_id(others),
                text=draft.text,
                requirement=draft.requirement,
                due=draft.due,
                parent=_normalise(request.parent) or None,
                set_by=person,
                set_at=now,
            )
            problems = find_faults(
                objective, others, frozenset(self._commands()), self._keep_days, now
            )
            serious = [each.text for each in problems if each.is_serious]
            if serious:
                raise OutOfBounds(f"I have not set this goal. {' '.join(serious)}")
            figures = await self._collector.collect(_count_days([objective]))
            check = take_measurement(objective, figures)
            objective = objective.add_check(check)
            await self._key_values.put(_PREFIX + objective.id, objective)
        return SetObjective(objective, check, problems)

    async def remove(self, person: Person, named: str) -> Objective:
        """Remove an objective by its id or by words of it; what served it serves its parent.

        Raises `NotAuthorized`, `OutOfBounds` if there is none or more than one, `StoreError`.
        """
        wanted = _normalise(named)
        await self._authorizer.ask(person, Act.SET_GOALS, None, f"remove: {redact(wanted)[:60]}")
        async with self._writing:
            found = _find_named(wanted, await self.list_objectives())
            await self._drop(found)
        return found

    async def report(self, person: Person) -> ObjectiveReport:
        """Measure all objectives for a person. Raises `NotAuthorized`, `PortError`."""
        await self._authorizer.ask(person, Act.READ)
        return await self.measure_all()

    async def measure_all(self) -> ObjectiveReport:
        """Measure and validate all objectives, and store the measurements. Raises `PortError`.

        Without objectives, nothing is read.
        """
        now = self._clock.now()
        known = await self.list_objectives()
        if not known:
            return ObjectiveReport((), DailyFigures(now, ()), (), now)
        figures = await self._collector.collect(_count_days(known))
        async with self._writing:
            current = await self.list_objectives()
            checked = tuple(each.add_check(take_measurement(each, figures)) for each in current)
            for each in checked:
                await self._key_values.put(_PREFIX + each.id, each)
        # Every pair of goals is tested, which may take seconds.
        problems = await asyncio.to_thread(validate_objectives, checked, figures, now)
        return ObjectiveReport(checked, figures, problems, now)

    async def list_objectives(self) -> tuple[Objective, ...]:
        """Return all objectives, the oldest first. Raises `StoreError`."""
        found = await self._key_values.list_records(_PREFIX, Objective)
        return tuple(sorted(found, key=lambda each: int(each.id[1:])))

    async def count_records(self, subject: DataSubject) -> int:
        """Return how many objectives the person has set. Raises `StoreError`."""
        return len([each for each in await self.list_objectives() if each.set_by.id == subject.id])

    async def erase(self, subject: DataSubject) -> int:
        """Remove the objectives that the person has set; return how many. Raises `StoreError`."""
        async with self._writing:
            own = [each for each in await self.list_objectives() if each.set_by.id == subject.id]
            for each in own:
                await self._drop(each)
        return len(own)

    async def _drop(self, objective: Objective) -> None:
        for each in await self.list_objectives():
            if each.parent == objective.id:
                await self._key_values.put(_PREFIX + each.id, each.replace(parent=objective.parent))
        await self._key_values.remove(_PREFIX + objective.id)


def take_measurement(objective: Objective, figures: DailyFigures) -> Measurement:
    """Return the measurement of an objective."""
    value, why = measure(objective.requirement, figures)
    is_met = value is not None and objective.requirement.is_met_by(value)
    return Measurement(at=figures.until, value=value, is_met=is_met, why=why)


def _count_days(objectives: Iterable[Objective]) -> int:
    """Return how many days have to be read for all objectives."""
    wanted = [each.requirement for each in objectives]
    return max(_LEAST_DAYS, *(each.days * MEASURES[each.measure].span for each in wanted))


def _choose_id(others: Iterable[Objective]) -> str:
    return f"g{max((int(each.id[1:]) for each in others), default=0) + 1}"


def _find_named(wanted: str, known: Iterable[Objective]) -> Objective:
    """Return the objective with that id, or the only one with all words of `wanted`."""
    objectives = {each.id: each for each in known}
    if wanted in objectives:
        return objectives[wanted]
    words = _extract_stems(wanted) if not _ID.fullmatch(wanted) else frozenset()
    fitting = [each for each in objectives.values() if words <= _extract_stems(each.text)]
    if words and len(fitting) == 1:
        return fitting[0]
    ids = ", ".join(f"`{each.id}`" for each in fitting) if words else ""
    if ids:
        raise OutOfBounds(f"Which one? These fit: {ids}. Say “remove goal {fitting[0].id}”.")
    if not wanted:
        raise OutOfBounds("Which goal? Say “remove goal g1”; `/goals list` shows them.")
    shown = escape_line(wanted, 60)
    raise OutOfBounds(f"There is no goal “{shown}”; `/goals list` shows them.")


def _extract_stems(text: str) -> frozenset[str]:
    return frozenset(map(stem, re.findall(r"[a-z]{3,}|\d+", text.lower())))


def _normalise(named: str) -> str:
    return named.strip(" `").lower()
