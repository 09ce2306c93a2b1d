"""The offline engine as a code agent: no model, no key, no network."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from bot.adapters.offline_agent._inputs import (
    build_crash,
    build_memo,
    iterate_complete_suspects,
    list_failed_hashes,
    list_hunks,
)
from bot.adapters.offline_agent._reports import (
    build_finished,
    build_question,
    build_reverted,
    format_progress,
)
from bot.adapters.offline_agent._second_round import finish_without_ignores
from bot.domain.errors import AgentTimeout, WorkspaceError
from bot.domain.evidence import Suspect
from bot.domain.plan import Reproduction
from bot.infra.shared_lock import SharedLock
from bot.ports.agent import (
    Assignment,
    Budget,
    Finished,
    News,
    Progress,
    Update,
    get_no_news,
)
from bot.ports.clock import Clock
from bot.ports.sandbox import Sandbox
from bot.ports.workspace import Workspace
from bot.proof.reproduction import FOLDER, select_existing
from bot.repair.answer_memo import AnswerMemo
from bot.repair.answer_tests import answer_tests
from bot.repair.engine import repair_tree
from bot.repair.files import write
from bot.repair.forking_runner import ForkingRunner
from bot.repair.guidance import is_test
from bot.repair.history import load_templates
from bot.repair.model import SearchReport, Texts
from bot.repair.questions import apply_last_answer
from bot.repair.request import RepairRequest
from bot.repair.runner import TimeLimits as RunLimits
from bot.repair.search import OnProgress, SearchProgress
from bot.repair.source_text import decode_source
from bot.repair.stated_answers import StatedAnswers

_END = None
_SEARCHING = 0.8  # of the time; the rest is for taking a whole commit back
_GUIDED = 0.6  # of that, where the failing calls are only a help
_LATE = 30.0  # seconds that a search may take to end
_WITHDRAWN = 2  # suspects


class OfflineAgent:
    """Searches parts of suspect commits to undo and single edits, judged by tests."""

    name = "offline"
    can_follow_instructions = False

    def __init__(self, sandbox: Sandbox, clock: Clock, load: SharedLock | None = None) -> None:
        self._load = load or SharedLock()
        self._sandbox = sandbox
        self._clock = clock
        self._refused: dict[str, list[Texts]] = {}  # by run: what our own checks turned down
        self._asked: dict[str, SearchReport] = {}  # by run: what was found when it was asked

    async def work(
        self,
        assignment: Assignment,
        workspace: Workspace,
        budget: Budget,
        news: News = get_no_news,
    ) -> AsyncGenerator[Update, None]:
        """Yield progress, then what was found; see the port."""
        if again := await finish_without_ignores(assignment, workspace):
            yield again
            return
        await self._reset_to_base(assignment, workspace)
        if not assignment.plan.judged_by:
            yield await self._work_without_test(assignment, workspace, budget)
            return
        undone: Suspect | None = None
        memo, may_ask = build_memo(assignment)
        updates: asyncio.Queue[SearchProgress | None] = asyncio.Queue()
        search = asyncio.create_task(
            self._find_fix(assignment, workspace.path, budget, updates, memo)
        )
        try:
            while (update := await updates.get()) is not _END:
                yield Progress(text=format_progress(update))
            report = await search
            if report.fix is None:
                undone = await self._revert_suspect(assignment, workspace, budget)
            if undone is None and may_ask and (question := build_question(report, memo)):
                self._asked[assignment.run_id] = report
                yield question
                return
        finally:
            search.cancel()
            with suppress(asyncio.CancelledError):
                await search
        files = {**report.files, **report.tests}
        if undone is None and report.unverified is not None:
            files = dict(report.unverified.files)
        await asyncio.to_thread(write, workspace.path, files)
        found = build_finished(report)
        yield found if undone is None else build_reverted(undone, found)

    async def _work_without_test(
        self, assignment: Assignment, workspace: Workspace, budget: Budget
    ) -> Finished:
        """Take a suspect back whole where plays alone show the failure: they judge it afterwards.

        Edits are too many to be played, each with what it needs.
        """
        if assignment.plan.replay_proof is None:
            return Finished(changed=False, summary="There is no failing test to judge edits by.")
        undone = await self._revert_suspect(assignment, workspace, budget)
        if undone is None:
            summary = "Plays alone show it, and no suspect commit can be taken back as a whole."
            return Finished(changed=False, summary=summary)
        return build_reverted(undone)

    async def _reset_to_base(self, assignment: Assignment, workspace: Workspace) -> None:
        """Go back to base, remembering what did not hold; the first round starts there anyway."""
        if assignment.round == 1 or assignment.previous is None:
            self._refused.pop(assignment.run_id, None)
            return
        owned = assignment.plan.owned_files
        turned_down = {
            change.path: decode_source(
                await asyncio.to_thread((workspace.path / change.path).read_bytes)
            )
            for change in assignment.previous.files
            if change.path in owned and change.status != "deleted" and not is_test(change.path)
        }
        self._refused.setdefault(assignment.run_id, []).append(turned_down)
        await workspace.reset(workspace.base)

    async def _find_fix(
        self,
        assignment: Assignment,
        root: Path,
        budget: Budget,
        updates: asyncio.Queue[SearchProgress | None],
        memo: AnswerMemo,
    ) -> SearchReport:
        """Search for what mends every call that fails; then for what mends what decides.

        A guide that no edit mends beside the replay may ask for what people do not need: the
        call may go, or be refused in the cog's own words.
        """
        plan = assignment.plan
        alone = plan.reproductions if plan.guides else ()
        share = budget.seconds * _SEARCHING * (_GUIDED if alone else 1)
        told, first = updates.put_nowait, (*plan.guides, *plan.reproductions)
        try:
            async with asyncio.timeout(budget.seconds + _LATE):
                report = await self._search(assignment, root, first, share, told, memo)
                if report.fix is None and report.question is None and alone:
                    left = budget.seconds * _SEARCHING - share
                    report = await self._search(assignment, root, alone, left, told, memo)
        except TimeoutError as error:
            raise AgentTimeout(
                f"The offline engine did not end within {budget.seconds:.0f} s."
            ) from error
        finally:
            updates.put_nowait(_END)
        return report

    async def _search(
        self,
        assignment: Assignment,
        root: Path,
        tests: Sequence[Reproduction],
        seconds: float,
        on_progress: OnProgress,
        memo: AnswerMemo,
    ) -> SearchReport:
        for test in tests:
            await asyncio.to_thread(_write, root / test.path, test.source)
        request = RepairRequest(
            root=root,
            reproduction=tuple(test.node_id for test in tests),
            affected=assignment.plan.affected.files,
            capsule=build_crash(assignment.evidence),
            hunks=tuple(list_hunks(assignment.evidence)),
            templates=await load_templates(root),
            answered=any(test.answered for test in tests),
            known=frozenset(iterate_complete_suspects(assignment.evidence)),
            allowed=tuple(sorted(assignment.plan.owned_files)),
            seconds=seconds,
            refused=tuple(self._refused.get(assignment.run_id, ())),
            failed=list_failed_hashes(assignment.evidence),
            stated=memo.stated,
            write=False,
        )
        request = apply_last_answer(request, self._asked.pop(assignment.run_id, None))
        try:
            async with self._build_runner(root, assignment) as runner:
                report = await repair_tree(request, runner, self._clock, on_progress)
                held = await answer_tests(root, FOLDER, report.stated, report.files, runner)
                return replace(report, tests=held)
        finally:
            for test in tests:  # they are added to the commit by others
                (root / test.path).unlink(missing_ok=True)

    async def _revert_suspect(
        self, assignment: Assignment, workspace: Workspace, budget: Budget
    ) -> Suspect | None:
        """Take the likeliest suspect back whole, its tests with it, if that mends the failure.

        What failed may be something the commit brought: then it is gone, and what people reach
        through it has to work. The worktree is as it was where none of them does. A commit with
        much else in it stays: people would lose that.
        """
        tried = assignment.previous.reverted_commit if assignment.previous else ""
        likely = [
            each
            for each in assignment.evidence.suspects
            if each.commit.sha != tried and each.is_revertible
        ]
        for suspect in likely[:_WITHDRAWN]:
            sha = suspect.commit.sha
            try:
                undone = await workspace.revert(sha, sha)
            except WorkspaceError:
                continue  # git cannot tell it apart from what came later: the next one
            if undone.files and await self._is_fixed(assignment, workspace.path, budget):
                return suspect
            await workspace.reset(workspace.base)
        return None

    async def _is_fixed(self, assignment: Assignment, root: Path, budget: Budget) -> bool:
        """Return whether the failure is gone in the tree as it lies there, and its tests pass."""
        plan, memo = assignment.plan, build_memo(assignment)[0]
        tests = select_existing(plan.judged_by, read=lambda file: _read(root, file))
        for test in tests:
            await asyncio.to_thread(_write, root / test.path, test.source)
        limits = RunLimits(20.0, 20.0, max(30.0, budget.seconds * (1 - _SEARCHING)))
        try:
            async with self._build_runner(root, assignment) as runner:
                for stage in (tuple(test.node_id for test in tests), plan.affected.files):
                    if stage and not (await runner.run(stage, {}, limits)).is_passing:
                        return False
                own = [test.node_id for test in tests]
                if await StatedAnswers(runner, own, memo.stated, limits).find_conflict({}):
                    return False
        finally:
            for test in tests:
                (root / test.path).unlink(missing_ok=True)
        return True

    def _build_runner(self, root: Path, assignment: Assignment) -> ForkingRunner:
        options = assignment.plan.affected.options
        return ForkingRunner(root, confine=self._confine, options=options, load=self._load)

    def _confine(self, argv: Sequence[str], folder: Path) -> Sequence[str]:
        command, env = self._sandbox.wrap(
            argv, cwd=folder, writable=[folder], env={"PYTHONPATH": str(folder)}
        )
        clean = [f"{name}={value}" for name, value in env.items()]
        return ["env", "-i", *clean, *command]


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _read(root: Path, file: str) -> str | None:
    path = root / file
    return path.read_text("utf-8") if path.is_file() else None
