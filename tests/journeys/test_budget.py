"""A budget that runs out in the middle of the work: the real program, a model that only looks."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.demo.workspace import DemoWorkspace
from tests.fakes.small_bot_repository import SPIN
from tests.support.casts import Cast, make_claude_cast
from tests.support.page_reader import get_text
from tests.support.small_bot_harness import SmallBotHarness, open_small_bot
from tests.twins.model import call_tool

pytestmark = pytest.mark.slow

CAP = 0.6
LOOKS = [call_tool("Grep", pattern=f"w{n}rd").set_tokens(20_000, 1_500) for n in range(40)]


@asynccontextmanager
async def with_little_money(workspace: DemoWorkspace, folder: Path) -> AsyncIterator[Cast]:
    """Let a run cost sixty cents."""
    async with make_claude_cast({"executor": LOOKS}, fallback="none")(workspace, folder) as cast:
        content: dict[str, Any] = yaml.safe_load(workspace.config.read_text(encoding="utf-8"))
        content["budget"] = {"run": {"usd": CAP}}
        workspace.config.write_text(yaml.safe_dump(content), encoding="utf-8")
        yield cast


def paid(world: SmallBotHarness, run_id: str) -> tuple[float, int, int]:
    """Return what the ledger says a run has cost, how often a model answered, and was refused."""
    with sqlite3.connect(f"file:{world.workspace.state}/ledger.sqlite3?mode=ro", uri=True) as db:
        usd, went, refused = db.execute(
            "SELECT sum(cost_usd), sum(outcome != 'refused'), sum(outcome = 'refused')"
            " FROM charges WHERE run_id = ?",
            (run_id,),
        ).fetchone()
    return float(usd), int(went), int(refused)


async def test_a_budget_spent_in_the_middle_stops_the_model_and_every_sum_is_the_same(
    tmp_path: Path,
) -> None:
    async with open_small_bot(tmp_path, with_little_money) as world:
        alice = world.alice
        await world.break_command(SPIN)
        thread = await alice.ask(SPIN.report)
        end = get_text(await alice.wait_for_end(thread, 120))
        assert "This run's budget is" in end
        assert "(`budget.run`)" in end
        run = world.get_run(thread)
        usd, went, refused = paid(world, run["id"])
        assert 0.3 < usd <= CAP
        assert went > 3
        assert refused >= 1
        assert run["cost_usd"] == pytest.approx(usd)
        cards = (await alice.read_transcript())[thread]
        assert any(f"${usd:.2f} of $0.60" in str(message["embeds"]) for message in cards)
        await alice.person.say(thread, "how much have we spent?")
        told = await alice.wait_for_text(thread, "What models cost")
        assert f"`{run['id']}`: ${usd:.2f}" in get_text(told)
        await world.wait_until_clean()
