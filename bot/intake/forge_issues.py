"""Starts runs from forge issues that a listed person has written and labelled.

The title has to be a request that the grammar knows. The author's current rights in Discord count.
Approvals and other decisions are not accepted in issues.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog

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
from bot.intake.work import IntakeResult
from bot.periodic import log_warnings, run_periodically
from bot.ports.clock import Clock
from bot.ports.forge import Forge
from bot.ports.key_value_store import KeyValueStore
from bot.ports.member_directory import MemberDirectory
from bot.presentation.issue_answers import MAX_CHARACTERS, NOT_UNDERSTOOD, describe_outcome
from bot.presentation.markdown import escape_text
from bot.self_improvement import SelfImprovementAgent
from bot.self_improvement.requests.change_requests import ChangeBegun, ChangeRequests

GOALS: Mapping[Intent, Goal] = {
    Intent.INVESTIGATE: "investigate",
    Intent.FIX: "fix",
    Intent.CHANGE: "change",
}
"""The requests that are accepted in an issue, by the intent of its title."""

_SETTING = Setting(addressed=True, dev_channel=True, listed=True)
_PREFIX = "forge-issue:"
_TEXT, _SUBJECT = 2_000, 200
_log = structlog.stdlib.get_logger(__name__)

AskForWork = Callable[[Trigger], Awaitable[IntakeResult | RequestAnswer]]
"""Decides about a request for work; see `WorkRequests.ask`."""


@dataclass(frozen=True)
class IssueRules:
    """Whose issues count, and where their runs post.

    `people` maps forge logins in lower case to Discord ids. Issues of other logins are ignored.
    """

    label: str
    people: Mapping[str, int]
    seconds: float
    place: Place


class IssueIntake:
    """Polls the forge's issues; accepts each issue once and answers it once.

    Accepted issues are stored, so neither a restart nor another poll starts anything twice.
    """

    def __init__(
        self,
        forge: Forge,
        agent: SelfImprovementAgent,
        changes: ChangeRequests,
        ask: AskForWork,
        members: MemberDirectory,
        key_values: KeyValueStore,
        clock: Clock,
        rules: IssueRules,
    ) -> None:
        self._forge = forge
        self._agent = agent
        self._changes = changes
        self._ask = ask
        self._members = members
        self._key_values = key_values
        self._clock = clock
        self._rules = rules
        self._wake_up = asyncio.Event()

    async def run_forever(self) -> None:
        """Poll until cancelled. If the forge cannot be reached, the next poll tries again."""
        failed = log_warnings(_log, "the forge's issues could not be read; I will try again")
        seconds = self._rules.seconds
        await run_periodically(self.turn, self._clock, seconds, wake=self._wake_up, failed=failed)

    def request_poll(self) -> None:
        """Poll at once; a webhook has announced a change."""
        self._wake_up.set()

    async def turn(self) -> None:
        """Accept new issues, and answer those whose runs have a result."""
        accepted = {
            each.number: each
            for each in await self._key_values.list_records(_PREFIX, AcceptedIssue)
        }
        for issue in await self._forge.list_issues(self._rules.label):
            if issue.number not in accepted:
                await self._try(issue.number, self._take(issue))
        for each in await self._key_values.list_records(_PREFIX, AcceptedIssue):
            if not each.is_answered:
                await self._try(each.number, self._answer(each))

    async def _try(self, number: int, work: Awaitable[None]) -> None:
        """Run the work for one issue. An error is logged and does not affect other issues."""
        try:
            await work
        except TheseusError as error:
            _log.warning("issue #%s: %s", number, error)

    async def _take(self, issue: ForgeIssue) -> None:
        """Start what a listed person asks for. Issues of other people are not read."""
        person_id = self._rules.people.get(issue.author.lower())
        person = await self._members.fetch_person(person_id) if person_id is not None else None
        if person is None:
            return
        try:
            accepted = await self._start_run(issue, person)
        except (Stopped, TooMany):  # the issue stays unaccepted, so a later poll tries again
            return
        except (NotAuthorized, OutOfBounds) as refusal:
            accepted = AcceptedIssue(number=issue.number, answer=escape_text(str(refusal)))
        await self._keep(accepted)

    async def _start_run(self, issue: ForgeIssue, person: Person) -> AcceptedIssue:
        trigger = self._trigger(issue, person)
        if trigger is None:
            return AcceptedIssue(number=issue.number, answer=NOT_UNDERSTOOD)
        if trigger.goal == "change":
            change = await self._changes.ask(trigger)
            if isinstance(change, ChangeBegun):
                return AcceptedIssue(number=issue.number, run_id=change.run.id)
            return AcceptedIssue(
                number=issue.number, answer="I keep it as a wish; I cannot write it."
            )
        asked = await self._ask(trigger)
        if isinstance(asked, RequestAnswer):
            answer = escape_text(asked.diagnosis.summary, MAX_CHARACTERS)
            return AcceptedIssue(number=issue.number, answer=answer)
        return AcceptedIssue(number=issue.number, run_id=asked.run.id)

    def _trigger(self, issue: ForgeIssue, person: Person) -> Trigger | None:
        """Return the trigger for the title, with the body as details; `None` if it is none."""
        parsed = parse(issue.title, _SETTING)
        goal = GOALS.get(parsed.intent)
        if goal is None or not parsed.slots.subject:  # "fix it" refers to nothing in an issue
            return None
        return Trigger(
            key=f"issue:{issue.number}",
            goal=goal,
            person=person,
            place=self._rules.place,
            text=f"{issue.title}\n\n{issue.body}".strip()[:_TEXT],
            subject=parsed.slots.subject[:_SUBJECT],
            issue=issue.number,
            at=issue.at,
        )

    async def _answer(self, accepted: AcceptedIssue) -> None:
        """Answer the issue once its result is known, and only once."""
        text = accepted.answer or await self._describe_outcome(accepted)
        if text:
            await self._forge.answer_issue(accepted.number, text, f"issue-{accepted.number}")
            await self._keep(accepted.replace(is_answered=True))

    async def _describe_outcome(self, accepted: AcceptedIssue) -> str:
        try:
            run = await self._agent.find(run_id=accepted.run_id)
        except UnknownRun:
            return "This was so long ago that I no longer have its result."
        history = await self._agent.get_history(run.id)
        return describe_outcome(run, history) if run.has_ended or history.shipment else ""

    async def _keep(self, accepted: AcceptedIssue) -> None:
        await self._key_values.put(f"{_PREFIX}{accepted.number}", accepted)
