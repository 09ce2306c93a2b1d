"""A report that something fails, gives incorrect output or is slow; to investigate or to fix it."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from bot.domain.errors import WrongStage
from bot.domain.evidence import RequestAnswer
from bot.domain.guilds import AllowLists
from bot.domain.ids import shorten_id
from bot.domain.intents import Intent
from bot.domain.run import Goal, Run, Trigger
from bot.intake.answers import describe_result
from bot.intake.message import Message, Reply, can_ask
from bot.intake.run_references import RunReferences
from bot.intake.work import WorkRequests
from bot.presentation.missing_failure import request_answer
from bot.self_improvement import SelfImprovementAgent
from bot.self_improvement.run_conversation import RunConversation
from bot.self_improvement.run_restarts import RunRestarts

INTENTS = (Intent.INVESTIGATE, Intent.FIX)


@dataclass(frozen=True)
class Request:
    """The report, and the run that it belongs to, if there is one.

    It `corrects` the run that the same message started before its edit, `adds` to the fix in whose
    thread it is, or `promotes` the investigation in whose thread it is to a fix.
    """

    message: Message
    trigger: Trigger
    run: Run | None = None
    does: Literal["reports", "corrects", "adds", "promotes"] = "reports"


@dataclass(frozen=True, eq=False)
class Handler:
    """Starts an investigation or a fix, with a reaction, a thread and a card; or answers."""

    agent: SelfImprovementAgent
    conversation: RunConversation
    restarts: RunRestarts
    work: WorkRequests
    references: RunReferences
    people: AllowLists

    async def decide(self, message: Message) -> Request:
        """Return what the report belongs to. Which failure it is about is decided by `work`."""
        replied = message.replied
        error_id = (replied.error_id if replied else None) or message.error_id
        goal: Goal = "fix" if message.intent is Intent.FIX else "investigate"
        trigger = Trigger(
            key=message.key,
            goal=goal,
            person=message.person,
            place=message.place,
            text=message.text[:2000],
            is_verbatim=message.is_verbatim,
            attached=message.attached,
            subject=message.slots.subject[:200],
            error_id=error_id,
            answered=replied.interaction_id if replied else None,
            at=message.at,
        )
        earlier = await self.references.find_started(message)
        if earlier is not None:
            return Request(message, trigger, earlier, "corrects")
        run = message.run
        if run and error_id and not await self._is_about(run, error_id):
            run = None  # the error message that is replied to has priority over the thread's run
        if run and _is_weak_report(message, run, goal):
            return Request(message, trigger, run, "adds")
        investigated = run is not None and run.goal == "investigate" and run.has_ended
        if goal == "fix" and investigated and not message.slots.subject:
            return Request(message, trigger, run, "promotes")
        return Request(message, trigger)

    async def perform(self, request: Request) -> Reply:
        """Carry the report out. Raises what `WorkRequests.ask` raises."""
        message, run = request.message, request.run
        if run is not None and request.does == "corrects":
            if corrected := await self.references.correct(run, message):
                return corrected
            request = await self.decide(message)  # the earlier run is cancelled by now
            run = request.run
        if run is not None and request.does == "adds":
            with suppress(WrongStage):  # the run cannot be steered now: treat it as a report
                await self.conversation.revise(
                    run.id, message.person, message.text, key=message.key
                )
                return None
        if run is not None and request.does == "promotes":
            await self.restarts.promote(run.id, message.person)
            return "On it."
        if can_ask(self.people, message.person):
            await message.host.show_start()
        asked = await self.work.ask(request.trigger)
        if isinstance(asked, RequestAnswer):
            return request_answer(asked, request.trigger.goal)
        answered = message.is_threadless or asked.joined
        return describe_result(message.person, asked) if answered else None

    async def _is_about(self, run: Run, error_id: str) -> bool:
        """Return whether a run is about the failure that an error message names."""
        evidence = (await self.agent.get_history(run.id)).evidence
        groups = evidence.groups[:1] if evidence else ()
        known = {shorten_id(each) for group in groups for each in group.record_ids}
        return shorten_id(error_id) in known


def _is_weak_report(message: Message, run: Run, goal: Goal) -> bool:
    """Return whether an unclear report is written to a running fix: then it is about that fix."""
    weakly = goal == "investigate" and message.utterance.strength == "weak"
    return weakly and run.goal == "fix" and not run.has_ended
