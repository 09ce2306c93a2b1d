"""The runs that a message refers to."""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.authority.approvals import Approvals
from bot.domain.errors import UnknownRun
from bot.domain.run import Run, Status
from bot.intake.answers import on_it
from bot.intake.message import Message
from bot.self_improvement import SelfImprovementAgent
from bot.self_improvement.run_conversation import RunConversation
from bot.self_improvement.run_decisions import RunDecisions

_LOOKED_AT = 100  # newest runs that are checked


@dataclass(frozen=True, eq=False)
class RunReferences:
    """Finds runs by card, thread, id and number."""

    agent: SelfImprovementAgent
    approvals: Approvals
    conversation: RunConversation
    decisions: RunDecisions

    async def find(self, message: Message) -> Run:
        """Return the run that the message refers to. Raises `UnknownRun`."""
        slots = message.slots
        named = message.card.run_id if message.card else slots.run
        run = await self.agent.find(run_id=named, thread_id=message.thread_id)
        proposal = (await self.agent.get_history(run.id)).proposal
        if slots.pull_request is not None and (
            proposal is None or proposal.number != slots.pull_request
        ):
            raise UnknownRun(f"Run `{run.id}` did not propose #{slots.pull_request}.")
        return run

    async def find_current(self, message: Message) -> Run | None:
        """Return the run of the card that is replied to, or of the thread."""
        if message.card is not None:
            return await self.agent.find(run_id=message.card.run_id)
        return message.run

    async def find_named(
        self, run_id: str | None, numbers: Iterable[int]
    ) -> tuple[list[Run], list[str]]:
        """Return the runs named by id or pull request number, and the names that match no run."""
        found: list[Run] = []
        unknown: list[str] = []
        if run_id is not None:
            try:
                found.append(await self.agent.find(run_id=run_id))
            except UnknownRun:
                unknown.append(f"run `{run_id}`")
        for number in numbers:
            runs = await self.approvals.find_runs(number)
            found += runs
            unknown += [] if runs else [f"#{number}"]
        return found, unknown

    async def list_open(self) -> list[Run]:
        """Return the runs that can be decided about: open ones, and the last one shipped."""
        runs = await self.agent.list_runs(limit=_LOOKED_AT)
        shipped = [run for run in runs if run.status is Status.DONE and run.goal != "investigate"]
        return [run for run in runs if not run.has_ended] + shipped[:1]

    async def find_started(self, message: Message) -> Run | None:
        """Return the active run that a corrected message started before it was edited."""
        if not message.is_correction:
            return None
        for run in await self.agent.list_runs():
            trigger = run.trigger
            own = trigger.place.message_id == message.id and trigger.person.id == message.person.id
            if own and not run.has_ended:
                return run
        return None

    async def correct(self, run: Run, message: Message) -> str | None:
        """Update the run that a message started after its correction; return the answer, if any.

        If the run has a proposal, the proposal is revised. Otherwise the run is cancelled, and the
        result is None: the corrected request starts a new run.
        """
        if (await self.agent.get_history(run.id)).proposal is not None:
            return on_it(
                await self.conversation.revise(
                    run.id, message.person, message.text, "text", message.key
                )
            )
        await self.decisions.cancel(run.id, message.person)
        return None
