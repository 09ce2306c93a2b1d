"""The real gateway with the real budget and ledger: what is asked at once stays under the cap."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import cast

import pytest

from bot.adapters.sqlite_ledger import SqliteLedger
from bot.budget.enforcement import BudgetEnforcer
from bot.domain.budget import BudgetRules, Cap
from tests.fakes.fake_clock import START, FakeClock
from tests.fakes.fake_spend_guard import FakeSpendGuard
from tests.support.gateway_room import ALICES, BOBS, make_body, open_gateway_room


async def test_forty_requests_at_once_over_sockets_stay_under_the_cap(tmp_path: Path) -> None:
    rules = BudgetRules(run=Cap(usd=0.05), reserve_usd=0.0)
    async with SqliteLedger(tmp_path / "ledger.sqlite3") as ledger:
        gate = BudgetEnforcer(ledger, FakeClock(), rules)
        async with (
            open_gateway_room(tmp_path, spend_guard=cast("FakeSpendGuard", gate)) as room,
            room.gateway.open_lease(ALICES) as lent,
            room.gateway.open_lease(BOBS) as bobs,
        ):
            asked = (room.ask(lent, make_body(f"Hello {number}.")) for number in range(40))
            answered = Counter(status for status, _ in await asyncio.gather(*asked))
            assert "This run's budget" in str(lent.refused())
            assert (await room.ask(bobs))[0] == 200  # it is not their money
            arrived = len(room.provider.requests)
        spent = await ledger.sum_costs(run_id=ALICES.run_id)
        charges = [
            each for each in await ledger.list_charges(since=START) if each.account == ALICES
        ]
    assert set(answered) == {200, 403}
    assert answered[200] == arrived - 1
    assert 0.03 <= spent.cost_usd <= 0.05
    outcomes = Counter(each.outcome for each in charges)
    assert outcomes == {"ok": answered[200], "refused": answered[403]}
    assert spent.cost_usd == pytest.approx(sum(each.cost_usd for each in charges))
