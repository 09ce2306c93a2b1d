"""Answers questions about the bot itself from its records, for people who may read them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bot.authority.authorizer import Authorizer
from bot.authority.command_acts import list_allowed_acts
from bot.authority.emergency_stop import EmergencyStop
from bot.authority.flags import FlagService
from bot.authority.policy import Act, is_allowed
from bot.budget.reports import BudgetReports
from bot.domain.guilds import AllowLists
from bot.domain.history import History
from bot.domain.intents import Topic
from bot.domain.people import Person
from bot.domain.run import Run, Waiting
from bot.domain.target import OWN_TARGET
from bot.grammar.likeness import extract_stems, find_explained
from bot.grammar.spans import TimeSpan, read_span
from bot.memory.recall import MemoryService
from bot.presentation.answers import (
    RUN_ANSWERS,
    describe_live_commit,
    format_run,
    render_changes,
    render_costs,
    render_failures,
    render_feature_requests,
    render_instructions,
    render_memories,
    render_open_faults,
    render_people,
    render_tendency,
    render_uses,
    render_waiting,
    render_watches,
)
from bot.presentation.cards import to_plain_text
from bot.presentation.flags import list_flag_lines
from bot.presentation.gaps import list_gap_lines
from bot.presentation.personal_data import PRIVACY_COMMAND
from bot.self_improvement.requests.change_requests import ChangeRequests
from bot.self_improvement.requests.question_records import QuestionRecords, RecordsByTarget

OPEN_TO_ALL = frozenset(
    {Topic.ABILITIES, Topic.HELP, Topic.FEATURE_REQUESTS, Topic.HOW_TO, Topic.OWN_DATA}
)
"""Topics whose answers contain only what everyone may know."""
_FITS: Mapping[Topic, Callable[[History], bool]] = {
    Topic.CAUSE: lambda history: history.diagnosis is not None or history.brief is not None,
    Topic.COST: lambda history: True,
    Topic.RISK: lambda history: history.change_set is not None,
    Topic.PROOF: lambda history: history.verdict is not None,
    Topic.WHO: lambda history: history.shipment is not None,
}
"""For a question that names no run and is asked outside threads: the newest fitting run."""
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
_NONE_ABOUT = "I have no record of a run about {subject}. I know of no fix or change of it."
_NO_FLAG = "Nobody has switched a flag. `/flags list` shows which ones code asks for."
_NO_RUN = "I have no record of that yet: no run of mine has got that far. `/runs list` shows them."


_ABOUT_ONE_BOT = frozenset(
    {
        *RUN_ANSWERS,
        Topic.CHANGES,
        Topic.COST,
        Topic.WATCH,
        Topic.BROKEN,
        Topic.FAILURES,
        Topic.USE,
        Topic.WAITING,
    }
)
"""Topics that each bot has answers of its own to; the others are about Theseus."""


@dataclass(frozen=True)
class AskedQuestion:
    """A question of a person. `run` is the run in whose thread or at whose card it is asked.

    `run_id` and `number` are named in the question; `subject` is a command or words to look for.
    `target` is the bot that is meant.
    """

    person: Person
    topic: Topic
    subject: str = ""
    span: str = ""
    run: Run | None = None
    run_id: str | None = None
    number: int | None = None
    target: str = OWN_TARGET


Answer = Callable[[AskedQuestion, QuestionRecords], Awaitable[str]]
"""Answers a question from the records of the bot that is meant."""


class QuestionService:
    """Answers questions.

    Topics that are not open to all are answered only to people who may read.
    """

    def __init__(
        self,
        records: RecordsByTarget,
        authorizer: Authorizer,
        people: AllowLists,
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
        self._answers: Mapping[Topic, Answer] = {
            Topic.CHANGES: self._answer_changes,
            Topic.COST: self._answer_cost,
            Topic.WATCH: self._answer_watches,
            Topic.BROKEN: self._answer_broken,
            Topic.TENDENCY: self._answer_tendency,
            Topic.FAILURES: self._answer_failures,
            Topic.USE: self._answer_uses,
            Topic.WAITING: self._answer_waiting,
            Topic.LIVE: self._answer_live,
            Topic.MEMORY: self._answer_memories,
            Topic.OWN_DATA: self._answer_own_data,
            Topic.PEOPLE: self._answer_permissions,
            Topic.FEATURE_REQUESTS: self._answer_feature_requests,
            Topic.FLAGS: self._answer_flags,
            Topic.HOW_TO: self._answer_how_to,
        }

    async def answer(self, asked: AskedQuestion) -> str:
        """Return a few lines that name their record, or say that there is none.

        Questions about abilities are answered elsewhere, where the commands are known. Raises
        `NotAuthorized`, `UnknownRun`, `StoreError`, `JournalError`, `TargetMissing`.
        """
        target = asked.target if asked.topic in _ABOUT_ONE_BOT else OWN_TARGET
        named = asked.run_id or (asked.run.id if asked.run is not None else None)
        if asked.topic not in RUN_ANSWERS:
            named = None  # the answer is not about the run
        await self._authorize(asked, named, target)
        records = self._records.get(target)
        run = await self._match_run(asked, records)
        if named is not None and (run is None or run.id != named):
            await self._authorize(asked, None, target)
        if run is not None:
            await self._authorize(asked, run.id, target)
            history = await records.get_history(run.id)
            lines = RUN_ANSWERS[asked.topic](run, history, self._budget.run_cap)
            return "\n".join([f"**{format_run(run, history)}**", *lines])
        if asked.subject and asked.topic in RUN_ANSWERS:
            return _NONE_ABOUT.format(subject=to_plain_text(asked.subject, 60))
        answer = self._answers.get(asked.topic)
        text = await answer(asked, records) if answer else _NO_RUN
        return text if target == OWN_TARGET else f"**{target}**: {text}"

    async def _authorize(self, asked: AskedQuestion, run_id: str | None, target: str) -> None:
        """Raise `NotAuthorized` if the person may not read about a run, or about the target."""
        if asked.topic not in OPEN_TO_ALL:
            note = f"ask: {asked.topic}"
            await self._authorizer.ask(asked.person, Act.READ, run_id, note, target=target)

    async def _match_run(self, asked: AskedQuestion, records: QuestionRecords) -> Run | None:
        """Return the one run that the question is about; `None` if it is about several or none."""
        if asked.topic not in RUN_ANSWERS:
            return None
        if asked.run_id is not None or asked.number is not None:
            return await records.find_run(asked.run_id, asked.number)
        if asked.subject:
            return await self._find_run(asked.subject, asked.topic, records)
        span = read_span(asked.span, records.now)
        if asked.run is not None:
            return None if span else asked.run
        fits = None if asked.span else _FITS.get(asked.topic)
        return await records.find_newest(fits) if fits else None

    async def _find_run(self, subject: str, topic: Topic, records: QuestionRecords) -> Run | None:
        """Return the newest run about the subject that got far enough, else the newest about it."""
        commands, asked = records.match_commands(subject), extract_stems(subject)
        fits, newest = _FITS_OF_NAMED.get(topic), None
        async for run, history in records.iterate_histories():
            if _is_about(commands, asked, run, history):
                if fits is None or fits(history):
                    return run
                newest = newest or run
        return newest

    # Answers about several runs

    async def _answer_changes(self, asked: AskedQuestion, records: QuestionRecords) -> str:
        shipped = await records.list_shipped()
        span = read_span(asked.span, records.now)
        if span is None and not asked.span:
            span = records.get_recent_span(7)
        since = [
            (run, history)
            for run, history in shipped
            if history.shipment and (span is None or span.since <= history.shipment.at < span.until)
        ]
        return render_changes(
            since, span.description if span else "", shipped[0] if shipped else None
        )

    async def _answer_cost(self, asked: AskedQuestion, records: QuestionRecords) -> str:
        span = read_span(asked.span, records.now)
        runs = [
            run
            for run in await records.list_runs()
            if span is None or span.since <= run.updated_at < span.until
        ]
        return render_costs(await records.sum_costs(span), runs, span.description if span else "")

    async def _answer_watches(self, asked: AskedQuestion, records: QuestionRecords) -> str:
        return render_watches(await records.list_shipped())

    async def _answer_broken(self, asked: AskedQuestion, records: QuestionRecords) -> str:
        span = read_span(asked.span, records.now) or records.get_recent_span(1)
        stop = await self._emergency.get_stop()
        incidents = [each for each in await records.list_incidents() if each.open]
        failed = await records.list_failures(span)
        unfixed = await records.filter_unfixed(failed)
        fixed = [each for each in failed if each not in unfixed]
        return render_open_faults(incidents, unfixed, fixed, span.description, stop)

    async def _answer_tendency(self, asked: AskedQuestion, records: QuestionRecords) -> str:
        subject = asked.subject
        if not subject and asked.run is not None:
            diagnosis = (await records.get_history(asked.run.id)).diagnosis
            subject = diagnosis.file if diagnosis else ""
        return render_tendency(subject, await records.describe_files(subject))

    async def _answer_failures(self, asked: AskedQuestion, records: QuestionRecords) -> str:
        span = self._get_span(asked, records)
        groups = await records.list_failures(span, asked.subject)
        return render_failures(asked.subject, groups, span.description)

    async def _answer_uses(self, asked: AskedQuestion, records: QuestionRecords) -> str:
        span = self._get_span(asked, records, records.get_recent_span(7))
        uses = await records.count_uses(span, asked.subject)
        return render_uses(uses, asked.subject, span.description)

    def _get_span(
        self, asked: AskedQuestion, records: QuestionRecords, otherwise: TimeSpan | None = None
    ) -> TimeSpan:
        """Return the span that is asked about; without one, `otherwise`, or all records."""
        span = read_span(asked.span, records.now)
        always = records.get_full_span()
        return span or (always if asked.span else otherwise or always)

    async def _answer_waiting(self, asked: AskedQuestion, records: QuestionRecords) -> str:
        runs = await records.list_runs()
        return render_waiting([run for run in runs if run.waiting in _FOR_PEOPLE])

    async def _answer_live(self, asked: AskedQuestion, records: QuestionRecords) -> str:
        shipped = await records.list_shipped()
        return describe_live_commit(await records.get_head(), shipped[0] if shipped else None)

    async def _answer_memories(self, asked: AskedQuestion, records: QuestionRecords) -> str:
        found = await self._memory.search(asked.person, asked.subject)
        return render_memories(asked.subject, found)

    async def _answer_own_data(self, asked: AskedQuestion, records: QuestionRecords) -> str:
        return PRIVACY_COMMAND

    async def _answer_permissions(self, asked: AskedQuestion, records: QuestionRecords) -> str:
        people = self._people.common
        return render_people(people, ships=is_allowed(people, asked.person, Act.SHIP))

    async def _answer_feature_requests(self, asked: AskedQuestion, records: QuestionRecords) -> str:
        states = await self._changes.list_feature_requests()
        wishes = render_feature_requests([(each.feature_request, each.run) for each in states])
        return "\n".join([wishes, *list_gap_lines(await records.list_gaps())])

    async def _answer_flags(self, asked: AskedQuestion, records: QuestionRecords) -> str:
        flags = self._flags.get_all()
        return "\n".join(list_flag_lines(flags, {}, records.now)) if flags else _NO_FLAG

    async def _answer_how_to(self, asked: AskedQuestion, records: QuestionRecords) -> str:
        return render_instructions(list_allowed_acts(self._people, asked.person))


def _is_about(commands: frozenset[str], asked: frozenset[str], run: Run, history: History) -> bool:
    """Return whether a run is about one of the commands, or contains all the asked words."""
    event = history.diagnosis.event if history.diagnosis else ""
    request = f"{run.trigger.subject} {run.trigger.text}".lower()
    if any(event == f"command.{name}" or f"/{name}" in request for name in commands):
        return True
    file = history.diagnosis.file if history.diagnosis else ""
    return (
        bool(asked)
        and find_explained(asked, extract_stems(f"{run.trigger.subject} {file}")) == asked
    )
