"""Requests that one message answers: no failure is there to work on, so no run and no thread."""

from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act, is_allowed
from bot.domain.evidence import Evidence, RequestAnswer
from bot.domain.journal import get_command_name
from bot.domain.people import AllowList
from bot.domain.run import Trigger
from bot.grammar.likely_commands import find_likely_commands
from bot.presentation.answers import list_everyday_commands
from bot.presentation.missing_failure import build_diagnosis
from bot.redaction import redact
from bot.self_improvement.answer_inquiry import AnswerInquiry
from bot.self_improvement.steps.observe import EvidenceCollector


class RequestAnswers:
    """Looks for what is meant before a run begins.

    Without `inquiry`, complaints of answers in which nothing failed are answered as well.
    """

    def __init__(
        self,
        collector: EvidenceCollector,
        inquiry: AnswerInquiry | None,
        authorizer: Authorizer,
        people: AllowList,
    ) -> None:
        self._collector = collector
        self._inquiry = inquiry
        self._authorizer = authorizer
        self._people = people

    async def find_answer(self, trigger: Trigger) -> RequestAnswer | None:
        """Return what there is to say at once; `None` where a run is to look into it.

        So it is too for who may not ask: whoever starts the run refuses. Raises `JournalError`,
        `StoreError`, `WorkspaceError`.
        """
        asks = trigger.goal in ("investigate", "fix") and trigger.incident is None
        if not asks or not is_allowed(self._people, trigger.person, Act.ASK):
            return None
        evidence = await self._collector.look_for(trigger)
        if evidence.groups or evidence.slow or await self._is_of_answer(trigger, evidence):
            return None
        note = f"{trigger.goal}, answered at once: {redact(trigger.subject)}"
        await self._authorizer.ask(trigger.person, Act.ASK, note=note)
        diagnosis = build_diagnosis(evidence)
        if diagnosis.instead:
            return RequestAnswer(diagnosis=diagnosis)
        return RequestAnswer(
            diagnosis=diagnosis, commands=await self._list_likely(trigger, evidence)
        )

    async def _list_likely(self, trigger: Trigger, evidence: Evidence) -> tuple[str, ...]:
        """Return the commands that may be meant.

        Where one was named that has not failed, only those that did; our own, too, only then.
        """
        commands = self._collector.commands()
        failed = [
            name for each in evidence.nearby if (name := get_command_name(each.event)) in commands
        ]
        if evidence.idle:
            return tuple(dict.fromkeys(failed))
        known = {*failed, *list_everyday_commands(commands)}
        used = await self._collector.list_recent_commands()
        return find_likely_commands(trigger.subject, known, failed=failed, used=used)

    async def match_failure(self, trigger: Trigger) -> Evidence:
        """Return which failure somebody means who may only report it. Raises as the above."""
        return await self._collector.look_for(trigger)

    async def _is_of_answer(self, trigger: Trigger, evidence: Evidence) -> bool:
        """Whether an answer is complained of that can be played: that takes a while."""
        if self._inquiry is None or evidence.fix is not None or evidence.change:
            return False
        if evidence.likely and not evidence.idle:
            return False
        return await self._inquiry.is_known(trigger)
