"""The order of the stages: which part does which, and what is done before each."""

from bot.domain.run import Run, Stage
from bot.self_improvement._kit import Kit
from bot.self_improvement._proving import Proving
from bot.self_improvement._seeing import Seeing
from bot.self_improvement._shipping import Shipping
from bot.self_improvement._standing import Standing
from bot.self_improvement._undoing import Undoing
from bot.self_improvement._writing import Writing


class Flow:
    """Does a run's next stage and saves what came of it, before anything else happens."""

    def __init__(self, kit: Kit, standing: Standing) -> None:
        self._kit = kit
        self._standing = standing
        seeing, proving, undoing = Seeing(kit), Proving(kit), Undoing(kit)
        self._steps = {
            Stage.OBSERVE: seeing.observe,
            Stage.DIAGNOSE: seeing.diagnose,
            Stage.PLAN: seeing.plan,
            Stage.EXECUTE: Writing(kit).execute,
            Stage.VERIFY: proving.verify,
            Stage.PROPOSE: proving.propose,
            Stage.SHIP: Shipping(kit).ship,
        }
        undo = {Stage.OBSERVE: undoing.observe, Stage.EXECUTE: undoing.execute}
        self._reverting = {**self._steps, **undo}

    async def step(self, run: Run) -> Run:
        """Return the run one stage further. What a stage raises comes out unchanged."""
        run = await self._announced(run)
        history = await self._kit.doors.store.history(run.id)
        await self._kit.voice.refresh(run, history)
        stop = await self._kit.sign.now()
        if stop is not None and not await self._kit.is_merged(run, history.proposal):
            return await self._kit.keeper.left(run, stop.told)
        pause = await self._standing.for_run(run, history)
        if pause is not None:
            return await self._kit.keeper.hold(run, pause)
        steps = self._reverting if run.goal == "revert" else self._steps
        return await steps[run.stage](run, history)

    async def fail(self, run_id: str, stage: Stage, error: Exception, record_id: str) -> Run:
        """Do what follows from a stage that raised; the run never stays as it is."""
        return await self._kit.keeper.fail(run_id, stage, error, record_id)

    async def _announced(self, run: Run) -> Run:
        announced = await self._kit.voice.announce(run)
        return run if announced == run else await self._kit.doors.store.save(announced)
