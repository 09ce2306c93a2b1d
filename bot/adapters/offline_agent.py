"""The offline engine behind the code agent's door: no model, no key, no network."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from bot.domain.change import Attempt
from bot.domain.errors import AgentTimeout
from bot.domain.evidence import Evidence
from bot.domain.recalling import failed_approaches
from bot.ports.agent import Assignment, Budget, Finished, News, Progress, Update, no_news
from bot.ports.clock import Clock
from bot.ports.sandbox import Sandbox
from bot.ports.workspace import Workspace
from bot.repair.engine import RepairRequest, mend
from bot.repair.explain import explain
from bot.repair.forking import ForkingRunner
from bot.repair.guidance import is_test
from bot.repair.model import Candidate, Crash, Frame, Hunk, SearchReport, Texts
from bot.repair.reverts import parse_diff
from bot.repair.search import Progress as SearchProgress

_END = None


class OfflineAgent:
    """Searches parts of suspect commits to undo and single edits, judged by tests."""

    name = "offline"
    follows_words = False

    def __init__(self, sandbox: Sandbox, clock: Clock) -> None:
        self._sandbox = sandbox
        self._clock = clock
        self._refused: dict[str, list[Texts]] = {}  # by run: what our own checks turned down

    async def work(
        self,
        assignment: Assignment,
        workspace: Workspace,
        budget: Budget,
        news: News = no_news,
    ) -> AsyncGenerator[Update, None]:
        """Yield progress, then what was found; see the door."""
        if assignment.plan.reproduction is None:
            yield Finished(changed=False, summary="There is no failing test to judge edits by.")
            return
        await self._start_over(assignment, workspace)
        updates: asyncio.Queue[SearchProgress | None] = asyncio.Queue()
        search = asyncio.create_task(self._search(assignment, workspace.path, budget, updates))
        try:
            while (update := await updates.get()) is not _END:
                yield Progress(text=_progress_text(update))
            report = await search
        finally:
            search.cancel()
            with suppress(asyncio.CancelledError):
                await search
        yield _finished(report)

    async def _start_over(self, assignment: Assignment, workspace: Workspace) -> None:
        """Go back to base, remembering what did not hold; the first round starts there anyway."""
        if assignment.round == 1 or assignment.previous is None:
            self._refused.pop(assignment.run_id, None)
            return
        owned = assignment.plan.owned_files
        turned_down = {
            change.path: await asyncio.to_thread((workspace.path / change.path).read_text, "utf-8")
            for change in assignment.previous.files
            if change.path in owned and change.status != "deleted"
        }
        self._refused.setdefault(assignment.run_id, []).append(turned_down)
        await workspace.reset(workspace.base)

    async def _search(
        self,
        assignment: Assignment,
        root: Path,
        budget: Budget,
        updates: asyncio.Queue[SearchProgress | None],
    ) -> SearchReport:
        tests = assignment.plan.reproductions
        for test in tests:
            await asyncio.to_thread(_write, root / test.path, test.source)
        request = RepairRequest(
            root=root,
            reproduction=tuple(test.node_id for test in tests),
            affected=assignment.plan.affected.files,
            capsule=_crash(assignment.evidence),
            hunks=tuple(_hunks(assignment.evidence)),
            known=frozenset(_whole(assignment.evidence)),
            allowed=tuple(sorted(assignment.plan.owned_files)),
            seconds=budget.seconds,
            refused=tuple(self._refused.get(assignment.run_id, ())),
            failed=_failed(assignment.evidence),
        )
        try:
            async with (
                asyncio.timeout(budget.seconds + 30),
                ForkingRunner(
                    root, confine=self._confine, options=assignment.plan.affected.options
                ) as runner,
            ):
                report = await mend(request, runner, self._clock, updates.put_nowait)
        except TimeoutError as error:
            raise AgentTimeout(
                f"The offline engine did not end within {budget.seconds:.0f} s."
            ) from error
        finally:
            updates.put_nowait(_END)
            for test in tests:  # they are added to the commit by others
                (root / test.path).unlink(missing_ok=True)
        return report

    def _confine(self, argv: Sequence[str], folder: Path) -> Sequence[str]:
        command, env = self._sandbox.wrap(
            argv, cwd=folder, writable=[folder], env={"PYTHONPATH": str(folder)}
        )
        clean = [f"{name}={value}" for name, value in env.items()]
        return ["env", "-i", *clean, *command]


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _crash(evidence: Evidence) -> Crash | None:
    capsule = evidence.capsule
    if capsule is None:
        return None
    frames = tuple(Frame(frame.file, frame.line, frame.function) for frame in capsule.frames)
    return Crash(capsule.exception, capsule.message, frames)


def _hunks(evidence: Evidence) -> list[Hunk]:
    """Return the suspects' hunks; a suspect's place in the list is its age."""
    return [
        hunk
        for age, suspect in enumerate(evidence.suspects)
        for hunk in parse_diff(suspect.diff, suspect.commit.sha[:7], age)
    ]


def _whole(evidence: Evidence) -> Iterator[str]:
    """Yield the suspects whose diff holds all the code they changed."""
    for suspect in evidence.suspects:
        shown = {hunk.path for hunk in parse_diff(suspect.diff)}
        others = set(suspect.touched) - shown
        if suspect.touched and all(is_test(file) or _is_prose(file) for file in others):
            yield suspect.commit.sha[:7]


def _is_prose(file: str) -> bool:
    return file.endswith((".md", ".rst"))


def _failed(evidence: Evidence) -> frozenset[str]:
    """Return what was shipped for this failure and did not hold: it is not proposed again."""
    fingerprint = evidence.groups[0].fingerprint if evidence.groups else ""
    known = failed_approaches(evidence.memories, fingerprint)
    return frozenset(memory.diff_hash for memory in known if memory.diff_hash)


def _progress_text(progress: SearchProgress) -> str:
    verdict = "holds" if progress.latest.judgement.green else "does not hold"
    return (
        f"edit {progress.tried} of {progress.proposed}: {progress.latest.candidate.why} ({verdict})"
    )


def _done(fix: Candidate) -> str:
    where = f"{fix.path}:{fix.line}" if fix.line else fix.path
    return f"{fix.why} in {where}"


def _finished(report: SearchReport) -> Finished:
    attempts = [
        Attempt(summary=f"{count} {kind}{'' if count == 1 else 's'}", result="judged by the tests")
        for kind, count in report.tried.items()
    ]
    attempts += [
        Attempt(
            summary=near.candidate.why,
            result=near.judgement.detail or f"fell at {near.judgement.stage}",
        )
        for near in report.near[:3]
    ]
    summary = _done(report.fix) if report.fix else explain(report)
    return Finished(changed=report.fix is not None, summary=summary, attempts=tuple(attempts))
