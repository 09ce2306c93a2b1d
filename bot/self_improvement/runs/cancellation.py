"""Cancels runs: a run ends with everything it started, and its proposal is closed."""

import asyncio
from dataclasses import dataclass

import structlog

from bot.budget.run_cost_meter import RunCostMeter
from bot.domain.errors import ForgeError, WorkspaceError, WrongStage
from bot.domain.history import History
from bot.domain.run import Run, Stage, Status
from bot.domain.run_state import Edge
from bot.ports.clock import Clock
from bot.ports.store import Store
from bot.ports.targets import Targets
from bot.presentation.cards import format_status
from bot.self_improvement.reporting.notifier import RunNotifier
from bot.self_improvement.requests.proposal_closer import close_proposal, describe_closing
from bot.self_improvement.runs.reconciler import Reconciler
from bot.self_improvement.runs.transitions import RunTransitions
from bot.self_improvement.runs.worker import Workers

_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, eq=False)
class Cancellation:
    """Ends runs early. The caller has authorised this and holds the run's lock."""

    store: Store
    targets: Targets
    clock: Clock
    workers: Workers
    transitions: RunTransitions
    notifier: RunNotifier
    cost_meter: RunCostMeter
    reconciler: Reconciler

    async def cancel(self, run_id: str, reason: str, *, forge_seconds: float | None = None) -> Run:
        """End the run. Raises `WrongStage` if it has ended or has been merged.

        A merged change comes live as planned. `forge_seconds` limits the wait for the forge; if it
        does not answer, it is asked again later.
        """
        # First the worker: otherwise it could propose or merge while the rest is ended.
        stopped = await self.workers.stop(run_id)
        run = self.cost_meter.settle(await self.store.get(run_id))
        history = await self.store.get_history(run.id)
        if run.has_ended:
            await self.notifier.announce_end(run, history)
            raise WrongStage(
                f"Run `{run.id}` has ended already: {run.reason or format_status(run)}"
            )
        ships = stopped or await self._is_shipping(run, history)
        try:
            async with asyncio.timeout(forge_seconds):
                opened = await close_proposal(self.targets, run, history, reason)
        except (ForgeError, TimeoutError) as error:
            opened = None
            what = str(error) or "The forge does not answer."
            reason += f" Its pull request could not be closed: {what}"
            # Stored before the run ends: a kill in between must not forget the open pull request.
            await self.reconciler.schedule(run)
            reason += " I ask the forge again until I know its state."
        # Only a run that was shipping merges itself; others were merged by hand and may end.
        if ships and opened is not None and opened.state == "merged":
            await self._hand_back(run)
            raise WrongStage(
                f"It is too late: #{opened.number} is already merged and is coming live."
            )
        ended = await self.transitions.end(run, Edge.CANCELLED, reason + describe_closing(opened))
        await self.drop(run)
        return ended

    async def drop(self, run: Run) -> None:
        """Remove the branch of a run that has ended."""
        try:
            await self.targets.get(run.trigger.target).workspaces.drop(run.id)
        except WorkspaceError:
            _log.exception("the branch of run %s could not be removed", run.id)

    async def _is_shipping(self, run: Run, history: History) -> bool:
        """Return whether the run is being shipped after its approval.

        This is also true if the process that shipped it has ended.
        """
        if run.stage is not Stage.SHIP or run.status is Status.WAITING or not history.proposal:
            return False
        return await self.store.get_approval(run.id, history.proposal.head) is not None

    async def _hand_back(self, run: Run) -> None:
        await self.transitions.hand_back(run.replace(updated_at=self.clock.now()))
        self.workers.wake()
