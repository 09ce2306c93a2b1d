"""The cost of recording requests, against the journal alone.

The client with the dice cog gets requests in turns with and without recording, each time on a new
local Discord in this process. The first row is a complete action, from a user's request to its
answer. Background work counts in full: records are made, cleaned and written before the time is
taken. It is processor time of the complete process, server and user included. The second row is
only the work that delays an action, against the journal's own record of it.
"""

import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from local_discord.client import run_bot
from local_discord.person import Person
from local_discord.server import LocalDiscord, LocalPerson
from theseus_observe.redaction import redact

from bench.rows import Row, measure_pairs
from bot.adapters.file_snapshots import FileSnapshots
from bot.adapters.ndjson_journal import NdjsonJournal
from bot.adapters.sqlite_traffic import SqliteTraffic
from bot.adapters.system_clock import SystemClock
from bot.app.demo import find_project_root
from bot.client import Identity, TheseusClient
from bot.client._audience import AudienceFinder
from bot.client._exchanges import record_answer
from bot.client._traffic_capture import TrafficCapture
from bot.domain.guilds import AllowLists
from bot.domain.journal import Action, ActionOutcome, Kind
from bot.domain.people import AllowList
from bot.telemetry import Recorder, TrafficRecorder

PAIRS = 15
ACTIONS = 150
RECORDS = 900  # fewer than may wait to be written
SENT = {"type": 4, "data": {"content": "🎲 ⚀ ⚅ = **7**"}}
ASKED = {
    "type": 2,
    "channel_id": "2",
    "user": {"id": "3", "username": "alice"},
    "data": {"type": 1, "name": "roll"},
}


class _Stage(NamedTuple):
    """An online client, a person who sends requests, and the recorder if there is one."""

    client: TheseusClient
    recorder: Recorder
    traffic: TrafficRecorder
    alice: Person


async def measure() -> Sequence[Row]:
    """Return a row for a command over the network, and one for the work that delays it."""
    mine, theirs, ratio = await measure_pairs(
        lambda: _time_command(with_traffic=True),
        lambda: _time_command(with_traffic=False),
        pairs=PAIRS,
    )
    whole = Row(
        bench="traffic", name="command, all it leaves written", ours=mine, baseline=theirs,
        baseline_name="journal alone", ratio=ratio, pairs=PAIRS,
    )  # fmt: skip
    async with _open_stage(with_traffic=False) as stage:

        async def measure_capture() -> float:
            return await _time_capture(stage)

        async def measure_journal() -> float:
            return _time_journal(stage.recorder)

        mine, theirs, ratio = await measure_pairs(measure_capture, measure_journal, pairs=PAIRS)
    in_the_way = Row(
        bench="traffic", name="in the way of a command", ours=mine, baseline=theirs,
        baseline_name="journal record", ratio=ratio, pairs=PAIRS,
    )  # fmt: skip
    return [whole, in_the_way]


async def _time_command(*, with_traffic: bool) -> float:
    """Return what a command takes, with everything that is written of it."""
    async with _open_stage(with_traffic=with_traffic) as stage:
        await stage.alice.run("dev", "roll", dice="2d6")
        start = time.process_time()
        for number in range(ACTIONS):
            await stage.alice.run("dev", "roll", dice=f"{number % 9 + 1}d6+{number}")
        await stage.traffic.write(flush=True)
        return (time.process_time() - start) / ACTIONS


async def _time_capture(stage: _Stage) -> float:
    """Return what a command waits for while it is held on to: its event, an answer, its end."""
    capture = TrafficCapture(stage.client, stage.traffic, 0, AudienceFinder(stage.client, 0))
    action = _make_action()

    def dispatch(_event: object) -> None:
        record_answer("POST", "/interactions/{webhook_id}/{webhook_token}/callback", SENT)
        capture.record_end(action, "cogs.dice")

    start = time.perf_counter()
    for _ in range(RECORDS):
        capture.read("INTERACTION_CREATE", dispatch, ASKED)
    taken = (time.perf_counter() - start) / RECORDS
    await stage.traffic.write(flush=True)
    return taken


def _time_journal(recorder: Recorder) -> float:
    start = time.perf_counter()
    for _ in range(RECORDS):
        recorder.record(
            Kind.COMMAND, "roll", ActionOutcome.OK, duration_ms=1.5, guild_id=1, channel_id=2,
            user_id=3, inputs={"dice": "2d6"},
        )  # fmt: skip
    return (time.perf_counter() - start) / RECORDS


def _make_action() -> Action:
    return Action(
        ts=datetime.now(UTC), id="0" * 26, event="command.roll", kind=Kind.COMMAND, name="roll",
        outcome=ActionOutcome.OK,
    )  # fmt: skip


@asynccontextmanager
async def _open_stage(*, with_traffic: bool) -> AsyncIterator[_Stage]:
    clock = SystemClock()
    people = [LocalPerson("alice", listed=True)]
    with tempfile.TemporaryDirectory(prefix="theseus-bench-") as name:
        state = Path(name)
        async with (
            NdjsonJournal(state, redact=redact) as journal,
            SqliteTraffic(state / "traffic" / "traffic.sqlite3", redact=redact) as log,
            LocalDiscord(people, token="local") as local,  # noqa: S106  for this test only
            Person(local.base_url, "alice") as alice,
        ):
            snapshots = FileSnapshots(state / "traffic" / "snapshots", state, clock)
            traffic = TrafficRecorder(log, snapshots, clock, b"bench", lambda: "0" * 40)
            recorder = Recorder(journal, clock, find_project_root(), b"bench", lambda: "0" * 40)
            client = TheseusClient(
                root=find_project_root(),
                state=state,
                clock=clock,
                recorder=recorder,
                identity=Identity(local.guild_id, local.dev_channel_id, AllowLists(AllowList())),
                traffic=traffic if with_traffic else None,
                extensions=["cogs.dice"],
                guild_ready_timeout=0.01,
            )
            async with run_bot(client, local):
                yield _Stage(client, recorder, traffic, alice)
