"""Performs the next step of a run, after a look at what may hold it up."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bot.authority.autonomy_blocks import AutonomyBlocks
from bot.domain.history import History
from bot.domain.run import Run, Stage
from bot.ports.store import Store
from bot.ports.targets import Targets
from bot.self_improvement.reporting.notifier import RunNotifier
from bot.self_improvement.runs.run_stops import RunStops
from bot.self_improvement.runs.transitions import RunTransitions

Perform = Callable[[Run, History], Awaitable[Run]]
"""Performs a step, and returns the run one step further."""


@dataclass(frozen=True, eq=False)
class TargetSteps:
    """The steps of each stage; `reverts` are those that differ in runs that revert."""

    steps: Mapping[Stage, Perform]
    reverts: Mapping[Stage, Perform]

    def choose(self, run: Run) -> Perform:
        """Return the next step of a run."""
        if run.goal == "revert" and run.stage in self.reverts:
            return self.reverts[run.stage]
        return self.steps[run.stage]


class StepSequence:
    """Performs a run's next step and saves its result before anything else happens.

    `steps` are those of each target, by its name.
    """

    def __init__(
        self,
        steps: Mapping[str, TargetSteps],
        targets: Targets,
        store: Store,
        notifier: RunNotifier,
        transitions: RunTransitions,
        stops: RunStops,
        blocks: AutonomyBlocks,
    ) -> None:
        self._steps = steps
        self._targets = targets
        self._store = store
        self._notifier = notifier
        self._transitions = transitions
        self._stops = stops
        self._blocks = blocks

    async def perform(self, run: Run) -> Run:
        """Return the run one step further. Errors of the step are raised unchanged.

        Raises `TargetMissing` if the run's target is not in the configuration any more.
        """
        run = await self._announce(run)
        history = await self._store.get_history(run.id)
        await self._notifier.refresh(run, history)
        stop = await self._stops.find_stop(run, history.proposal)
        if stop is not None:
            return await self._transitions.stop(run, stop.summary)
        pause = await self._blocks.find_run_pause(run, history)
        if pause is not None:
            return await self._transitions.pause_own_work(run, pause)
        self._targets.get(run.trigger.target)
        with self._notifier.log_work(run):
            return await self._steps[run.trigger.target].choose(run)(run, history)

    async def _announce(self, run: Run) -> Run:
        announced = await self._notifier.announce(run)
        return run if announced == run else await self._store.save(announced)
