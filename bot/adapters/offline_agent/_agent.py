"""The offline engine as a code agent: no model, no key, no network."""

import asyncio
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

from theseus_rehearsal.ports.sandbox import Sandbox
from theseus_repair.answer_memo import AnswerMemo
from theseus_repair.answer_tests import answer_tests
from theseus_repair.engine import repair_tree
from theseus_repair.errors import RepairError
from theseus_repair.files import write
from theseus_repair.forking_runner import ForkingRunner
from theseus_repair.guidance import is_test
from theseus_repair.history import load_templates
from theseus_repair.model import SearchReport, Texts
from theseus_repair.questions import apply_last_answer
from theseus_repair.request import RepairRequest
from theseus_repair.runner import TimeLimits as RunLimits
from theseus_repair.search import OnProgress, SearchProgress
from theseus_repair.shared_lock import SharedLock
from theseus_repair.source_text import decode_source
from theseus_repair.stated_answers import StatedAnswers

from bot.adapters.offline_agent._inputs import (
    build_crash,
    build_edit_factors,
    build_memo,
    iterate_complete_suspects,
    list_failed_hashes,
    list_hunks,
)
from bot.adapters.offline_agent._queued_judges import open_judges
from bot.adapters.offline_agent._reports import (
    build_finished,
    build_phase,
    build_question,
    build_reverted,
    format_progress,
)
from bot.adapters.offline_agent._second_round import finish_without_ignores
from bot.domain.errors import AgentTimeout, VerifierError, WorkspaceError
from bot.domain.evidence import Suspect
from bot.domain.part_notes import BoardSeat
from bot.domain.plan import Reproduction
from bot.infra.confinement import confine_with
from bot.ports.agent import (
    Assignment,
    Budget,
    Checkup,
    Finished,
    News,
    Progress,
    Update,
    get_no_news,
    skip_checkup,
)
from bot.ports.clock import Clock
from bot.ports.work_queue import WorkQueue
from bot.ports.workspace import Workspace
from bot.proof.reproduction import FOLDER, select_existing

_END = None
_SEARCHING = 0.8  # of the time; the rest is reserved to revert a complete commit
_GUIDED = 0.6  # of that, if the guides are tried first
_LATE = 30.0  # seconds by which a search may exceed its time
_WITHDRAWN = 2  # the number of suspects that are reverted at most


class OfflineAgent:
    """Searches for single edits and for reverts of parts of suspect commits, judged by tests."""

    name = "offline"
    can_follow_instructions = False

    def __init__(
        self,
        sandbox: Sandbox,
        clock: Clock,
        load: SharedLock | None = None,
        *,
        python: str = sys.executable,
        work: WorkQueue | None = None,
    ) -> None:
        """Search here, or first with workers of a queue of work."""
        self._python = python
        self._load = load or SharedLock()
        self._confine = confine_with(sandbox)
        self._clock, self._work = clock, work
        self._refused: dict[str, list[Texts]] = {}  # by run id: edits that our own checks refused
        self._asked: dict[str, SearchReport] = {}  # by run id: the report when a question was asked

    async def work(
        self,
        assignment: Assignment,
        workspace: Workspace,
        budget: Budget,
        news: News = get_no_news,
        checkup: Checkup = skip_checkup,
        board: BoardSeat | None = None,
    ) -> AsyncGenerator[Update, None]:
        """Yield progress, then the result; see the port."""
        if finished := await finish_without_ignores(assignment, workspace):
            yield finished
            return
        await self._reset_to_base(assignment, workspace)
        if not assignment.plan.judged_by:
            yield await self._work_without_test(assignment, workspace, budget)
            return
        reverted: Suspect | None = None
        memo, may_ask = build_memo(assignment)
        updates: asyncio.Queue[SearchProgress | None] = asyncio.Queue()
        search = asyncio.create_task(
            self._find_fix(assignment, workspace.path, budget, updates, memo)
        )
        try:
            yield build_phase(0)
            while (update := await updates.get()) is not _END:
                yield Progress(text=format_progress(update))
            report = await search
            if report.fix is None:
                yield build_phase(1)
                reverted = await self._revert_suspect(assignment, workspace, budget)
            if reverted is None and may_ask and (question := build_question(report, memo)):
                self._asked[assignment.run_id] = report
                yield question
                return
        finally:
            search.cancel()
            with suppress(asyncio.CancelledError):
                await search
        yield build_phase(2)
        files = {**report.files, **report.tests}
        if reverted is None and report.unverified is not None:
            files = dict(report.unverified.files)
        await asyncio.to_thread(write, workspace.path, files)
        result = build_finished(report)
        yield result if reverted is None else build_reverted(reverted, result)

    async def _work_without_test(
        self, assignment: Assignment, workspace: Workspace, budget: Budget
    ) -> Finished:
        """Revert a suspect if only replays show the failure; they judge the revert afterwards.

        Edits are too numerous to replay each of them.
        """
        if assignment.plan.replay_proof is None:
            return Finished(changed=False, summary="There is no failing test to check edits with.")
        reverted = await self._revert_suspect(assignment, workspace, budget)
        if reverted is None:
            summary = "Only replays show the failure, and no suspect commit can be reverted."
            return Finished(changed=False, summary=summary)
        return build_reverted(reverted)

    async def _reset_to_base(self, assignment: Assignment, workspace: Workspace) -> None:
        """Reset to base and remember the refused edit; the first round starts at base anyway."""
        if assignment.round == 1 or assignment.previous is None:
            self._refused.pop(assignment.run_id, None)
            return
        owned_files = assignment.plan.owned_files
        refused = {
            change.path: decode_source(
                await asyncio.to_thread((workspace.path / change.path).read_bytes)
            )
            for change in assignment.previous.files
            if change.path in owned_files
            and change.status != "deleted"
            and not is_test(change.path)
        }
        self._refused.setdefault(assignment.run_id, []).append(refused)
        await workspace.reset(workspace.base)

    async def _find_fix(
        self,
        assignment: Assignment,
        root: Path,
        budget: Budget,
        updates: asyncio.Queue[SearchProgress | None],
        memo: AnswerMemo,
    ) -> SearchReport:
        """Search for an edit that fixes all failing calls, or else at least the decisive ones.

        A guide that conflicts with the replay may demand behaviour that people do not need: the
        call may be removed, or be refused with the cog's own message.
        """
        plan = assignment.plan
        decisive = plan.reproductions if plan.guides else ()
        share = budget.seconds * _SEARCHING * (_GUIDED if decisive else 1)
        on_progress, all_tests = updates.put_nowait, (*plan.guides, *plan.reproductions)
        try:
            async with asyncio.timeout(budget.seconds + _LATE):
                report = await self._search(assignment, root, all_tests, share, on_progress, memo)
                if report.fix is None and report.question is None and decisive:
                    remaining = budget.seconds * _SEARCHING - share
                    report = await self._search(
                        assignment, root, decisive, remaining, on_progress, memo
                    )
        except TimeoutError as error:
            raise AgentTimeout(
                f"The offline engine did not finish within {budget.seconds:.0f} s."
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
            options=assignment.plan.affected.options,
            edit_factors=build_edit_factors(assignment.plan.edit_factors),
            write=False,
            python=Path(sys.executable),
        )
        request = apply_last_answer(request, self._asked.pop(assignment.run_id, None))
        try:
            async with (
                self._open_runner(root, assignment) as runner,
                open_judges(self._work, root) as judges,
            ):
                report = await repair_tree(request, runner, self._clock, on_progress, judges)
                answer_tests_text = await answer_tests(
                    root, FOLDER, report.stated, report.files, runner
                )
                return replace(report, tests=answer_tests_text)
        finally:
            for test in tests:  # other code adds them to the commit
                (root / test.path).unlink(missing_ok=True)

    async def _revert_suspect(
        self, assignment: Assignment, workspace: Workspace, budget: Budget
    ) -> Suspect | None:
        """Revert the likeliest suspect, with its tests, if that fixes the failure.

        The failing code may be something the commit added: then it is removed, and the related
        commands must still work. If no revert helps, the worktree is unchanged. A commit with many
        other changes is not reverted, because people would lose these.
        """
        reverted_before = assignment.previous.reverted_commit if assignment.previous else ""
        candidates = [
            suspect
            for suspect in assignment.evidence.suspects
            if suspect.commit.sha != reverted_before and suspect.is_revertible
        ]
        for suspect in candidates[:_WITHDRAWN]:
            sha = suspect.commit.sha
            try:
                result = await workspace.revert(sha, sha)
            except WorkspaceError:
                continue  # git cannot separate it from later changes: try the next one
            if result.files and await self._is_fixed(assignment, workspace.path, budget):
                return suspect
            await workspace.reset(workspace.base)
        return None

    async def _is_fixed(self, assignment: Assignment, root: Path, budget: Budget) -> bool:
        """Return whether the failure is fixed in the current tree, and its tests pass."""
        plan, memo = assignment.plan, build_memo(assignment)[0]
        tests = select_existing(plan.judged_by, read=lambda file: _read(root, file))
        for test in tests:
            await asyncio.to_thread(_write, root / test.path, test.source)
        limits = RunLimits(20.0, 20.0, max(30.0, budget.seconds * (1 - _SEARCHING)))
        try:
            async with self._open_runner(root, assignment) as runner:
                for stage in (tuple(test.node_id for test in tests), plan.affected.files):
                    if stage and not (await runner.run(stage, {}, limits)).is_passing:
                        return False
                node_ids = [test.node_id for test in tests]
                if await StatedAnswers(runner, node_ids, memo.stated, limits).find_conflict({}):
                    return False
        finally:
            for test in tests:
                (root / test.path).unlink(missing_ok=True)
        return True

    @asynccontextmanager
    async def _open_runner(
        self, root: Path, assignment: Assignment
    ) -> AsyncIterator[ForkingRunner]:
        options = assignment.plan.affected.options
        runner = ForkingRunner(
            root, python=self._python, confine=self._confine, options=options, load=self._load
        )
        try:
            async with runner:
                yield runner
        except RepairError as error:
            raise VerifierError(str(error), detail=error.detail) from error


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _read(root: Path, file: str) -> str | None:
    path = root / file
    return path.read_text("utf-8") if path.is_file() else None
