"""Questions about the bot itself, answered from records to whoever may read them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bot.authority.authorizer import Authorizer
from bot.authority.command_acts import allowed_acts
from bot.authority.emergency_stop import EmergencyStop
from bot.authority.flags import FlagService
from bot.authority.policy import Act, may
from bot.budget.reports import BudgetReports
from bot.domain.history import History
from bot.domain.intents import Topic
from bot.domain.people import AllowList, Person
from bot.domain.run import Run, Waiting
from bot.grammar.likeness import explained, words
from bot.grammar.spans import TimeSpan, read_span
from bot.memory.recall import MemoryService
from bot.presentation.answers import (
    RUN_ANSWERS,
    about_run,
    broken_now,
    changes_told,
    costs_told,
    failures_told,
    how_to,
    live_told,
    memories_told,
    people_told,
    uses_told,
    waiting_told,
    watches_told,
    wishes_told,
)
from bot.presentation.cards import plain
from bot.presentation.flags import flag_lines
from bot.self_improvement.change_requests import ChangeRequests
from bot.self_improvement.question_records import QuestionRecords

OPEN_TO_ALL = frozenset({Topic.ABILITIES, Topic.HELP, Topic.WISHES, Topic.HOW_TO})
"""Topics that tell nobody anything that is not there for everybody."""
_FITS: Mapping[Topic, Callable[[History], bool]] = {
    Topic.CAUSE: lambda history: history.diagnosis is not None or history.brief is not None,
    Topic.COST: lambda history: True,
    Topic.RISK: lambda history: history.change_set is not None,
    Topic.PROOF: lambda history: history.verdict is not None,
    Topic.WHO: lambda history: history.shipment is not None,
}
"""Which run a question is about that names none, and is asked in none's thread: the newest so."""
_FITS_OF_NAMED = {**_FITS, Topic.WATCH: _FITS[Topic.WHO], Topic.CHANGES: _FITS[Topic.WHO]}
_FOR_PEOPLE = frozenset(
    {
        Waiting.QUESTION,
        Waiting.AGREEMENT,
        Waiting.JUDGEMENT,
        Waiting.APPROVAL,
        Waiting.UNSHIPPED,
        Waiting.UNREVISED,
    }
)
_NONE_ABOUT = "I have no run about {subject} on record. I know of no fix or change of it."
_NO_FLAG = "Nobody has switched a flag. `/flags list` shows which ones code asks for."
_NO_RUN = "I have no record of that yet: no run of mine has got that far. `/runs list` shows them."


@dataclass(frozen=True)
class AskedQuestion:
    """What somebody wants to know. `run` is the one whose thread or card it is said at.

    `run_id` and `number` are what the words name, `subject` a command or words to look for.
    """

    person: Person
    topic: Topic
    subject: str = ""
    span: str = ""
    run: Run | None = None
    run_id: str | None = None
    number: int | None = None


class QuestionService:
    """Answers them. What is not open to all is told to who may read, and to nobody else."""

    def __init__(
        self,
        records: QuestionRecords,
        authorizer: Authorizer,
        people: AllowList,
        budget: BudgetReports,
        memory: MemoryService,
        changes: ChangeRequests,
        emergency: EmergencyStop,
        flags: FlagService,
    ) -> None:
        self._records = records
        self._authorizer = authorizer
        self._people = people
        self._budget = budget
        self._memory = memory
        self._changes = changes
        self._emergency = emergency
        self._flags = flags
        self._answers: Mapping[Topic, Callable[[AskedQuestion], Awaitable[str]]] = {
            Topic.CHANGES: self._changed,
            Topic.COST: self._cost,
            Topic.WATCH: self._watched,
            Topic.BROKEN: self._broken,
            Topic.FAILURES: self._failed,
            Topic.USE: self._used,
            Topic.WAITING: self._waiting,
            Topic.LIVE: self._live,
            Topic.MEMORY: self._remembered,
            Topic.PEOPLE: self._who_may,
            Topic.WISHES: self._wished,
            Topic.FLAGS: self._switched,
            Topic.HOW_TO: self._how_to,
        }

    async def answer(self, asked: AskedQuestion) -> str:
        """Return a few lines that name their record, or say that there is none.

        What it can do is told by whoever knows the commands, not here. Raises `NotAuthorized`,
        `UnknownRun`, `StoreError`, `JournalError`.
        """
        if asked.topic not in OPEN_TO_ALL:
            await self._authorizer.ask(asked.person, Act.READ, None, f"ask: {asked.topic}")
        run = await self._run_meant(asked)
        if run is not None:
            history = await self._records.history(run.id)
            lines = RUN_ANSWERS[asked.topic](run, history, self._budget.run_cap)
            return "\n".join([f"**{about_run(run, history)}**", *lines])
        if asked.subject and asked.topic in RUN_ANSWERS:
            return _NONE_ABOUT.format(subject=plain(asked.subject, 60))
        answer = self._answers.get(asked.topic)
        return await answer(asked) if answer else _NO_RUN

    async def _run_meant(self, asked: AskedQuestion) -> Run | None:
        """Return the one run that is asked about; `None` where it is about more, or none."""
        if asked.topic not in RUN_ANSWERS:
            return None
        if asked.run_id is not None or asked.number is not None:
            return await self._records.named(asked.run_id, asked.number)
        if asked.subject:
            return await self._about(asked.subject, asked.topic)
        span = read_span(asked.span, self._records.now)
        if asked.run is not None:
            return None if span else asked.run
        fits = None if asked.span else _FITS.get(asked.topic)
        return await self._records.newest(fits) if fits else None

    async def _about(self, subject: str, topic: Topic) -> Run | None:
        """Return the newest run about what is named that got so far; else the newest about it."""
        commands, asked = self._records.commands_meant(subject), words(subject)
        fits, newest = _FITS_OF_NAMED.get(topic), None
        async for run, history in self._records.with_histories():
            if _is_about(commands, asked, run, history):
                if fits is None or fits(history):
                    return run
                newest = newest or run
        return newest

    # About more than one run

    async def _changed(self, asked: AskedQuestion) -> str:
        shipped = await self._records.shipped()
        span = read_span(asked.span, self._records.now)
        if span is None and not asked.span:
            span = self._records.lately(7)
        since = [
            (run, history)
            for run, history in shipped
            if history.shipment and (span is None or span.since <= history.shipment.at < span.until)
        ]
        return changes_told(since, span.told if span else "", shipped[0] if shipped else None)

    async def _cost(self, asked: AskedQuestion) -> str:
        span = read_span(asked.span, self._records.now)
        runs = [
            run
            for run in await self._records.runs()
            if span is None or span.since <= run.updated_at < span.until
        ]
        return costs_told(await self._records.spent(span), runs, span.told if span else "")

    async def _watched(self, asked: AskedQuestion) -> str:
        return watches_told(await self._records.shipped())

    async def _broken(self, asked: AskedQuestion) -> str:
        span = read_span(asked.span, self._records.now) or self._records.lately(1)
        stop = await self._emergency.now()
        incidents = [each for each in await self._records.incidents() if each.open]
        failed = await self._records.failures(span)
        unfixed = await self._records.unfixed(failed)
        fixed = [each for each in failed if each not in unfixed]
        return broken_now(incidents, unfixed, fixed, span.told, stop)

    async def _failed(self, asked: AskedQuestion) -> str:
        span = self._span(asked)
        groups = await self._records.failures(span, asked.subject)
        return failures_told(asked.subject, groups, span.told)

    async def _used(self, asked: AskedQuestion) -> str:
        span = self._span(asked, self._records.lately(7))
        uses = await self._records.uses(span, asked.subject)
        return uses_told(uses, asked.subject, span.told)

    def _span(self, asked: AskedQuestion, otherwise: TimeSpan | None = None) -> TimeSpan:
        """Return the time that is asked about; without one, `otherwise`, or all there is."""
        span = read_span(asked.span, self._records.now)
        always = self._records.always()
        return span or (always if asked.span else otherwise or always)

    async def _waiting(self, asked: AskedQuestion) -> str:
        runs = await self._records.runs()
        return waiting_told([run for run in runs if run.waiting in _FOR_PEOPLE])

    async def _live(self, asked: AskedQuestion) -> str:
        shipped = await self._records.shipped()
        return live_told(await self._records.head(), shipped[0] if shipped else None)

    async def _remembered(self, asked: AskedQuestion) -> str:
        found = await self._memory.search(asked.person, asked.subject)
        return memories_told(asked.subject, found)

    async def _who_may(self, asked: AskedQuestion) -> str:
        return people_told(self._people, ships=may(self._people, asked.person, Act.SHIP))

    async def _wished(self, asked: AskedQuestion) -> str:
        states = await self._changes.wishes()
        return wishes_told([(each.wish, each.run) for each in states])

    async def _switched(self, asked: AskedQuestion) -> str:
        flags = self._flags.all()
        return "\n".join(flag_lines(flags, {}, self._records.now)) if flags else _NO_FLAG

    async def _how_to(self, asked: AskedQuestion) -> str:
        return how_to(allowed_acts(self._people, asked.person))


def _is_about(commands: frozenset[str], asked: frozenset[str], run: Run, history: History) -> bool:
    """Whether a run was of one of these commands, or is told of in all those words."""
    event = history.diagnosis.event if history.diagnosis else ""
    said = f"{run.trigger.subject} {run.trigger.text}".lower()
    if any(event == f"command.{name}" or f"/{name}" in said for name in commands):
        return True
    file = history.diagnosis.file if history.diagnosis else ""
    return bool(asked) and explained(asked, words(f"{run.trigger.subject} {file}")) == asked
