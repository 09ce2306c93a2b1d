"""The search: candidates best first, several side by side, and on for a while after a green one."""

import asyncio
import contextlib
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice, zip_longest
from typing import Protocol

from bot.ports.clock import Clock
from bot.repair import reverts
from bot.repair.candidates import propose
from bot.repair.follow_ups import FollowUps
from bot.repair.localise import Suspicion, localise
from bot.repair.model import Candidate, Judgement, Problem, RepairAttempt, SearchReport, Texts
from bot.repair.nearness import iterate_nearest
from bot.repair.soundness import is_sound

NEAR_MISSES = 5
ENOUGH = 6  # green candidates to choose from
ON = 0.25  # of the time at most goes to looking for others once one is green,
ON_AT_LEAST = 2.0  # and no longer than finding it took, or so many seconds
CONSIDERED = 100  # have their turn, or all, before one that passes is told from others
PROPOSING = 0.1, 0.2  # of the time have gone at most when all undoings and edits are thought of
SHRINKING_AT_MOST = 16
LATE_FROM = 0.6  # of the time belongs to single edits; then pairs and such have every second turn
WAITING = 2  # green ones for a last look; no more are judged meanwhile


class Judge(Protocol):
    """Decides whether changed files mend the failure and break nothing."""

    async def judge(self, files: Texts) -> Judgement:
        """Judge these new texts: the reproduction first, then the affected tests."""
        ...


@dataclass(frozen=True, slots=True)
class SearchProgress:
    """Where the search is: candidates judged, candidates there are, the latest attempt.

    `green` is how many of those judged passed all tests, whatever becomes of them.
    """

    tried: int
    proposed: int
    latest: RepairAttempt
    passing: int = 0


OnProgress = Callable[[SearchProgress], None]
Confirm = Callable[[Candidate, Texts], Awaitable[bool]]


def ignore_progress(progress: SearchProgress) -> None:
    """Say nothing."""


async def accept_all(candidate: Candidate, files: Texts) -> bool:
    """Confirm anything."""
    return True


@dataclass
class _Search:
    """What the workers share."""

    problem: Problem
    judge: Judge
    queue: list[Candidate]
    on_progress: OnProgress
    clock: Clock
    began: float
    budget_seconds: float
    follow_ups: FollowUps
    seen: set[str] = field(default_factory=set)
    tried: Counter[str] = field(default_factory=Counter)
    near: list[RepairAttempt] = field(default_factory=list)
    passing: dict[int, Candidate] = field(default_factory=dict)
    confirmed: list[Candidate] = field(default_factory=list)
    until: float | None = None
    next: int = 0
    passed: int = 0
    has_pairs: bool = False
    is_exhausted: bool = False
    working: int = 0
    is_finished: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def confirm(self, candidate: Candidate) -> None:
        """Keep a candidate to choose from; the first of them says how long to look for others."""
        self.confirmed.append(candidate)
        if self.until is None:
            now = self.clock.get_monotonic_time()
            on = min(max(now - self.began, ON_AT_LEAST), ON * self.budget_seconds)
            self.until = now + on

    @property
    def has_enough(self) -> bool:
        """Whether there is enough to choose from."""
        late = self.until is not None and self.clock.get_monotonic_time() >= self.until
        late = late and self.next >= min(CONSIDERED, len(self.queue))
        return self.is_finished or late or len(self.confirmed) >= ENOUGH

    def take(self) -> tuple[int, Candidate, dict[str, str]] | None:
        """Return the next candidate worth judging, or None."""
        while not self.has_enough and self._has_more():
            number, candidate = self.next, self.queue[self.next]
            self.next += 1
            files = candidate.apply(self.problem.texts)
            if self._is_new(files) and is_sound(files, self.problem.texts):
                return number, candidate, files
        return None

    def _has_more(self) -> bool:
        """Return whether there is another candidate; pairs come late, where nothing passes."""
        single = self.next < len(self.queue)
        late = self.clock.get_monotonic_time() - self.began > LATE_FROM * self.budget_seconds
        due = late and not self.has_pairs if single else not self.is_exhausted
        if due and not self.confirmed and not self.passing:
            self.has_pairs, self.is_exhausted = True, not single
            rest = zip_longest(self.follow_ups.propose_late(), self.queue[self.next :])
            self.queue[self.next :] = filter(None, chain.from_iterable(rest))
        return self.next < len(self.queue)

    def _is_new(self, files: Mapping[str, str]) -> bool:
        if all(self.problem.texts[path] == text for path, text in files.items()):
            return False
        mark = hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()
        new = mark not in self.seen
        self.seen.add(mark)
        return new

    async def wait_until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds of the workers or of what is green."""
        while not holds():
            self.changed.clear()
            await self.changed.wait()

    async def work(self) -> None:
        """Judge candidates until none is left, or there is enough to choose from."""
        try:
            await self._judge()
        finally:
            self.working -= 1
            self.changed.set()

    async def _judge(self) -> None:
        while True:
            await self.wait_until(lambda: len(self.passing) < WAITING or self.has_enough)
            if (taken := self.take()) is None:
                if not self.passing or self.has_enough:
                    return
                await self.wait_until(
                    lambda: not self.passing or self.has_enough
                )  # if none holds, pairs
                continue
            number, candidate, files = taken
            judgement = await self.judge.judge(files)
            self.tried[candidate.kind] += 1
            attempt = RepairAttempt(candidate, judgement, number + 1)
            self.queue[self.next : self.next] = self.follow_ups.propose_immediate(attempt)
            if judgement.is_passing:
                self.passed += 1
                self.passing[number] = candidate
                self.changed.set()
            elif judgement.passed:
                self.near.append(attempt)
            tried = sum(self.tried.values())
            self.on_progress(SearchProgress(tried, len(self.queue), attempt, self.passed))


async def search(
    problem: Problem,
    judge: Judge,
    *,
    budget_seconds: float,
    closing_seconds: float = 10.0,
    clock: Clock,
    width: int = 1,
    on_progress: OnProgress = ignore_progress,
    confirm: Confirm = accept_all,
    first: Sequence[Candidate] = (),
) -> SearchReport:
    """Return the candidates that are green and confirmed, and what was tried.

    `first` are tried before those that are proposed here.
    The first green one does not end the search: another may be as green, and mean something else.
    The report's `fix` is the best-ranked one. What is green when time is up is confirmed in
    `closing_seconds`, or is no fix. Cancelling is safe at any time.
    """
    began, suspicion = clock.get_monotonic_time(), localise(problem)

    def has_elapsed(share: float) -> bool:
        return clock.get_monotonic_time() - began >= share * budget_seconds

    proposed, all_of_them = await _propose_in_time(problem, suspicion, has_elapsed)
    queue = [*first, *proposed]
    known = FollowUps(problem, tuple(queue))
    hunt = _Search(problem, judge, queue, on_progress, clock, began, budget_seconds, known)
    stopped, cut = "exhausted" if all_of_them else "time", False
    try:
        async with asyncio.timeout(max(0.0, budget_seconds - (clock.get_monotonic_time() - began))):
            await _run_search(hunt, width, confirm)
    except TimeoutError:
        stopped, cut = "time", True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(closing_seconds):
                while (late := await _find_first_confirmed(hunt, confirm)) is not None:
                    hunt.confirmed.append(late)
    fix = max(hunt.confirmed, key=lambda each: each.rank, default=None)
    return SearchReport(
        fix=fix,
        files=fix.apply(problem.texts) if fix else {},
        stopped="fixed" if fix else stopped,
        tried=dict(hunt.tried),
        near=tuple(islice(iterate_nearest(hunt.near), NEAR_MISSES)),
        proposed=len(hunt.queue),
        seconds=clock.get_monotonic_time() - began,
        suspects=suspicion.list_top(5),
        crash=problem.crashes[0] if problem.crashes else None,
        confirmed=tuple(hunt.confirmed),
        unconfirmed=tuple(hunt.passing[number] for number in sorted(hunt.passing)),
        considered=hunt.next,
        cut=cut,
    )


async def _propose_in_time(
    problem: Problem, suspicion: Suspicion, gone: Callable[[float], bool]
) -> tuple[list[Candidate], bool]:
    """Return the candidates there was time to think of, and whether they are all there are."""
    late = list[bool]()

    def is_late() -> bool:
        late.append(gone(PROPOSING[1]))
        return late[-1]

    # Beside it the tests are collected.
    found = await asyncio.to_thread(
        propose, problem, suspicion, is_late, lambda: gone(PROPOSING[0])
    )
    return found, not any(late)


async def _run_search(state: _Search, width: int, confirm: Confirm) -> None:
    """Judge candidates, and beside that look once more at what is green, the first one first."""
    state.working = width
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(width):
                group.create_task(state.work())
            await _gather_confirmed(state, confirm)
            state.is_finished = True
            state.changed.set()
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None


async def _gather_confirmed(state: _Search, confirm: Confirm) -> None:
    while not state.has_enough:
        await state.wait_until(lambda: bool(state.passing) or not state.working)
        if not state.passing:
            return
        fix = await _find_first_confirmed(state, confirm)
        if fix is not None:
            state.confirm(fix)
            state.confirmed[-1] = await _shrink(fix, state, confirm)


async def _find_first_confirmed(state: _Search, confirm: Confirm) -> Candidate | None:
    """Return the first green candidate that holds. Time may end before that is known of it."""
    while state.passing:
        number = min(state.passing)
        candidate = state.passing[number]
        held = await confirm(candidate, candidate.apply(state.problem.texts))
        del state.passing[number]
        state.changed.set()
        if held:
            return candidate
    return None


async def _shrink(fix: Candidate, state: _Search, confirm: Confirm) -> Candidate:
    """Return an undoing without those of its lines that are not needed."""
    texts = state.problem.texts
    parts = [part for edit in fix.edits for part in reverts.split_edit(edit, texts[edit.path])]
    if fix.kind != "revert" or not 2 <= len(parts) <= SHRINKING_AT_MOST:
        return fix
    kept = parts
    for part in parts:
        rest = tuple(other for other in kept if other is not part)
        files = replace(fix, edits=rest).apply(texts) if rest else {}
        if files and is_sound(files, texts) and (await state.judge.judge(files)).is_passing:
            kept = list(rest)
    if len(kept) == len(parts):
        return fix
    smaller = replace(fix, edits=tuple(kept), why=f"{fix.why}, only the parts that matter")
    return smaller if await confirm(smaller, smaller.apply(texts)) else fix
