"""Ended runs are kept as cases, and judged again once their fix was watched."""

from collections.abc import Collection, Mapping
from datetime import timedelta

from bot.domain.change import ChangeSet
from bot.domain.history import History
from bot.domain.people import Person, Place
from bot.domain.plan import Plan, Step
from bot.domain.proposal import Outcome, Shipment
from bot.domain.run import Run, Status, Trigger
from bot.learning.lessons import CaseRepository
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_key_value_store import FakeKeyValueStore
from tests.fakes.fake_store import FakeStore

HEAD = "b" * 40


def add_run(store: FakeStore, clock: FakeClock, name: str, status: Status = Status.DONE) -> None:
    now = clock.now()
    person = Person(id=1, name="alice-the-secret")
    trigger = Trigger(
        key=name, goal="fix", person=person, place=Place(channel_id=1), text="my secret", at=now
    )
    store.runs[name] = Run(
        id=name, goal="fix", trigger=trigger, status=status, created_at=now, updated_at=now
    )
    step = Step(summary="", owned_files=("cogs/dice.py",))
    store.records[name] = [
        Plan(problem="", solution="", steps=(step,), written_by="claude (sonnet)"),
        ChangeSet(base=HEAD, head=HEAD, branch="b", engine="claude", summary=""),
    ]


async def test_a_case_is_stored_once_and_changes_with_its_verdict() -> None:
    store, values, clock = FakeStore(), FakeKeyValueStore(), FakeClock()
    prompts = {"planner": "Plan."}
    cases = CaseRepository(store, values, clock, lambda: prompts)
    add_run(store, clock, "aaa")
    add_run(store, clock, "bbb", Status.FAILED)
    add_run(store, clock, "ccc", Status.RUNNING)
    store.records["aaa"].append(
        Shipment(
            run_id="aaa", approved_head=HEAD, merge_commit=HEAD, live_commit=HEAD, at=clock.now()
        )
    )
    assert await cases.collect() == 2
    assert await cases.collect() == 0
    first, second = await cases.list_cases()
    assert (first.result, second.result) == ("unclear", "failed")
    assert (first.engine, first.model) == ("claude", "sonnet")
    assert "secret" not in "".join(values.bodies.values())
    version, prompts["planner"] = first.prompts, "Plan well."
    store.records["aaa"].append(Outcome(run_id="aaa", verdict="fixed", at=clock.now()))
    assert await cases.collect() == 1
    first, _ = await cases.list_cases()
    assert (first.result, first.prompts) == ("held", version)


class CountingStore(FakeStore):
    """A store that notes which runs were read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []

    async def get(self, run_id: str) -> Run:
        self.read.append(run_id)
        return await super().get(run_id)

    async def get_histories(self, run_ids: Collection[str]) -> Mapping[str, History]:
        self.read.extend(run_ids)
        return await super().get_histories(run_ids)


async def test_only_runs_that_are_new_are_read() -> None:
    store, values, clock = CountingStore(), FakeKeyValueStore(), FakeClock()
    cases = CaseRepository(store, values, clock, dict)
    add_run(store, clock, "aaa")
    await cases.collect()
    add_run(store, clock, "bbb", Status.FAILED)
    store.read.clear()
    assert await cases.collect() == 1
    assert set(store.read) == {"bbb"}
    store.read.clear()
    assert await cases.collect() == 0
    assert store.read == []


async def test_cases_are_forgotten_after_as_long_as_runs() -> None:
    store, values, clock = FakeStore(), FakeKeyValueStore(), FakeClock()
    cases = CaseRepository(store, values, clock, dict)
    add_run(store, clock, "aaa")
    await cases.collect()
    store.runs.clear()
    clock.tick(timedelta(days=401).total_seconds())
    await cases.collect()
    assert values.bodies == {}
