"""From a request to the proposal card, stage by stage, on the demo's dice."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from local_discord.person import Person

from bench.moments import list_moments
from bench.rows import Row
from bench.stage import open_demo, wait_for_run
from bot.adapters.sqlite_store import SqliteStore
from bot.demo.faults import choose
from bot.domain.history import History
from bot.domain.run import Run, Stage, Status

FAULT = "dice-top-face"


async def measure() -> Sequence[Row]:
    """Return a row for the total, one per stage, and one for the checks."""
    fault = choose(FAULT, None)
    async with (
        open_demo(fault) as (demo, alice),
        SqliteStore(demo.workspace.state / "theseus.sqlite3") as store,
    ):
        await trigger_fault(alice)
        await alice.say("dev", fault.report)
        run = await wait_for_run(store, has_proposal, 180)
        if run.has_ended:
            raise RuntimeError(f"the run ended without a proposal: {run.reason}")
        history = await store.get_history(run.id)
        saved = list_moments(demo.workspace.state / "theseus.sqlite3", run)
    return _build_rows(saved, history)


def has_proposal(run: Run) -> bool:
    """Return whether a run waits for approval, or has ended."""
    return run.has_ended or (run.stage is Stage.SHIP and run.status is Status.WAITING)


async def trigger_fault(alice: Person) -> None:
    """Roll until it fails, as the demo asks."""
    for _ in range(40):
        answer = await alice.run("dev", "roll", dice="2d6")
        if "Error id" in str(answer):
            return


def _build_rows(saved: list[tuple[str, datetime]], history: History) -> list[Row]:
    whole = (saved[-1][1] - saved[0][1]).total_seconds()
    rows = [Row(bench="proposal", name="request to proposal", ours=whole, share=1.0)]
    for (_, start), (stage, end) in pairwise(saved):
        seconds = (end - start).total_seconds()
        rows.append(Row(bench="proposal", name=f"  {stage}", ours=seconds, share=seconds / whole))
    verdict = history.verdict
    if verdict is not None:  # checks run side by side: their times add up to more than the stage's
        proofs = [verdict.failing_on_base, verdict.passing_on_head, *verdict.checks]
        for proof in filter(None, proofs):
            rows.append(Row(bench="proposal", name=f"    {proof.name}", ours=proof.seconds))
    return rows
