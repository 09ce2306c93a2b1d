"""What every ledger promises, on the fake, on SQLite and on PostgreSQL."""

import asyncio
import sqlite3
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.sqlite_ledger import LedgerSessionLock, SqliteLedger, SqlLedger
from bot.app.state_parts import LEDGER
from bot.domain.account import Account, Charge
from bot.domain.cost import Cost
from bot.domain.errors import StoreError
from bot.ports.ledger import Ledger
from tests.fakes.fake_clock import START
from tests.fakes.fake_ledger import FakeLedger
from tests.support.postgres_server import open_part, open_schema, run_server

ROOT = Path(__file__).resolve().parents[2]
KEPT = """
import asyncio, sys
from pathlib import Path
from bot.adapters.sqlite_ledger import SqliteLedger
from bot.domain.account import Charge

async def main():
    charge = Charge.model_validate_json(sys.argv[2])
    async with SqliteLedger(Path(sys.argv[1])) as ledger:
        await ledger.charge(charge)
        await ledger.hold(charge.replace(id="b", cost_usd=0.25))
        print("kept", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(params=["fake", "sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
async def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ledger]:
    """Return an empty ledger."""
    if request.param == "fake":
        yield FakeLedger()
        return
    if request.param == "postgres":
        async with SqlLedger(open_schema(request, LEDGER), LedgerSessionLock()) as shared:
            yield shared
        return
    async with SqliteLedger(tmp_path / "ledger.sqlite3") as real:
        yield real


def charge(name: str, usd: float = 0.5, **about: object) -> Charge:
    """Return a charge of 10 tokens in and 5 out."""
    told: dict[str, object] = {
        "id": name,
        "at": START,
        "account": account(),
        "model": "claude-sonnet",
        "status": 200,
        "outcome": "ok",
        "cost_usd": usd,
        "tokens_in": 10,
        "tokens_out": 5,
    }
    return Charge.model_validate(told | about)


def account(run_id: str | None = "abc123", person_id: int = 1) -> Account:
    """Return who is charged."""
    return Account(purpose="execute", person_id=person_id, run_id=run_id)


async def test_an_empty_ledger_has_spent_nothing(ledger: Ledger) -> None:
    assert await ledger.sum_costs() == Cost()
    assert await ledger.list_charges(since=START - DAY) == ()
    assert await ledger.sum_charges(since=START - DAY) == ()
    assert await ledger.count_changes(START - DAY) == {}


async def test_what_is_charged_adds_up_by_run_by_person_and_by_time(ledger: Ledger) -> None:
    await ledger.charge(charge("a"))
    await ledger.charge(charge("b", account=account(person_id=2)))
    await ledger.charge(charge("c", account=account("def456"), at=START - DAY))
    await ledger.charge(charge("d", account=account(None, 2), at=START + HOUR))
    assert await ledger.sum_costs() == Cost(cost_usd=2.0, tokens_in=40, tokens_out=20)
    assert (await ledger.sum_costs(run_id="abc123")).cost_usd == 1.0
    assert (await ledger.sum_costs(person_id=2)).cost_usd == 1.0
    assert (await ledger.sum_costs(person_id=2, run_id="abc123")).cost_usd == 0.5
    assert (await ledger.sum_costs(since=START)).cost_usd == 1.5
    assert (await ledger.sum_costs(person_id=1, since=START)).cost_usd == 0.5
    assert await ledger.sum_costs(run_id="nobody") == Cost()


async def test_the_same_id_twice_is_one_charge_the_first(ledger: Ledger) -> None:
    await ledger.charge(charge("a", 0.25))
    await ledger.charge(charge("a", 99.0, account=account(person_id=9)))
    assert (await ledger.sum_costs()).cost_usd == 0.25
    assert len(await ledger.list_charges(since=START)) == 1


async def test_what_is_held_counts_nowhere_and_is_gone_once_it_is_charged(ledger: Ledger) -> None:
    await ledger.hold(charge("a", 9.0))
    assert await ledger.sum_costs() == Cost()
    await ledger.charge(charge("a", 0.25), charge("b", 0.25))
    assert (await ledger.sum_costs()).cost_usd == 0.5


async def test_charges_come_newest_first_word_for_word(ledger: Ledger) -> None:
    first = charge("a", note="☂ why", redacted=3, estimated=True, seconds=1.5)
    second = charge("b", at=START + HOUR, outcome="refused", status=403, usd=0.0)
    third = charge("c", at=START + HOUR)
    for each in (first, second, third):
        await ledger.charge(each)
    assert await ledger.list_charges(since=START) == (third, second, first)
    assert await ledger.list_charges(since=START + HOUR) == (third, second)
    assert await ledger.list_charges(since=START, limit=1) == (third,)


async def test_a_sum_with_a_guess_in_it_is_one(ledger: Ledger) -> None:
    odd = 'no guess: "estimated":true'
    await ledger.charge(charge("a", account=account("one"), note=odd))
    await ledger.charge(charge("b", account=account("two"), estimated=True))
    assert not (await ledger.sum_costs(run_id="one")).estimated
    assert (await ledger.sum_costs(run_id="two")).estimated
    assert (await ledger.sum_costs(since=START)).estimated
    await ledger.charge(charge("c", account=account("one"), estimated=True))
    assert (await ledger.sum_costs(run_id="one")).estimated
    assert [each.estimated for each in await ledger.sum_charges(since=START)] == [True, True]


async def test_tallies_add_up_a_day_an_account_and_a_model(ledger: Ledger) -> None:
    await ledger.charge(charge("a"))
    await ledger.charge(charge("b"))
    await ledger.charge(charge("c", 0.0, outcome="refused", tokens_in=0, tokens_out=0))
    await ledger.charge(charge("d", model="claude-opus"))
    await ledger.charge(charge("e", account=Account(purpose="chat", person_id=2)))
    await ledger.charge(charge("f", at=START + DAY))
    tallies = await ledger.sum_charges(since=START)
    assert [(t.account.purpose, t.model, t.requests, t.refused) for t in tallies] == [
        ("chat", "claude-sonnet", 1, 0),
        ("execute", "claude-opus", 1, 0),
        ("execute", "claude-sonnet", 2, 1),
        ("execute", "claude-sonnet", 1, 0),
    ]
    assert tallies[2].cost_usd == 1.0
    assert (tallies[2].tokens_in, tallies[2].tokens_out) == (20, 10)
    assert [t.day for t in tallies] == [START.date()] * 3 + [(START + DAY).date()]
    assert len(await ledger.sum_charges(since=START + DAY)) == 1


async def test_what_is_forgotten_still_counts_for_its_run(ledger: Ledger) -> None:
    await ledger.charge(charge("old", at=START - DAY))
    await ledger.charge(charge("older", at=START - 2 * DAY))
    await ledger.charge(charge("new"))
    assert await ledger.forget(START) == 2
    assert await ledger.forget(START) == 0
    assert [each.id for each in await ledger.list_charges(since=START - 3 * DAY)] == ["new"]
    assert (await ledger.sum_costs(run_id="abc123")).cost_usd == 1.5
    assert (await ledger.sum_costs(since=START - 3 * DAY)).cost_usd == 0.5
    await ledger.charge(charge("late", at=START - DAY))
    assert await ledger.forget(START) == 1
    assert (await ledger.sum_costs(run_id="abc123")).cost_usd == 2.0
    assert (await ledger.sum_costs(person_id=1)).cost_usd == 2.0


@pytest.mark.parametrize("about", [{"cost_usd": float("inf")}, {"tokens_out": 10**30}])
async def test_a_charge_no_request_can_come_to_is_refused(
    ledger: Ledger, about: dict[str, object]
) -> None:
    with pytest.raises(StoreError, match="larger than any request"):
        await ledger.charge(charge("a").replace(**about))
    assert await ledger.sum_costs() == Cost()


async def test_text_that_is_not_quite_unicode_is_taken(ledger: Ledger) -> None:
    await ledger.charge(charge("a", note="half a \ud83d pair", model="m\ud83d"))
    (kept,) = await ledger.list_charges(since=START)
    assert kept.note.startswith("half a ")


async def test_five_changes_begin_in_an_hour_and_the_sixth_is_told_when(ledger: Ledger) -> None:
    for minute in range(5):
        now = START + timedelta(minutes=minute)
        assert await ledger.begin(f"run{minute}", "claude", now, window=HOUR, most=5) is None
    now = START + timedelta(minutes=30)
    assert await ledger.begin("run9", "claude", now, window=HOUR, most=5) == START + HOUR
    assert await ledger.count_changes(now - HOUR) == {"claude": 5}
    assert await ledger.begin("run9", "claude", START + HOUR, window=HOUR, most=5) is None


async def test_a_change_that_was_begun_may_go_on_and_counts_once(ledger: Ledger) -> None:
    for _ in range(3):
        assert await ledger.begin("run1", "claude", START, window=HOUR, most=1) is None
    assert await ledger.count_changes(START - HOUR) == {"claude": 1}


async def test_each_engine_has_its_own_changes(ledger: Ledger) -> None:
    assert await ledger.begin("run1", "claude", START, window=HOUR, most=1) is None
    assert await ledger.begin("run1", "offline", START, window=HOUR, most=1) is None
    assert await ledger.begin("run2", "claude", START, window=HOUR, most=1) == START + HOUR


async def test_no_changes_at_all_are_never_begun(ledger: Ledger) -> None:
    assert await ledger.begin("run1", "claude", START, window=HOUR, most=0) == START + HOUR
    assert await ledger.count_changes(START - HOUR) == {}


async def test_a_clock_that_is_set_back_frees_nothing_and_keeps_nobody_for_long(
    ledger: Ledger,
) -> None:
    assert await ledger.begin("run1", "claude", START, window=HOUR, most=1) is None
    earlier = START - 30 * DAY
    assert await ledger.begin("run2", "claude", earlier, window=HOUR, most=1) == earlier + HOUR


async def test_changes_that_begin_side_by_side_are_never_too_many(ledger: Ledger) -> None:
    begun = await asyncio.gather(
        *(ledger.begin(f"run{n}", "claude", START, window=HOUR, most=5) for n in range(20))
    )
    assert sum(until is None for until in begun) == 5
    assert {until for until in begun if until} == {START + HOUR}


async def test_a_charge_given_up_while_it_is_written_counts_if_it_was(ledger: Ledger) -> None:
    asking = asyncio.create_task(ledger.sum_costs())
    charging = asyncio.create_task(ledger.charge(charge("a")))
    await asyncio.sleep(0)  # both have begun
    charging.cancel()
    await asyncio.gather(asking, charging, return_exceptions=True)

    kept = await ledger.list_charges(since=START - DAY)
    assert (await ledger.sum_costs()).cost_usd == sum(each.cost_usd for each in kept)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def open_ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], SqlLedger]:
    """Return what opens one and the same ledger, as each program does."""
    if request.param == "sqlite":
        return partial(SqliteLedger, tmp_path / "ledger.sqlite3")
    place = open_schema(request, LEDGER).place
    return lambda: SqlLedger(open_part(place, LEDGER), LedgerSessionLock())


async def test_of_two_programs_one_writes_and_both_read(
    open_ledger: Callable[[], SqlLedger],
) -> None:
    async with open_ledger() as one, open_ledger() as other:
        await one.charge(charge("a"))
        with pytest.raises(StoreError, match=r"Another program uses the ledger .*THESEUS_STATE"):
            await other.charge(charge("b"))
        with pytest.raises(StoreError, match="Another program"):
            await other.begin("run1", "claude", START, window=HOUR, most=3)
        for number in range(2):  # not from memory: it is not the one who writes
            assert (await other.sum_costs()).cost_usd == 0.5 + number
            await one.charge(charge(f"c{number}", 1.0))


@given(steps=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=25))
@settings(max_examples=4, deadline=None)
async def test_sums_in_memory_are_those_of_the_file(steps: list[tuple[int, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite3"
        async with SqliteLedger(path) as ledger, SqliteLedger(path) as reader:
            for number, (act, which) in enumerate(steps):
                at = START + timedelta(hours=12 * which)
                if act == 0:
                    await ledger.forget(START + timedelta(hours=6 * which))
                elif act == 1:
                    await ledger.hold(charge(f"held{number}", at=at))
                elif act == 2:
                    await ledger.charge(charge(f"{which}"), charge(f"{which}", 9.0))
                else:
                    run = account("abc123" if act == 3 else None, which)
                    await ledger.charge(charge(f"n{number}", at=at, account=run))
                for asked in (
                    {}, {"run_id": "abc123"}, {"person_id": 1}, {"since": START},
                    {"since": at}, {"person_id": 1, "since": START},
                ):  # fmt: skip
                    assert await ledger.sum_costs(**asked) == await reader.sum_costs(**asked)


async def test_what_was_held_is_charged_by_whoever_opens_the_ledger_next(
    open_ledger: Callable[[], SqlLedger],
) -> None:
    async with open_ledger() as ledger:
        for name in ("lost", "paid", "later"):
            await ledger.hold(charge(name, 0.25))
        await ledger.hold(charge("lost", 0.5, account=account("def456")))
        await ledger.charge(charge("paid", 0.125))
        assert (await ledger.sum_costs()).cost_usd == 0.125
    for _ in range(2):
        async with open_ledger() as ledger:
            assert (await ledger.sum_costs()).cost_usd == 0.875
            assert (await ledger.sum_costs(run_id="def456")).cost_usd == 0.5


@pytest.mark.slow
async def test_after_the_server_was_killed_a_request_in_progress_is_charged_once() -> None:
    with run_server() as server:
        place = server.make_place()
        async with SqlLedger(open_part(place, LEDGER), LedgerSessionLock()) as ledger:
            await ledger.hold(charge("b", 9.0))
            await ledger.charge(charge("a"))  # flushed, and so is what was written before it
            assert (await ledger.sum_costs()).cost_usd == 0.5
            server.kill()
            with pytest.raises(StoreError, match="cannot be reached"):
                await ledger.charge(charge("b", 0.25))
            server.start()
            async with SqlLedger(open_part(place, LEDGER), LedgerSessionLock()) as other:
                # The lock ended with the server: another program is the owner for a moment.
                assert (await other.sum_costs()).cost_usd == 9.5
                with pytest.raises(StoreError, match="Another program"):
                    await ledger.hold(charge("c", 1.0))
            await ledger.charge(charge("b", 0.25), charge("c", 1.0))
            assert (await ledger.sum_costs()).cost_usd == 10.5


async def test_a_killed_program_loses_nothing_it_was_told_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", KEPT, str(path), charge("a").model_dump_json()),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert program.stdout is not None
    assert await program.stdout.readline() == b"kept\n"
    program.kill()
    await program.wait()
    async with SqliteLedger(path) as ledger:
        assert (await ledger.sum_costs()).cost_usd == 0.75


async def test_charges_survive_and_cannot_be_changed_behind_its_back(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    async with SqliteLedger(path) as ledger:
        await ledger.charge(charge("a"))
    with sqlite3.connect(path) as connection:
        for sql in (
            "UPDATE charges SET cost_usd = 0",
            "DELETE FROM charges",
            "INSERT OR REPLACE INTO charges SELECT * FROM charges",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(sql)
    connection.close()
    async with SqliteLedger(path) as ledger:
        assert (await ledger.sum_costs()).cost_usd == 0.5


async def test_a_damaged_ledger_says_so_until_it_is_mended(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    path.write_bytes(b"this is no database" * 100)
    async with SqliteLedger(path) as ledger:
        with pytest.raises(StoreError, match=r"ledger\.sqlite3 cannot be used"):
            await ledger.sum_costs()
        with pytest.raises(StoreError, match=r"ledger\.sqlite3 cannot be used"):
            await ledger.charge(charge("a"))
        path.unlink()
        await ledger.charge(charge("a"))
        assert (await ledger.sum_costs()).cost_usd == 0.5
