"""How it says how it is: to probes, to people, to Prometheus."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from theseus_guard.record import Record

from bot.domain.account import Account, Charge
from bot.domain.backup import Backup, BackupStatus
from bot.domain.errors import StoreError
from bot.domain.journal import ActionOutcome, Kind
from bot.domain.posts import Post
from bot.domain.samples import Sample
from bot.domain.stop import Stop
from bot.web import BotFacts, ChatConnection
from bot.web._counters import ActionCounter
from tests.bot.web.web_server import COMMIT, Room
from tests.fakes.fake_clock import START
from tests.fakes.fake_key_value_store import FakeKeyValueStore
from tests.fakes.fake_ledger import FakeLedger
from tests.fakes.fake_outbox import FakeOutbox

LINE = re.compile(r'[a-z_]+(\{[a-z]+="[^"\n]*"(,[a-z]+="[^"\n]*")*\})? -?[0-9.e+-]+')


@pytest.fixture
def room() -> Room:
    return Room()


class FullKeyValueStore(FakeKeyValueStore):
    """The disk is full."""

    async def put(self, name: str, record: Record) -> None:
        """Refuse."""
        raise StoreError("disk full at /var/lib/secret")


async def test_it_is_alive_whatever_else_is_wrong(room: Room) -> None:
    room.connection = ChatConnection(ready=False)
    room.without(key_values=FullKeyValueStore())
    async with room.serving() as client:
        answer = await client.get("/health")
    assert (answer.status, answer.json) == (200, {"status": "ok"})


async def test_it_is_ready_when_it_can_work(room: Room) -> None:
    async with room.serving() as client:
        answer = await client.get("/health/ready")
    assert (answer.status, answer.json) == (200, {"ready": True, "reasons": []})


async def test_why_it_is_not_ready_is_said_in_fixed_words(room: Room) -> None:
    room.connection = ChatConnection(ready=False)
    room.emergency.standing = Stop(how="file", at=room.clock.now(), why="a secret reason")
    room.without(key_values=FullKeyValueStore())
    async with room.serving() as client:
        answer = await client.get("/health/ready")
    assert answer.status == 503
    assert answer.json["reasons"] == [
        "the gateway is not connected", "the store cannot be written",
        "the emergency stop is active",
    ]  # fmt: skip


async def test_a_closing_bot_serves_until_a_load_balancer_had_time_to_see_it(room: Room) -> None:
    why: list[str] = []
    facts = replace(room.services.facts, closing=lambda: why[0] if why else None)
    room.without(facts=facts)
    async with room.serving(drain_seconds=3.0) as client:
        open_one = await client.get("/health")
        why.append("it hands over to a new process")
        drained = asyncio.create_task(client.server.wait_until_drained(1.0, at_most=10.0))
        await room.clock.wait_until_asleep()
        ready, alive = await client.get("/health/ready"), await client.get("/health")
        await room.clock.advance(1.9)
        assert not drained.done()
        await room.clock.advance(0.2)
        assert drained.done()
    assert "Connection" not in open_one.headers
    assert (ready.status, ready.json["reasons"]) == (503, why)
    assert (alive.status, alive.headers["Connection"]) == (200, "close")


@pytest.mark.parametrize("writable", [True, False])
async def test_a_state_file_that_fails_makes_it_unready_with_the_reason(
    room: Room, *, writable: bool
) -> None:
    reason = "the state file theseus.sqlite3 is damaged"
    facts = BotFacts(
        commit=lambda: COMMIT, connection=lambda: room.connection, storage=lambda: (reason,)
    )
    key_values = FakeKeyValueStore() if writable else FullKeyValueStore()
    room.without(facts=facts, key_values=key_values)
    async with room.serving() as client:
        ready = await client.get("/health/ready")
        info = (await client.get("/health/info")).json
    assert (ready.status, ready.json["reasons"]) == (503, [reason])
    assert info["state"] == reason


@pytest.mark.parametrize("why", ["it is shutting down", "it hands over to a new process"])
async def test_at_its_end_it_is_alive_and_not_ready(room: Room, why: str) -> None:
    room.without(
        facts=BotFacts(
            commit=lambda: COMMIT, connection=lambda: room.connection, closing=lambda: why
        )
    )
    async with room.serving() as client:
        ready, alive = await client.get("/health/ready"), await client.get("/health")
    assert (ready.status, ready.json["reasons"]) == (503, [why])
    assert alive.status == 200


async def test_it_tells_what_runs_here_and_no_secret(room: Room) -> None:
    room.add_run()
    room.add_run("other", status="done")
    room.add_incident()
    key = "sk-ant-api03-" + "a1B2" * 20
    facts = BotFacts(
        commit=lambda: COMMIT,
        connection=lambda: room.connection,
        engine=f"claude with {key}",
        commands=lambda: f"Discord refuses `/x` ({key}).",
    )
    room.without(facts=facts)
    async with room.serving() as client:
        room.clock.tick(90)
        told = (await client.get("/health/info")).json
    assert told["commit"] == COMMIT
    assert told["uptime_seconds"] == 90
    assert (told["runs_active"], told["incidents_open"]) == (1, 1)
    assert told["gateway_latency_ms"] == 50
    assert told["commands"].startswith("Discord refuses `/x`")
    assert key not in str(told)


async def test_how_old_the_newest_backup_is_is_told(room: Room) -> None:
    made = Backup(file=Path("/backups/one"), made_at=room.clock.now(), size=7)
    known = BackupStatus()

    async def status() -> BackupStatus:
        return known

    room.without(backups=status)
    async with room.serving() as client:
        told = (await client.get("/health/info")).json["backup"]
        assert (told["newest"], told["failing"]) == (None, False)
        assert "theseus_backup_age_seconds" not in (await client.get("/metrics")).text
        known = BackupStatus(newest=made, count=1, failure="the disk is full of /var/lib/secret")
        room.clock.tick(60)
        answer = await client.get("/health/info")
        assert answer.json["backup"]["age_seconds"] == 60
        assert answer.json["backup"]["failing"] is True
        assert "secret" not in str(answer.json)
        lines = (await client.get("/metrics")).text.splitlines()
    assert {"theseus_backup_age_seconds 60.0", "theseus_backup_failing 1.0"} <= set(lines)


async def test_metrics_are_of_the_format_and_add_up(room: Room) -> None:
    ledger, outbox = FakeLedger(), FakeOutbox()
    room.without(ledger=ledger, outbox=outbox)
    for key in ("waits", "waits too", "refused"):
        await outbox.enqueue(key, 1, Post(text="hello"))
    await outbox.mark_failed("refused", "no")
    room.add_run()
    room.add_run("other", status="failed")
    room.add_incident()
    async with room.serving() as client:
        await client.server.feed.look()
        for outcome in (ActionOutcome.OK, ActionOutcome.OK, ActionOutcome.ERROR):
            room.services.recorder.record(Kind.COMMAND, "roll", outcome)
        await ledger.charge(
            Charge(
                id="1",
                at=room.clock.now(),
                account=Account(purpose="chat", person_id=1),
                model="m",
                status=200,
                outcome="ok",
                cost_usd=0.25,
                tokens_in=10,
                tokens_out=5,
            )
        )
        await client.server.feed.look()
        room.clock.tick(60)
        answer = await client.get("/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.text.splitlines()
    assert answer.text.endswith("\n")
    assert all(LINE.fullmatch(line) for line in lines if not line.startswith("#"))
    assert {
        'theseus_actions_total{kind="command",outcome="ok"} 2.0',
        'theseus_actions_total{kind="command",outcome="error"} 1.0',
        'theseus_runs{status="running"} 1.0',
        'theseus_runs{status="failed"} 1.0',
        'theseus_runs{status="done"} 0.0',
        "theseus_incidents_open 1.0",
        'theseus_incidents{severity="high"} 1.0',
        'theseus_incidents{severity="low"} 0.0',
        "theseus_outbox_waiting 2.0",
        "theseus_outbox_refused 1.0",
        "theseus_model_cost_usd_total 0.25",
        'theseus_model_tokens_total{direction="in"} 10.0',
        "theseus_last_action_age_seconds 60.0",
        "theseus_gateway_connected 1.0",
        "theseus_stopped 0.0",
        "theseus_audit_breaks 0.0",
    } <= set(lines)
    for name in {line.split(" ")[2] for line in lines if line.startswith("# TYPE")}:
        assert lines.count(f"# TYPE {name} counter") + lines.count(f"# TYPE {name} gauge") == 1
    process = dict(line.split() for line in lines if line.startswith("process_"))
    assert float(process["process_start_time_seconds"]) == START.timestamp()
    assert float(process["process_resident_memory_bytes"]) > 1e6


def test_whatever_a_journal_says_there_are_few_labels() -> None:
    counter = ActionCounter()
    for number in range(1_000):
        kind = f'evil{number}"\n'
        counter.count(Sample(at=number, id=str(number), event="x", kind=kind, outcome=kind))
    assert dict(counter.actions) == {("other", "other"): 1_000}


async def test_a_clock_that_went_back_makes_no_negative_age(room: Room) -> None:
    async with room.serving() as client:
        await client.server.feed.look()
        room.clock.tick(timedelta(hours=1).total_seconds())
        room.services.recorder.record(Kind.COMMAND, "roll", ActionOutcome.OK)
        await client.server.feed.look()
        room.clock.tick(-timedelta(hours=1).total_seconds())
        assert "theseus_last_action_age_seconds 0.0\n" in (await client.get("/metrics")).text


async def test_the_pages_speak_as_people_do_and_name_commands_there_are(room: Room) -> None:
    async with room.serving() as client:
        state = await client.get("/state")
        audit = await client.get("/audit")
    assert "<dt>Emergency stop</dt><dd>Not active</dd>" in state.text
    assert "run “theseus audit verify” on the machine" in audit.text
