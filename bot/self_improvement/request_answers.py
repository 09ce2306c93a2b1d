"""Answers requests with one message if there is nothing to work on, so no run starts."""

from theseus_observe.redaction import redact

from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act, is_allowed
from bot.domain.evidence import Evidence, RequestAnswer
from bot.domain.journal import get_command_name
from bot.domain.people import AllowList
from bot.domain.run import Trigger
from bot.grammar.likely_commands import find_likely_commands
from bot.presentation.answers import list_everyday_commands
from bot.presentation.missing_failure import build_diagnosis
from bot.self_improvement.answer_inquiry import AnswerInquiry
from bot.self_improvement.evidence_collector import EvidenceCollector


class RequestAnswers:
    """Looks for the failure of a request before a run begins.

    Without `inquiry`, reports of incorrect output are answered with a message as well.
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
        """Return an immediate answer; `None` if a run should handle the request.

        Also returns `None` for people who may not ask, because starting the run refuses them.
        Raises `JournalError`, `StoreError`, `WorkspaceError`.
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
        """Return the commands that the request may mean.

        If a named command has not failed, only failed commands are listed. The bot's own commands
        are listed only if they failed.
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
        """Return the failure that a person reports who may only report.

        Raises what `find_answer` raises.
        """
        return await self._collector.look_for(trigger)

    async def _is_of_answer(self, trigger: Trigger, evidence: Evidence) -> bool:
        """Return whether this is a report of incorrect output that can be replayed.

        Finding that out takes a while.
        """
        if self._inquiry is None or evidence.fix is not None or evidence.change:
            return False
        if evidence.likely and not evidence.idle:
            return False
        return await self._inquiry.is_known(trigger)
