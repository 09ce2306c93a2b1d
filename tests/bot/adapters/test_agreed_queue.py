"""A hostile worker can waste time, and changes no verdict."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from rehearsal_tests.fake_rehearsal import make_transcript
from theseus_rehearsal.records import CommandStep, Script, Transcript
from theseus_repair.model import Judgement
from theseus_repair.search_slices import SearchSlice

from bot.adapters.agreed_queue import ABSENCE_SECONDS, REST_SECONDS, AgreedQueue
from bot.domain.errors import RehearsalError, StoreError
from bot.domain.queued_work import (
    CheckCommand,
    CommandOutcome,
    Verdict,
    WorkError,
    WorkLost,
    WorkUnavailable,
    find_end,
)
from bot.proof.commit_comparison import compare_commits
from tests.fakes.fake_clock import FakeClock

SCRIPTS = tuple(Script(steps=(CommandStep(command=f"roll{n}"),)) for n in range(6))
TEST = CheckCommand(words=("pytest",))
Answer = Callable[[str, Script | CheckCommand], Transcript | CommandOutcome]


def be_honest(commit: str, work: Script | CheckCommand) -> Transcript | CommandOutcome:
    """Do the work: head answers other than base, and its tests fail."""
    if isinstance(work, Script):
        return make_transcript(work, f"answer of {commit}")
    return CommandOutcome(returncode=int(commit == "head"), output="", seconds=0.1)


def hide_changes(commit: str, work: Script | CheckCommand) -> Transcript | CommandOutcome:
    """Lie: head is as base."""
    return be_honest("base", work)


def invent_changes(commit: str, work: Script | CheckCommand) -> Transcript | CommandOutcome:
    """Lie: head is broken."""
    if isinstance(work, Script) and commit == "head":
        return Transcript(trouble="it does not start")
    return be_honest(commit, work)


def fail_with(error: Exception) -> Answer:
    """Return a worker that fails on purpose."""

    def fail(commit: str, work: Script | CheckCommand) -> Transcript | CommandOutcome:
        raise error

    return fail


class GroupQueue:
    """A queue whose workers answer like this; `done` has their work."""

    def __init__(self, answer: Answer = be_honest) -> None:
        self.answer = answer
        self.done: list[tuple[str, Script | CheckCommand]] = []

    @asynccontextmanager
    async def open(self, commit: str) -> AsyncIterator["GroupWork"]:
        yield GroupWork(self, commit)

    @asynccontextmanager
    async def open_files(self, tree: Path) -> AsyncIterator["GroupWork"]:
        async with self.open(tree.name) as work:
            yield work


class GroupWork:
    def __init__(self, queue: GroupQueue, commit: str) -> None:
        self._queue, self._commit = queue, commit

    async def replay(self, script: Script) -> Transcript:
        found = self._answer(script)
        assert isinstance(found, Transcript)
        return found

    async def check(self, command: CheckCommand, verdict: Verdict = find_end) -> CommandOutcome:
        found = self._answer(command)
        assert isinstance(found, CommandOutcome)
        return found

    async def search(self, part: SearchSlice) -> Sequence[Judgement]:
        raise AssertionError("no search is asked for")

    def _answer(self, work: Script | CheckCommand) -> Transcript | CommandOutcome:
        self._queue.done.append((self._commit, work))
        return self._queue.answer(self._commit, work)


class StallingQueue(GroupQueue):
    """A queue that holds what it has been given, until it is told to give all of it up."""

    def __init__(self) -> None:
        super().__init__(fail_with(WorkUnavailable("no worker has taken the work in time")))
        self.given_up = asyncio.Event()

    @asynccontextmanager
    async def open(self, commit: str) -> AsyncIterator[GroupWork]:
        yield StallingWork(self, commit)


class StallingWork(GroupWork):
    def __init__(self, queue: StallingQueue, commit: str) -> None:
        super().__init__(queue, commit)
        self._stalling = queue

    async def replay(self, script: Script) -> Transcript:
        await self._stalling.given_up.wait()
        return await super().replay(script)


class SilentQueue(GroupQueue):
    """A queue whose workers never end; `cancelled` counts who gave them up."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()
        self.cancelled = 0

    @asynccontextmanager
    async def open(self, commit: str) -> AsyncIterator[GroupWork]:
        self.asked.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self.cancelled += 1
        yield GroupWork(self, commit)


def make_queue(*groups: GroupQueue) -> tuple[AgreedQueue, GroupQueue, FakeClock]:
    leader, clock = GroupQueue(), FakeClock()
    named = [(f"group{number}", each) for number, each in enumerate(groups)]
    return AgreedQueue(leader, named, clock), leader, clock


@pytest.mark.parametrize(
    "attack",
    [
        hide_changes,
        invent_changes,
        fail_with(RehearsalError("the bot cannot be imported")),
        fail_with(WorkError("the signature of this outcome is not of this group")),
        fail_with(WorkLost("it only pretended to work")),
        fail_with(StoreError("the artefact does not have the content of its name")),
    ],
)
@pytest.mark.parametrize("hostile_first", [True, False])
async def test_a_hostile_group_changes_no_verdict(attack: Answer, hostile_first: bool) -> None:
    honest, hostile = GroupQueue(), GroupQueue(attack)
    groups = (hostile, honest) if hostile_first else (honest, hostile)
    queue, leader, _ = make_queue(*groups)
    truth = await compare_commits(leader, "base", "head", SCRIPTS)
    assert truth.changed == len(SCRIPTS)
    assert await compare_commits(queue, "base", "head", SCRIPTS) == truth
    async with queue.open("head") as work:
        assert (await work.check(TEST)).returncode == 1


async def test_what_two_groups_agree_on_costs_this_machine_nothing() -> None:
    first, second = GroupQueue(), GroupQueue()
    queue, leader, _ = make_queue(first, second)
    found = await compare_commits(queue, "base", "head", SCRIPTS)
    assert found.changed == len(SCRIPTS)
    assert leader.done == []
    assert len(first.done) == len(second.done) == 3 * len(SCRIPTS)


async def test_what_must_not_be_repeated_is_done_once_and_here() -> None:
    first, second = GroupQueue(), GroupQueue()
    queue, leader, _ = make_queue(first, second)
    async with queue.open("head") as work:
        assert (await work.check(TEST.replace(is_repeatable=False))).returncode == 1
    assert (len(first.done), len(second.done), len(leader.done)) == (0, 0, 1)


async def test_an_outcome_without_a_verdict_is_for_this_machine_to_judge() -> None:
    first, second = GroupQueue(), GroupQueue()
    queue, leader, _ = make_queue(first, second)
    async with queue.open_files(Path("head")) as work:
        outcome = await work.check(TEST, lambda found: found.returncode == 0 or None)
    assert (outcome.returncode, len(leader.done)) == (1, 1)
    async with queue.open_files(Path("base")) as work:
        outcome = await work.check(TEST, lambda found: found.returncode == 0 or None)
    assert (outcome.returncode, len(leader.done)) == (0, 1)


async def test_a_group_that_is_wrong_too_often_or_loses_work_rests() -> None:
    liar, honest = GroupQueue(hide_changes), GroupQueue()
    queue, leader, clock = make_queue(liar, honest)
    async with queue.open("head") as work:
        for _ in range(5):
            assert (await work.check(TEST)).returncode == 1
        assert (len(liar.done), len(leader.done)) == (3, 5)
        clock.tick(REST_SECONDS + 1)
        liar.answer = fail_with(WorkLost("killed"))
        for _ in range(2):
            assert (await work.check(TEST)).returncode == 1
    assert (len(liar.done), len(leader.done)) == (4, 7)


async def test_without_workers_this_machine_does_the_work_and_asks_again_later() -> None:
    absent = fail_with(WorkUnavailable("no worker asks for work"))
    first, second = GroupQueue(absent), GroupQueue()
    queue, leader, clock = make_queue(first, second)
    async with queue.open("head") as work:
        for _ in range(3):
            assert (await work.check(TEST)).returncode == 1
        assert (len(first.done), len(leader.done)) == (1, 3)
        first.answer = be_honest
        clock.tick(ABSENCE_SECONDS + 1)
        assert (await work.check(TEST)).returncode == 1
    assert (len(first.done), len(leader.done)) == (2, 3)


async def test_groups_that_only_pretend_hold_up_only_what_they_were_given() -> None:
    stalling, other = StallingQueue(), StallingQueue()
    queue, _, clock = make_queue(stalling, other)
    truth = await compare_commits(GroupQueue(), "base", "head", SCRIPTS * 10)
    comparing = asyncio.create_task(compare_commits(queue, "base", "head", SCRIPTS * 10))
    stalling.given_up.set()
    other.given_up.set()
    assert await comparing == truth
    assert max(len(stalling.done), len(other.done)) <= 16
    for _ in range(8):  # each time they are asked later
        clock.tick(ABSENCE_SECONDS + 1)
        async with queue.open("head") as work:
            await work.replay(SCRIPTS[0])
    assert max(len(stalling.done), len(other.done)) <= 16 + 3


async def test_the_work_of_a_group_ends_with_the_failure_of_the_other() -> None:
    silent, failing = SilentQueue(), GroupQueue(fail_with(WorkLost("killed")))
    queue, _, _ = make_queue(failing, silent)
    async with queue.open("head") as work:
        assert (await work.check(TEST)).returncode == 1
    assert silent.cancelled <= 1
    assert len(failing.done) == 1


async def test_cancelling_reaches_the_groups() -> None:
    silent, other = SilentQueue(), SilentQueue()
    queue, leader, _ = make_queue(silent, other)
    async with queue.open("head") as work:
        checking = asyncio.create_task(work.check(TEST))
        await asyncio.wait_for(asyncio.gather(silent.asked.wait(), other.asked.wait()), 20)
        checking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await checking
    assert (silent.cancelled, other.cancelled, leader.done) == (1, 1, [])
