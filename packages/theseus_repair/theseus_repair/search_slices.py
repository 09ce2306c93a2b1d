"""Slices of a search: others judge candidates first, and what they let pass is judged again here.

Whoever judges a slice may lie. A fix that others let pass counts only if it passes here; what they
let fail is not judged again. So a lie can waste time or hide a fix, and never make one.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from theseus_repair.judge import TestJudge
from theseus_repair.model import Judgement, Texts
from theseus_repair.order_dependent import OrderIndependentRunner
from theseus_repair.runner import PreloadingRunner, TimeLimits
from theseus_repair.source_text import decode_source

SLICE = 6  # candidates: more wait for the slowest of them
_MAX_LIES = 3  # a test that depends on chance may pass elsewhere once or twice


@dataclass(frozen=True, slots=True)
class SlicePlan:
    """How the candidates of one search are judged.

    `modules` are imported once before, of the `project` what does not need the `changing` files.
    """

    reproduction: tuple[str, ...]
    affected: tuple[str, ...]
    quick: TimeLimits
    full: TimeLimits
    changing: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    project: tuple[tuple[str, str], ...] = ()
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchSlice:
    """Some candidates of a search: the new texts of each."""

    plan: SlicePlan
    candidates: tuple[Mapping[str, str], ...]


class CandidateJudge(Protocol):
    """Implements `search.Judge`."""

    async def judge(self, files: Texts) -> Judgement:
        """Judge new texts."""
        ...


class SliceJudges(Protocol):
    """Judge slices elsewhere, `width` at once."""

    @property
    def width(self) -> int:
        """The number of slices that are worth having in parallel."""
        ...

    async def judge(self, part: SearchSlice) -> Sequence[Judgement] | None:
        """Return a judgement for each candidate, or `None` if no one judges at present."""
        ...


@dataclass
class SlicedJudge:
    """Implements `search.Judge`: collects candidates, and has them judged in slices."""

    judge_here: CandidateJudge
    judges: SliceJudges
    plan: SlicePlan
    lies: int = 0
    _waiting: list[tuple[Texts, asyncio.Future[Judgement | None]]] = field(default_factory=list)
    _sending: set[asyncio.Task[None]] = field(default_factory=set)

    async def judge(self, files: Texts) -> Judgement:
        """Judge new texts; see `search.Judge`."""
        if self.lies >= _MAX_LIES:
            return await self.judge_here.judge(files)
        answer: asyncio.Future[Judgement | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((files, answer))
        sending = asyncio.create_task(self._send())
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)
        found = await answer
        if found is not None and not found.is_passing:
            return found
        decided = await self.judge_here.judge(files)
        if found is not None and not decided.is_passing:
            self.lies += 1
        return decided

    async def close(self) -> None:
        """Cancel what others still judge."""
        for each in self._sending:
            each.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)

    async def _send(self) -> None:
        """Send what has been collected, unless another call has sent it."""
        for _ in range(3):  # candidates of an earlier slice are replaced in the same moment
            await asyncio.sleep(0)
        waiting, self._waiting = self._waiting[:SLICE], self._waiting[SLICE:]
        if not waiting:
            return
        found: Sequence[Judgement | None] | None = None
        try:
            part = SearchSlice(self.plan, tuple(dict(files) for files, _ in waiting))
            found = await self.judges.judge(part)
        finally:
            if found is None or len(found) != len(waiting):
                found = [None] * len(waiting)
            for (_, answer), judgement in zip(waiting, found, strict=True):
                if not answer.done():
                    answer.set_result(judgement)


async def judge_slice(
    root: Path, part: SearchSlice, runner: PreloadingRunner
) -> tuple[Judgement, ...]:
    """Judge candidates for the tree at `root`; the runner is prepared for the plan."""
    plan = part.plan
    unchanged = {
        path: decode_source(await asyncio.to_thread((root / path).read_bytes))
        for path in plan.changing
    }
    independent = OrderIndependentRunner(runner, plan.affected, unchanged, plan.full)
    judge = TestJudge(independent, plan.reproduction, plan.affected, plan.quick, plan.full)
    return tuple(await asyncio.gather(*(judge.judge(each) for each in part.candidates)))
