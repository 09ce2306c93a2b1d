"""Rows from before a run said what it waits for: the old reason is read once, on opening."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.adapters.sqlite_store import SqliteStore
from bot.adapters.sqlite_store._schema import MIGRATIONS, WAITING
from bot.domain.run import Run, Stage, Status, Waiting
from bot.domain.run_state import EDGES, get_state
from tests.contracts.test_store_contract import NOW, a_run

PARKED = NOW.isoformat()
OLD = {  # what older versions wrote: stage, reason, until when it is parked
    "new": (Stage.OBSERVE, "", None, Waiting.THREAD),
    "thread": (
        Stage.EXECUTE,
        "I wait with it: its thread is gone, or takes nothing from me, and nobody would see it.",
        None,
        Waiting.THREAD,
    ),
    "stop": (Stage.PLAN, "Alice has stopped everything: a test.", None, Waiting.STOPPED),
    "held": (
        Stage.DIAGNOSE,
        "⏸️ Held before the next step. **Bob** has paused my own work. It goes on when somebody "
        "says “resume”.",
        PARKED,
        Waiting.PAUSED,
    ),
    "asks": (Stage.EXECUTE, "Waiting for an answer.", PARKED, Waiting.QUESTION),
    "turn": (
        Stage.EXECUTE,
        "⏸️ The claude engine has begun as many changes as it may in an hour (2, "
        "`budget.modifications_an_hour`). I go on by myself <t:1:R> (<t:1:t>).",
        PARKED,
        Waiting.TURN,
    ),
    "limit": (
        Stage.PLAN,
        "⏸️ The usage limit is reached. I go on by myself <t:1:R> (<t:1:t>).",
        PARKED,
        Waiting.USAGE_LIMIT,
    ),
    "money": (
        Stage.EXECUTE,
        "⏸️ What one day may cost is spent: $5.00 of $5.00 (`budget.day`). It is free again "
        "<t:1:R>. I go on by myself <t:1:R> (<t:1:t>).",
        PARKED,
        Waiting.BUDGET,
    ),
    "word": (Stage.SHIP, "", None, Waiting.APPROVAL),
    "unshipped": (Stage.SHIP, "Not shipped: full checks fail.", None, Waiting.UNSHIPPED),
    "unrevised": (
        Stage.SHIP,
        "The revision came to nothing: it went in circles. `abc1234` stands as proposed.",
        None,
        Waiting.UNREVISED,
    ),
    "forge": (
        Stage.SHIP,
        "Checks of #3 are still running. I try again until <t:1:R> (<t:1:t>).",
        PARKED,
        Waiting.FORGE,
    ),
    "stop at ship": (Stage.SHIP, "Alice has stopped everything.", None, Waiting.STOPPED),
}


def written(run: Run, stage: Stage, reason: str, parked: str | None) -> str:
    """Return the body as it was written before: a run that waits, and says not what for."""
    body = json.loads(run.model_dump_json())
    del body["waiting"]
    return json.dumps(
        body | {"stage": stage, "status": Status.WAITING, "reason": reason, "parked_until": parked},
        ensure_ascii=False,
    )


@pytest.mark.parametrize("name", OLD)
async def test_a_row_from_before_says_what_it_waits_for(name: str, tmp_path: Path) -> None:
    stage, reason, parked, waiting = OLD[name]
    path, before = tmp_path / "theseus.sqlite3", MIGRATIONS[: MIGRATIONS.index(WAITING)]
    async with SqliteStore(path, migrations=before) as old:
        queued, run = await old.create(a_run("queued")), await old.create(a_run())
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "UPDATE runs SET status = 'waiting', body = ? WHERE id = ?",
            (written(run, stage, reason, parked), run.id),
        )
    async with SqliteStore(path) as store:
        now = await store.get(run.id)
        assert (now.status, now.waiting, now.reason) == (Status.WAITING, waiting, reason)
        assert now.trigger == run.trigger
        assert EDGES[get_state(now)]
        assert await store.get(queued.id) == queued
