"""What is older than configured goes once a day, and what fails to go waits a day."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

from bot.adapters.git_workspace import GitWorkspaces
from bot.app.retention import RetainedKind, Retention, forget_runs
from bot.domain.errors import StoreError
from bot.domain.people import Person, Place
from bot.domain.run import Run, Status, Trigger
from bot.ports.targets import TargetPorts, Targets
from tests.fakes.fake_clock import START, FakeClock
from tests.fakes.fake_forge import FakeForge
from tests.fakes.fake_memory import FakeMemory
from tests.fakes.fake_store import FakeStore
from tests.fakes.repositories import make_repository, run_git


async def test_each_kind_goes_by_its_own_age_at_the_start_and_daily() -> None:
    asked: list[tuple[str, datetime]] = []
    clock = FakeClock()

    async def runs(older: datetime) -> int:
        asked.append(("runs", older))
        raise StoreError("the disk is full")

    async def days(older: datetime) -> int:
        asked.append(("days", older))
        return 3

    retention = Retention(clock, (RetainedKind("runs", 400, runs), RetainedKind("days", 90, days)))
    working = asyncio.create_task(retention.run_forever())
    await clock.advance(0)
    first = [("runs", START - timedelta(days=400)), ("days", START - timedelta(days=90))]
    assert asked == first
    await clock.advance(86_400)
    assert [name for name, _ in asked] == ["runs", "days", "runs", "days"]
    assert asked[2][1] == START - timedelta(days=399)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


async def test_the_branch_of_a_run_goes_with_it_and_others_stay(tmp_path: Path) -> None:
    make_repository(tmp_path / "checkout", {"a.txt": "a"})
    workspaces = GitWorkspaces(tmp_path / "checkout", tmp_path / "worktrees")
    store = FakeStore()
    for run_id in ("aaa111", "bbb222"):
        await store.create(a_run(run_id))
        async with workspaces.open(run_id, base="HEAD"):
            pass
    await store.save((await store.get("aaa111")).replace(status=Status.DONE))
    ports = TargetPorts(FakeForge(), workspaces, FakeMemory())
    assert await forget_runs(store, Targets(ports), START) == 1
    references = run_git(tmp_path / "checkout", "for-each-ref", "--format=%(refname)")
    assert "aaa111" not in references
    assert "bbb222" in references


def a_run(run_id: str) -> Run:
    at = START - timedelta(days=90)
    trigger = Trigger(
        key=run_id, goal="fix", person=Person(id=1, name="Ada"), place=Place(channel_id=1),
        text="fix it", at=at,
    )  # fmt: skip
    return Run(id=run_id, goal="fix", trigger=trigger, created_at=at, updated_at=at)
