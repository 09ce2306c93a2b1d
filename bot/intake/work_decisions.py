"""Decides what follows from a request for work. Nothing is changed here."""

from dataclasses import dataclass

from bot.domain.evidence import Evidence, RequestAnswer
from bot.domain.incident import Incident
from bot.domain.journal import FailureGroup, get_command_name
from bot.domain.run import Trigger
from bot.domain.target import OWN_TARGET
from bot.grammar.likely_commands import find_likely_commands
from bot.intake.failure_ranking import rank_likely_failures
from bot.intake.failures import FailureMatcher, MatchedRequest
from bot.intake.privacy import RequestPrivacy
from bot.intake.targets import KnownTargets
from bot.ports.meaning_rater import MeaningRater
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

    Without `inquiry`, reports of incorrect output are answered with a message. Without `rater`,
    words alone say which failures may be meant.
    """

    targets: KnownTargets
    privacy: RequestPrivacy
    inquiry: AnswerInquiry | None
    rater: MeaningRater | None = None

    async def decide(self, trigger: Trigger, bot: str | None = None) -> WorkDecision:
        """Return what follows from a request. Each journal is read once, nothing is changed.

        `bot` names the bot that it is about, if the person chose it. Raises `WrongStage` if there
        is no such bot.
        """
        resolved = await self._resolve(self.privacy.hide_text(trigger), bot)
        if isinstance(resolved, RequestAnswer):
            return WorkDecision(trigger, answer=resolved)
        trigger, target = resolved, self.targets.get(resolved.target)
        incidents = target.incidents
        if not target.is_open_to(trigger.person):
            return WorkDecision(trigger, may_ask=False)
        if trigger.incident is not None:
            incident = await incidents.find(trigger, None) if incidents else None
            return WorkDecision(trigger, incident=incident)
        plain = trigger.replace(text=self.targets.strip_names(trigger.text))
        found = await target.matcher.match(plain)
        trigger = trigger.replace(match=found.evidence.match)
        failure = found.failure
        incident = await incidents.find(trigger, failure) if incidents else None
        if incident is None and not await self._has_work(trigger, found.evidence):
            evidence = await self._rank(plain, found)
            answer = await self._build_answer(target.matcher, trigger, evidence)
            return WorkDecision(trigger, answer=answer)
        return WorkDecision(trigger, incident=incident, failure=failure)

    async def _resolve(self, trigger: Trigger, bot: str | None) -> Trigger | RequestAnswer:
        if bot is None:
            return await self.targets.resolve(trigger)
        return trigger.replace(target=self.targets.get(bot).name)

    async def _has_work(self, trigger: Trigger, evidence: Evidence) -> bool:
        """Return whether there is something to work on: a failure, slowness or incorrect output."""
        if evidence.groups or evidence.slow:
            return True
        if trigger.target != OWN_TARGET:
            return False  # only our own answers are recorded, to be replayed
        if self.inquiry is None or evidence.fix is not None or evidence.change:
            return False
        if evidence.likely and not evidence.idle:
            return False
        return await self.inquiry.is_known(trigger)  # takes a while

    async def _rank(self, trigger: Trigger, found: MatchedRequest) -> Evidence:
        """Return the evidence with the failures that may be meant in an order by meaning, too."""
        if self.rater is None or not trigger.subject:
            return found.evidence
        text = trigger.statement or trigger.subject
        return await rank_likely_failures(self.rater, text, found.evidence, found.present)

    async def _build_answer(
        self, matcher: FailureMatcher, trigger: Trigger, evidence: Evidence
    ) -> RequestAnswer:
        """Return the answer to a request that refers to no failure."""
        diagnosis = build_diagnosis(evidence)
        if trigger.target != OWN_TARGET:
            headline = f"{trigger.target}: {diagnosis.headline}"
            diagnosis = diagnosis.replace(headline=headline)
        if diagnosis.instead:
            return RequestAnswer(diagnosis=diagnosis)
        commands = await self._list_likely_commands(matcher, trigger, evidence)
        return RequestAnswer(diagnosis=diagnosis, commands=commands)

    async def _list_likely_commands(
        self, matcher: FailureMatcher, trigger: Trigger, evidence: Evidence
    ) -> tuple[str, ...]:
        """Return the commands that the request may mean.

        If a named command has not failed, only failed commands are listed. The bot's own commands
        are listed only if they failed.
        """
        commands = matcher.commands()
        failed = [
            name for each in evidence.nearby if (name := get_command_name(each.event)) in commands
        ]
        if evidence.idle:
            return tuple(dict.fromkeys(failed))
        known = {*failed, *list_everyday_commands(commands)}
        used = await matcher.list_recent_commands()
        return find_likely_commands(trigger.subject, known, failed=failed, used=used)
