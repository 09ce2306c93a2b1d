"""Traffic is written in the background, and at once before it is read."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from theseus_rehearsal.records import CommandStep

from bot.domain.traffic import TrafficRecord
from bot.telemetry.traffic_recorder import TrafficRecorder
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_traffic import FakeSnapshots, FakeTraffic


@dataclass
class Answered:
    """Something that was answered, and is over at `due`."""

    due: float
    record: TrafficRecord

    def finish(self) -> TrafficRecord:
        return self.record


class Scene:
    def __init__(self, log: FakeTraffic | None = None) -> None:
        self.clock, self.log = FakeClock(), log or FakeTraffic()
        snapshots = FakeSnapshots(self.clock)
        self.recorder = TrafficRecorder(self.log, snapshots, self.clock, b"s", lambda: None)

    def answered(self, event: str, over_in: float) -> None:
        step = CommandStep(by="asker", channel="general", command=event)
        record = TrafficRecord(id=event, at=self.clock.now(), event=event, step=step)
        self.recorder.add(Answered(self.clock.monotonic() + over_in, record))

    @property
    def written(self) -> list[str]:
        return sorted(each.event for each in self.log.records)


async def test_whoever_reads_now_has_what_was_answered_some_seconds_ago() -> None:
    scene = Scene()
    scene.answered("press", over_in=7)
    scene.answered("just-pressed", over_in=10)
    await scene.recorder.write()
    assert scene.written == []
    await scene.recorder.catch_up()
    assert scene.written == ["press"]
    await scene.recorder.write(flush=True)
    assert scene.written == ["just-pressed", "press"]


class SlowLog(FakeTraffic):
    """Takes its time over each write, as long as it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()

    async def record(self, records: Sequence[TrafficRecord]) -> None:
        self.begun.set()
        await self.go_on.wait()
        await super().record(records)


async def test_what_another_writes_just_now_is_waited_for() -> None:
    log = SlowLog()
    scene = Scene(log)
    scene.answered("roll", over_in=0)
    writing = asyncio.create_task(scene.recorder.write())
    await log.begun.wait()
    reading = asyncio.create_task(scene.recorder.catch_up())
    await asyncio.sleep(0)
    assert not reading.done()
    log.go_on.set()
    await reading
    assert scene.written == ["roll"]
    await writing
