"""Issues of the forge that are requests: from listed people, with a label, in the grammar's words.

Only their authors' own rights count, as Discord has them now. Nothing that decides is heard there.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bot.domain.errors import (
    NotAuthorized,
    OutOfBounds,
    Stopped,
    TheseusError,
    TooMany,
    UnknownRun,
)
from bot.domain.evidence import RequestAnswer
from bot.domain.intents import Intent, Setting
from bot.domain.issue import AcceptedIssue, ForgeIssue
from bot.domain.people import Person, Place
from bot.domain.run import Goal, Trigger
from bot.grammar import parse
from bot.monitoring.report_intake import IntakeResult
from bot.periodic import log_warnings, run_periodically
from bot.ports.clock import Clock
from bot.ports.forge import Forge
from bot.ports.key_value_store import KeyValueStore
from bot.ports.member_directory import MemberDirectory
from bot.presentation.issue_answers import MAX_CHARACTERS, NOT_UNDERSTOOD, describe_outcome
from bot.presentation.markdown import escape_text
from bot.self_improvement import SelfImprovementAgent
from bot.self_improvement.change_requests import ChangeBegun

GOALS: Mapping[Intent, Goal] = {
    Intent.INVESTIGATE: "investigate",
    Intent.FIX: "fix",
    Intent.CHANGE: "change",
}
"""What may be asked for in an issue, by what its title means; no more than that is heard there."""

_SETTING = Setting(addressed=True, dev_channel=True, listed=True)
_PREFIX = "forge-issue:"
_TEXT, _SUBJECT = 2_000, 200
_log = logging.getLogger(__name__)

AskForWork = Callable[[Trigger], Awaitable[IntakeResult]]


@dataclass(frozen=True)
class IssueRules:
    """Whose issues count, and where their runs speak.

    `people` are Discord ids by login in lower case; a login that is not there is nobody's.
    """

    label: str
    people: Mapping[str, int]
    seconds: float
    place: Place


class IssueIntake:
    """Looks at the forge's issues every now and then; takes each once, and answers it once.

    What was taken is kept, so neither a restart nor a second look begins anything twice.
    """

    def __init__(
        self,
        forge: Forge,
        agent: SelfImprovementAgent,
        ask: AskForWork,
        members: MemberDirectory,
        key_values: KeyValueStore,
        clock: Clock,
        rules: IssueRules,
    ) -> None:
        self._forge = forge
        self._agent = agent
        self._ask = ask
        self._members = members
        self._key_values = key_values
        self._clock = clock
        self._rules = rules
        self._wake_up = asyncio.Event()

    async def run_forever(self) -> None:
        """Look until cancelled. A forge that cannot be reached is asked again the next time."""
        failed = log_warnings(_log, "the forge's issues could not be read; I try again")
        seconds = self._rules.seconds
        await run_periodically(self.turn, self._clock, seconds, wake=self._wake_up, failed=failed)

    def request_poll(self) -> None:
        """Look now rather than in a while: the forge says that something is new."""
        self._wake_up.set()

    async def turn(self) -> None:
        """Take new issues, and answer those whose runs came to something."""
        taken = {
            each.number: each
            for each in await self._key_values.list_records(_PREFIX, AcceptedIssue)
        }
        for issue in await self._forge.list_issues(self._rules.label):
            if issue.number not in taken:
                await self._try(issue.number, self._take(issue))
        for each in await self._key_values.list_records(_PREFIX, AcceptedIssue):
            if not each.is_answered:
                await self._try(each.number, self._answer(each))

    async def _try(self, number: int, work: Awaitable[None]) -> None:
        """Do it; what one issue cannot have now stands in no other's way."""
        try:
            await work
        except TheseusError as error:
            _log.warning("issue #%s: %s", number, error)

    async def _take(self, issue: ForgeIssue) -> None:
        """Begin what a listed person asks for; an issue of anybody else is not looked at."""
        person_id = self._rules.people.get(issue.author.lower())
        person = await self._members.fetch_person(person_id) if person_id is not None else None
        if person is None:
            return
        try:
            taken = await self._start_run(issue, person)
        except (Stopped, TooMany):  # it waits, as everything does
            return
        except (NotAuthorized, OutOfBounds) as refusal:
            taken = AcceptedIssue(number=issue.number, answer=escape_text(str(refusal)))
        await self._keep(taken)

    async def _start_run(self, issue: ForgeIssue, person: Person) -> AcceptedIssue:
        trigger = self._trigger(issue, person)
        if trigger is None:
            return AcceptedIssue(number=issue.number, answer=NOT_UNDERSTOOD)
        if trigger.goal == "change":
            wanted = await self._agent.changes.ask(trigger)
            if isinstance(wanted, ChangeBegun):
                return AcceptedIssue(number=issue.number, run_id=wanted.run.id)
            return AcceptedIssue(
                number=issue.number, answer="I keep it as a wish; I cannot write it."
            )
        found = await self._agent.answers.find_answer(trigger)
        if isinstance(found, RequestAnswer):
            told = escape_text(found.diagnosis.summary, MAX_CHARACTERS)
            return AcceptedIssue(number=issue.number, answer=told)
        return AcceptedIssue(number=issue.number, run_id=(await self._ask(trigger)).run.id)

    def _trigger(self, issue: ForgeIssue, person: Person) -> Trigger | None:
        """Return what the title asks for; what follows goes with it. `None`: nothing we do here."""
        said = parse(issue.title, _SETTING)
        goal = GOALS.get(said.intent)
        if goal is None or not said.slots.subject:  # "fix it" points at nothing there
            return None
        return Trigger(
            key=f"issue:{issue.number}",
            goal=goal,
            person=person,
            place=self._rules.place,
            text=f"{issue.title}\n\n{issue.body}".strip()[:_TEXT],
            subject=said.slots.subject[:_SUBJECT],
            issue=issue.number,
            at=issue.at,
        )

    async def _answer(self, accepted: AcceptedIssue) -> None:
        """Say what became of it once that is known, and never again."""
        text = accepted.answer or await self._describe_outcome(accepted)
        if text:
            await self._forge.answer_issue(accepted.number, text, f"issue-{accepted.number}")
            await self._keep(accepted.replace(is_answered=True))

    async def _describe_outcome(self, accepted: AcceptedIssue) -> str:
        try:
            run = await self._agent.find(run_id=accepted.run_id)
        except UnknownRun:
            return "It was so long ago that I no longer know what became of it."
        history = await self._agent.get_history(run.id)
        return describe_outcome(run, history) if run.has_ended or history.shipment else ""

    async def _keep(self, accepted: AcceptedIssue) -> None:
        await self._key_values.put(f"{_PREFIX}{accepted.number}", accepted)
