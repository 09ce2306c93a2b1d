"""Decides what follows from a request for work. Nothing is changed here."""

from dataclasses import dataclass

from bot.authority.policy import Act, is_allowed
from bot.domain.evidence import Evidence, RequestAnswer
from bot.domain.incident import Incident
from bot.domain.journal import FailureGroup, get_command_name
from bot.domain.people import AllowList
from bot.domain.run import Trigger
from bot.grammar.likely_commands import find_likely_commands
from bot.intake.failures import FailureMatcher
from bot.intake.incidents import ReportedIncidents
from bot.intake.privacy import RequestPrivacy
from bot.presentation.answers import list_everyday_commands
from bot.presentation.missing_failure import build_diagnosis
from bot.self_improvement.checks.answer_inquiry import AnswerInquiry


@dataclass(frozen=True)
class WorkDecision:
    """What follows from a request for work. `trigger` has the failures that it refers to.

    With an `answer` nothing starts. Otherwise the run of the `incident` or of the `failure` is
    joined; if there is no such run, one is started. A person who `may_ask` not has reported the
    failure.
    """

    trigger: Trigger
    may_ask: bool = True
    answer: RequestAnswer | None = None
    incident: Incident | None = None
    failure: FailureGroup | None = None


@dataclass(frozen=True, eq=False)
class WorkDecisions:
    """Decides about requests.

    Without `incidents`, nothing is monitored. Without `inquiry`, reports of incorrect output are
    answered with a message.
    """

    matcher: FailureMatcher
    people: AllowList
    privacy: RequestPrivacy
    incidents: ReportedIncidents | None
    inquiry: AnswerInquiry | None

    async def decide(self, trigger: Trigger) -> WorkDecision:
        """Return what follows from a request. The journal is read once, nothing is changed."""
        trigger = self.privacy.hide_text(trigger)
        if not is_allowed(self.people, trigger.person, Act.ASK):
            return WorkDecision(trigger, may_ask=False)
        if trigger.incident is not None:
            incident = await self.incidents.find(trigger, None) if self.incidents else None
            return WorkDecision(trigger, incident=incident)
        found = await self.matcher.match(trigger)
        trigger = trigger.replace(match=found.evidence.match)
        failure = found.failure
        incident = await self.incidents.find(trigger, failure) if self.incidents else None
        if incident is None and not await self._has_work(trigger, found.evidence):
            answer = await self._build_answer(trigger, found.evidence)
            return WorkDecision(trigger, answer=answer)
        return WorkDecision(trigger, incident=incident, failure=failure)

    async def _has_work(self, trigger: Trigger, evidence: Evidence) -> bool:
        """Return whether there is something to work on: a failure, slowness or incorrect output."""
        if evidence.groups or evidence.slow:
            return True
        if self.inquiry is None or evidence.fix is not None or evidence.change:
            return False
        if evidence.likely and not evidence.idle:
            return False
        return await self.inquiry.is_known(trigger)  # takes a while

    async def _build_answer(self, trigger: Trigger, evidence: Evidence) -> RequestAnswer:
        """Return the answer to a request that refers to no failure."""
        diagnosis = build_diagnosis(evidence)
        if diagnosis.instead:
            return RequestAnswer(diagnosis=diagnosis)
        commands = await self._list_likely_commands(trigger, evidence)
        return RequestAnswer(diagnosis=diagnosis, commands=commands)

    async def _list_likely_commands(self, trigger: Trigger, evidence: Evidence) -> tuple[str, ...]:
        """Return the commands that the request may mean.

        If a named command has not failed, only failed commands are listed. The bot's own commands
        are listed only if they failed.
        """
        commands = self.matcher.commands()
        failed = [
            name for each in evidence.nearby if (name := get_command_name(each.event)) in commands
        ]
        if evidence.idle:
            return tuple(dict.fromkeys(failed))
        known = {*failed, *list_everyday_commands(commands)}
        used = await self.matcher.list_recent_commands()
        return find_likely_commands(trigger.subject, known, failed=failed, used=used)
