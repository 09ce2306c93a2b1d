"""The shipped changes that runs revert: what was merged, whether exactly this is reverted."""

from dataclasses import dataclass

from bot.domain.change import ChangeSet, Verdict
from bot.domain.errors import WrongStage
from bot.domain.history import History
from bot.domain.links import format_link
from bot.domain.proposal import Proposal, Shipment
from bot.domain.run import Run
from bot.memory.recording import MemoryRecorder
from bot.ports.store import Store
from bot.ports.workspace import Workspace
from bot.presentation.cards import is_failed_fix
from bot.self_improvement.checks.quality_gate import QualityGate
from bot.self_improvement.reporting.notifier import RunNotifier
from bot.self_improvement.runs.run_records import need
from bot.self_improvement.runs.step_progress import StepProgress
from bot.self_improvement.watch.shipment_watches import ShipmentWatches


@dataclass(frozen=True, eq=False)
class RevertedChanges:
    """Loads the change that a run reverts, verifies the revert, and records it."""

    gate: QualityGate
    watches: ShipmentWatches
    store: Store
    notifier: RunNotifier
    progress: StepProgress
    memory: MemoryRecorder

    async def load(self, run: Run) -> History:
        """Return the history of the run to revert. Raises `WrongStage` if it shipped nothing."""
        if run.trigger.reverts is None:
            raise WrongStage(f"Run `{run.id}` does not say what it should revert.")
        history = await self.store.get_history(run.trigger.reverts)
        if history.shipment is None or history.proposal is None:
            raise WrongStage(f"Run `{run.trigger.reverts}` has merged nothing to revert.")
        return history

    async def verify(
        self, run: Run, history: History, change: ChangeSet, workspace: Workspace
    ) -> Verdict:
        """Return whether the head is exactly the revert, and passes base's checks."""
        _, shipment = get_shipment(await self.load(run))
        return await self.gate.verify_revert(
            need(history.plan),
            change,
            shipment,
            workspace,
            round_number=run.round,
            on_check=self.progress.build_check_handler(run, history),
        )

    async def mark_reverted(self, run: Run, by: Proposal) -> None:
        """Tell the reverted run, and stop watching it."""
        reverted = await self.store.get(run.trigger.reverts or "")
        await self.watches.end(reverted.id)
        named = format_link(f"#{by.number}", by.url)
        text = f"↩️ Reverted by {named}, as {run.trigger.person.name} asked."
        await self.notifier.say(reverted, text, key="reverted")
        history = await self.store.get_history(reverted.id)
        if not is_failed_fix(
            history.outcome
        ):  # a failed fix is already remembered, with its figures
            await self.memory.remember_rejection(reverted, history, f"reverted by #{by.number}")


def get_shipment(shipped: History) -> tuple[Proposal, Shipment]:
    """Return what was proposed and what was merged."""
    return need(shipped.proposal), need(shipped.shipment)
