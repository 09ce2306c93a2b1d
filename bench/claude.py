"""A complete run with the claude engine, against claude-agent-sdk called directly.

Both ask the same scripted model the same questions in the same six turns, as planner, executor and
reviewer. Both verify the same change with the same commands in the same sandbox: the reproduction
before and after, then the checks concurrently. The baseline has no thread, card, records, worktree,
guard, commit and pull request; it edits a prepared checkout. A model that answers at once shows all
of our overhead; a model that takes time for each turn shows how much of it users notice.
"""

import asyncio
import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise

from theseus_guard.source_folders import build_python_path
from theseus_rehearsal.ports.sandbox import Sandbox, SandboxLimits

from bench.bare import BareProgram, BareRequest, run_bare
from bench.moments import list_moments
from bench.rows import Row, compute_median, measure_pairs
from bench.scene import BenchScene, open_scene
from bot.adapters.sandbox import choose_sandbox
from bot.domain.change import CheckResult
from bot.domain.history import History
from tests.fakes.repositories import run_git
from tests.fakes.small_bot_repository import SPIN

PAIRS = 3
PACES = (0.0, 3.0)  # seconds of the model's own time for each turn
ROLES = ("planner", "executor", "reviewer")
SECONDS = 240.0
# The parts of a complete run, each up to the last moment named.
PARTS = (
    "until the planner asks",  # evidence, failing reproduction, worktree, its program
    "planner, to its plan",
    "until the executor asks",
    "executor, to its last turn",
    "until the reviewer asks",
    "reviewer, to the commit",
    "red, green, checks",
    "pull request and card",
)
Marks = list[datetime]


async def measure(pairs: int = PAIRS, paces: Sequence[float] = PACES) -> Sequence[Row]:
    """Return a row for the complete run at each pace, each followed by rows for its parts."""
    sandbox = await choose_sandbox("auto", required=False)
    async with open_scene() as place, run_bare(place.folder / "bare", place.model.base_url) as sdk:
        await place.prepare(SPIN)
        runs, direct = _Runs(place), _Direct(place, sdk, sandbox)

        async def measure_ours() -> float:
            direct.history = await runs.run_once()
            return _measure_length(runs.marks[-1])

        async def measure_baseline() -> float:
            await direct.run_once(runs.asked)
            return _measure_length(direct.marks[-1])

        rows = list[Row]()
        for seconds in paces:
            place.pace.seconds = seconds
            mine, theirs, ratio = await measure_pairs(measure_ours, measure_baseline, pairs=pairs)
            whole = Row(
                bench="claude", name=f"request to proposal, {seconds:g} s a turn", ours=mine,
                baseline=theirs, baseline_name="claude-agent-sdk, same checks", ratio=ratio,
                pairs=pairs,
            )  # fmt: skip
            rows += [whole, *_build_part_rows(runs.marks[-pairs:], direct.marks[-pairs:])]
    return rows


class _Runs:
    """Complete runs of the bot, one after another."""

    def __init__(self, place: BenchScene) -> None:
        self._place = place
        self.asked: Mapping[str, BareRequest] = {}
        self.marks: list[Marks] = []

    async def run_once(self) -> History:
        """Have a fix proposed, and reject it. Return the records."""
        place = self._place
        place.arrivals.clear()
        start = datetime.now(UTC)
        thread = await place.world.alice.ask(SPIN.report)
        await place.world.alice.wait_for_proposal(thread, timeout=SECONDS)
        end = datetime.now(UTC)
        (run,) = await place.store.find(limit=1)
        saved = {stage: at for stage, at in list_moments(place.database, run)}
        asked = _collect_request_times(place)
        self.asked = {
            who: BareRequest.from_request(place.model.list_requests(who)[0]) for who in ROLES
        }
        known = [start, *_list_turns(asked)]
        known.insert(2, saved["plan"])
        self.marks.append([*known, saved["execute"], saved["verify"], end])
        await place.world.alice.person.say(thread, "reject")
        await place.wait_until("rejected")
        return await place.store.get_history(run.id)


class _Direct:
    """The same without Theseus."""

    def __init__(self, place: BenchScene, sdk: BareProgram, sandbox: Sandbox) -> None:
        self._place = place
        self._sdk = sdk
        self._sandbox = sandbox
        self._tree = place.folder / "direct"
        self.history = History()
        self.marks: list[Marks] = []

    async def run_once(self, asked: Mapping[str, BareRequest]) -> None:
        """Do what the run of `history` did, from a checkout at base."""
        await asyncio.to_thread(self._reset_checkout)
        verdict, done = self.history.verdict, list[datetime]()
        assert verdict and verdict.failing_on_base and verdict.passing_on_head
        self._place.arrivals.clear()
        start = datetime.now(UTC)
        await self._run(verdict.failing_on_base, passes=False)
        for role in ROLES:
            await self._sdk.hold(asked[role], self._tree)
            done.append(datetime.now(UTC))
        await self._run(verdict.passing_on_head)
        await asyncio.gather(*(self._run(check) for check in verdict.checks))
        end = datetime.now(UTC)
        known = [start, *_list_turns(_collect_request_times(self._place))]
        known.insert(2, done[0])
        self.marks.append([*known, done[2], end])

    def _reset_checkout(self) -> None:
        """Create a checkout at base, or reset it; the reproduction is in it."""
        evidence, plan = self.history.evidence, self.history.plan
        assert evidence and plan and plan.reproduction
        if not self._tree.exists():
            workspace = self._place.world.workspace
            run_git(
                workspace.home, "clone", "-q", "--local", str(workspace.checkout), str(self._tree)
            )
        run_git(self._tree, "reset", "-q", "--hard", evidence.base)
        run_git(self._tree, "clean", "-fdxq", "-e", ".mypy_cache", "-e", ".ruff_cache")
        file = self._tree / plan.reproduction.path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(plan.reproduction.source, encoding="utf-8")

    async def _run(self, check: CheckResult, *, passes: bool = True) -> None:
        """Run one command of the run's proof, which has to end as it did there."""
        done = await self._sandbox.run(
            shlex.split(check.command),
            cwd=self._tree,
            writable=[self._tree],
            env={"PYTHONPATH": build_python_path(self._tree)},
            limits=SandboxLimits(seconds=SECONDS),
        )
        assert (done.returncode == 0) is passes, f"{check.command}: {done.output}"


def _collect_request_times(place: BenchScene) -> Mapping[str, Sequence[datetime]]:
    """Return when each role asked the model."""
    return {who: [at for at, request in place.arrivals if request.who == who] for who in ROLES}


def _list_turns(asked: Mapping[str, Sequence[datetime]]) -> list[datetime]:
    """Return when the planner asked, the executor first and last, and the reviewer."""
    executor = asked["executor"]
    return [asked["planner"][0], executor[0], executor[-1], asked["reviewer"][0]]


def _measure_length(marks: Marks) -> float:
    return (marks[-1] - marks[0]).total_seconds()


def _build_part_rows(ours: Sequence[Marks], direct: Sequence[Marks]) -> list[Row]:
    """Return the medians of every part. They need not add up to the median of the complete run."""
    mine, theirs = _compute_medians(ours), _compute_medians(direct)
    rows = []
    for part, seconds, without in zip(PARTS, mine, [*theirs, None], strict=True):
        ratio = None if without is None else seconds / without
        row = Row(bench="claude", name=f"  {part}", ours=seconds, baseline=without, ratio=ratio)
        rows.append(row.replace(baseline_name="" if without is None else "direct"))
    return rows


def _compute_medians(all_marks: Sequence[Marks]) -> list[float]:
    lengths = [[_measure_length([a, b]) for a, b in pairwise(marks)] for marks in all_marks]
    return [compute_median(column) for column in zip(*lengths, strict=True)]
