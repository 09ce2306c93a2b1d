"""The search: judges candidates best first, in parallel, and a while beyond the first success."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice, zip_longest
from typing import Protocol

from theseus_repair import reverts
from theseus_repair.candidates import FIRST_REVERTS, propose
from theseus_repair.clock import Clock
from theseus_repair.follow_ups import FollowUps
from theseus_repair.localise import Suspicion, localise
from theseus_repair.model import Candidate, Judgement, Problem, RepairAttempt, SearchReport, Texts
from theseus_repair.nearness import iterate_nearest
from theseus_repair.soundness import is_sound
from theseus_repair.source_text import compute_digest

NEAR_MISSES = 5
ENOUGH = 6  # passing candidates to choose from
ON = 0.25  # at most this share of the time goes to the search for others once one passes
ON_AT_LEAST = 2.0  # and no longer than finding the first took, but at least this many seconds
CONSIDERED = 100  # at least this many candidates, or all, are judged before the choice
PROPOSING = 0.2  # share of the time in which all edits have to be generated, reverts in half of it
SHRINKING_AT_MOST = 16
LATE_FROM = (
    0.6  # until this share of the time only single edits are tried; then every second one is a pair
)
WAITING = 2  # passing candidates that wait for confirmation; no more are judged meanwhile


class Judge(Protocol):
    """Decides whether changed files fix the failure and break nothing."""

    async def judge(self, files: Texts) -> Judgement:
        """Judge these new texts: the reproduction first, then the affected tests."""
        ...


@dataclass(frozen=True, slots=True)
class SearchProgress:
    """The state of the search: candidates judged, candidates in total, the latest attempt.

    `passing` is how many of those judged passed all tests, whether or not they are confirmed.
    """

    tried: int
    proposed: int
    latest: RepairAttempt
    passing: int = 0


OnProgress = Callable[[SearchProgress], None]
Confirm = Callable[[Candidate, Texts], Awaitable[bool]]


def ignore_progress(progress: SearchProgress) -> None:
    """Do nothing."""


async def accept_all(candidate: Candidate, files: Texts) -> bool:
    """Accept anything."""
    return True


@dataclass(frozen=True, slots=True)
class SearchLimits:
    """How many candidates to judge: `most` at all, and `considered` before one is chosen.

    So many `reverts` come before all single edits. All edits have to be generated within
    `proposal_share` of the time.
    """

    considered: int = CONSIDERED
    most: int | None = None
    reverts: int = FIRST_REVERTS
    proposal_share: float = PROPOSING


EVERYTHING = SearchLimits()


@dataclass
class _Search:
    """The state that the workers share."""

    problem: Problem
    judge: Judge
    queue: list[Candidate]
    on_progress: OnProgress
    clock: Clock
    began: float
    budget_seconds: float
    follow_ups: FollowUps
    limits: SearchLimits
    seen: set[str] = field(default_factory=set)
    tried: Counter[str] = field(default_factory=Counter)
    near: list[RepairAttempt] = field(default_factory=list)
    passing: dict[int, Candidate] = field(default_factory=dict)
    confirmed: list[Candidate] = field(default_factory=list)
    until: float | None = None
    next: int = 0
    count: int = 0
    passed: int = 0
    has_pairs: bool = False
    is_exhausted: bool = False
    working: int = 0
    is_finished: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def confirm(self, candidate: Candidate) -> None:
        """Store a candidate to choose from; the first one limits the time to look for others."""
        self.confirmed.append(candidate)
        if self.until is None:
            now = self.clock.monotonic()
            on = min(max(now - self.began, ON_AT_LEAST), ON * self.budget_seconds)
            self.until = now + on

    @property
    def has_enough(self) -> bool:
        """Return whether there are enough candidates to choose from."""
        late = self.until is not None and self.clock.monotonic() >= self.until
        late = late and self.next >= min(self.limits.considered, len(self.queue))
        return self.is_finished or late or len(self.confirmed) >= ENOUGH

    def take(self) -> tuple[int, Candidate, dict[str, str]] | None:
        """Return the next candidate worth judging, or None."""
        while not self.has_enough and self._has_more() and self.count != self.limits.most:
            number, candidate = self.next, self.queue[self.next]
            self.next += 1
            files = candidate.apply(self.problem.texts)
            if self._is_new(files) and is_sound(files, self.problem.texts):
                self.count += 1
                return number, candidate, files
        return None

    def _has_more(self) -> bool:
        """Return whether there is another candidate; adds pairs late, if nothing passes."""
        single = self.next < len(self.queue)
        late = self.clock.monotonic() - self.began > LATE_FROM * self.budget_seconds
        due = late and not self.has_pairs if single else not self.is_exhausted
        if due and not self.confirmed and not self.passing:
            self.has_pairs, self.is_exhausted = True, not single
            rest = zip_longest(self.follow_ups.propose_late(), self.queue[self.next :])
            self.queue[self.next :] = filter(None, chain.from_iterable(rest))
        return self.next < len(self.queue)

    def _is_new(self, files: Mapping[str, str]) -> bool:
        if all(self.problem.texts[path] == text for path, text in files.items()):
            return False
        mark = compute_digest(files)
        new = mark not in self.seen
        self.seen.add(mark)
        return new

    async def wait_until(self, holds: Callable[[], bool]) -> None:
        """Wait until the condition holds; it is checked whenever the state changes."""
        while not holds():
            self.changed.clear()
            await self.changed.wait()

    async def work(self) -> None:
        """Judge candidates until none is left, or there are enough to choose from."""
        try:
            await self._judge()
        finally:
            self.working -= 1
            self.changed.set()

    async def _judge(self) -> None:
        while True:
            await self.wait_until(lambda: len(self.passing) < WAITING or self.has_enough)
            if (next_candidate := self.take()) is None:
                if not self.passing or self.has_enough:
                    return
                await self.wait_until(
                    lambda: not self.passing or self.has_enough
                )  # if none is confirmed, pairs are tried
                continue
            number, candidate, files = next_candidate
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
    limits: SearchLimits = EVERYTHING,
) -> SearchReport:
    """Return the candidates that pass and are confirmed, and all attempts.

    `first` are tried before those that are proposed here. The first passing candidate does not end
    the search, because another one may pass as well and behave differently. The report's `fix` is
    the best-ranked one. A candidate that passes when time is up is confirmed within
    `closing_seconds`, or is no fix. Cancelling is safe at any time.
    """
    began, suspicion = clock.monotonic(), localise(problem)

    def has_elapsed(share: float) -> bool:
        return clock.monotonic() - began >= share * budget_seconds

    proposed, all_of_them = await _propose_in_time(problem, suspicion, has_elapsed, limits)
    queue = [*first, *proposed]
    known = FollowUps(problem, tuple(queue))
    state = _Search(problem, judge, queue, on_progress, clock, began, budget_seconds, known, limits)
    stopped, cut = "exhausted" if all_of_them else "time", False
    try:
        async with asyncio.timeout(max(0.0, budget_seconds - (clock.monotonic() - began))):
            await _run_search(state, width, confirm)
    except TimeoutError:
        stopped, cut = "time", True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(closing_seconds):
                while state.passing:
                    state.confirmed += await _confirm_passing(state, confirm, at_most=1)
    fix = max(state.confirmed, key=lambda candidate: candidate.rank, default=None)
    return SearchReport(
        fix=fix,
        files=fix.apply(problem.texts) if fix else {},
        stopped="fixed" if fix else stopped,
        tried=dict(state.tried),
        near=tuple(islice(iterate_nearest(state.near), NEAR_MISSES)),
        proposed=len(state.queue),
        seconds=clock.monotonic() - began,
        suspects=suspicion.list_top(5),
        crash=problem.crashes[0] if problem.crashes else None,
        confirmed=tuple(state.confirmed),
        unconfirmed=tuple(state.passing[number] for number in sorted(state.passing)),
        considered=state.next,
        cut=cut,
    )


async def _propose_in_time(
    problem: Problem, suspicion: Suspicion, gone: Callable[[float], bool], limits: SearchLimits
) -> tuple[list[Candidate], bool]:
    """Return the candidates generated in time, and whether these are all."""
    late = list[bool]()

    def is_late() -> bool:
        late.append(gone(limits.proposal_share))
        return late[-1]

    # The tests are collected at the same time.
    found = await asyncio.to_thread(
        propose,
        problem,
        suspicion,
        is_late,
        lambda: gone(limits.proposal_share / 2),
        limits.reverts,
    )
    return found, not any(late)


async def _run_search(state: _Search, width: int, confirm: Confirm) -> None:
    """Judge candidates, and in parallel confirm the passing ones, in order."""
    state.working = width
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(width):
                group.create_task(state.work())
            await _gather_confirmed(state, confirm)
            state.is_finished = True
            state.changed.set()
    except ExceptionGroup as errors:
        # Callers handle the error of one judgement, not a group.
        raise errors.exceptions[0] from None


async def _gather_confirmed(state: _Search, confirm: Confirm) -> None:
    while not state.has_enough:
        await state.wait_until(lambda: bool(state.passing) or not state.working)
        if not state.passing:
            return
        missing = ENOUGH - len(state.confirmed)
        for fix in await _confirm_passing(state, confirm, at_most=min(WAITING, missing)):
            state.confirm(fix)
            state.confirmed[-1] = await _shrink(fix, state, confirm)


async def _confirm_passing(
    state: _Search, confirm: Confirm, *, at_most: int
) -> Sequence[Candidate]:
    """Return those of the first passing candidates that are confirmed.

    They are confirmed in parallel. May be cancelled at the time limit.
    """
    # The best-ranked first: workers finish in any order, and two searches should find the same.
    numbers = sorted(state.passing)[:at_most]
    candidates = [state.passing[number] for number in numbers]
    texts = state.problem.texts
    confirmed = await asyncio.gather(*(confirm(each, each.apply(texts)) for each in candidates))
    # Not before they are confirmed: workers stop judging while candidates wait for that.
    for number in numbers:
        del state.passing[number]
    state.changed.set()
    return [each for each, is_confirmed in zip(candidates, confirmed, strict=True) if is_confirmed]


async def _shrink(fix: Candidate, state: _Search, confirm: Confirm) -> Candidate:
    """Return a revert without those of its lines that are not needed."""
    texts = state.problem.texts
    parts = [part for edit in fix.edits for part in reverts.split_edit(edit, texts[edit.path])]
    if fix.kind != "revert" or not 2 <= len(parts) <= SHRINKING_AT_MOST:
        return fix
    remaining = parts
    for part in parts:
        rest = tuple(other for other in remaining if other is not part)
        files = replace(fix, edits=rest).apply(texts) if rest else {}
        if files and is_sound(files, texts) and (await state.judge.judge(files)).is_passing:
            remaining = list(rest)
    if len(remaining) == len(parts):
        return fix
    smaller = replace(fix, edits=tuple(remaining), why=f"{fix.why}, only the parts that matter")
    return smaller if await confirm(smaller, smaller.apply(texts)) else fix
