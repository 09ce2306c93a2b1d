"""`theseus budget`: the ledger read without a running bot."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.adapters.sqlite_ledger import SqliteLedger
from bot.adapters.system_clock import SystemClock
from bot.cli.main import build_command_line
from bot.domain.account import Account, Charge
from bot.domain.errors import StoreError

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a state folder of its own."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("THESEUS_STATE", str(tmp_path))
    return tmp_path


async def _spend(path: Path) -> None:
    account = Account(purpose="plan", person_id=42, run_id="abc123")
    async with SqliteLedger(path) as ledger:
        await ledger.charge(
            Charge(
                id="c1",
                at=SystemClock().now(),
                account=account,
                model="claude-opus",
                status=200,
                outcome="ok",
                cost_usd=0.42,
                tokens_in=2_000,
            )
        )


def test_what_was_spent_is_shown_in_words_and_as_json(state: Path) -> None:
    asyncio.run(_spend(state / "ledger.sqlite3"))
    told = CliRunner().invoke(build_command_line(), ["budget"]).stdout
    assert "Today $0.42 of $40.00 (1%); resets at 20" in told
    assert "user 42: $0.42 of $20.00" in told
    assert "abc123: $0.42 · 2.0k tokens · 1 request" in told
    report = json.loads(CliRunner().invoke(build_command_line(), ["budget", "--json"]).stdout)
    assert report["week"]["cost"]["cost_usd"] == 0.42
    assert report["purposes"][0]["name"] == "plan"


def test_nothing_there_yet_is_nothing_spent(state: Path) -> None:
    assert (
        "Today $0.00 of $40.00 (0%)" in CliRunner().invoke(build_command_line(), ["budget"]).stdout
    )


def test_a_damaged_ledger_is_named(state: Path) -> None:
    (state / "ledger.sqlite3").write_bytes(b"no database at all" * 100)
    error = CliRunner().invoke(build_command_line(), ["budget"]).exception
    assert isinstance(error, StoreError)
    assert "ledger.sqlite3 cannot be used" in str(error)
