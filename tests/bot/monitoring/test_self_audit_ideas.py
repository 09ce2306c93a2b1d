"""A model's proposals become requests without votes; nothing of them starts by itself."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.budget.enforcement import BudgetEnforcer
from bot.domain.account import Account, Charge
from bot.domain.audit_ideas import AuditIdea
from bot.domain.budget import BudgetRules, Cap
from bot.domain.cost import Cost
from bot.domain.errors import AgentSilent, BudgetSpent
from bot.domain.people import ITSELF
from bot.domain.self_audit import AuditReport, Gap
from bot.monitoring.self_audit_ideas import AuditIdeaCollector
from bot.self_improvement.requests.feature_requests import MOST_IDEAS_KEPT
from tests.fakes.fake_audit_reader import FakeAuditReader
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_commit_trees import FakeCommitTrees
from tests.fakes.fake_ledger import FakeLedger
from tests.support.agent_harness import ALICE, AgentHarness
from tests.support.agent_under_test import AgentUnderTest

NOW = datetime(2026, 11, 21, tzinfo=UTC)
KEY = "sk-ant-api03-" + "a" * 95
REPORT = AuditReport(
    since=NOW - timedelta(days=7),
    until=NOW,
    gaps=(Gap(what="cogs/dice.py", why=f"2 functions: {KEY}"),),
)
FILES = {f"cogs/c{n}.py": b"x = 1\n" * 9_000 for n in range(20)} | {
    "cogs/dice.py": f"key = '{KEY}'\n".encode(),
    "bot/secret.py": b"never chosen\n",
}
IDEA = AuditIdea(text=f"add a test for /roll with 0 dice {KEY}", reason="no test", value=3)


def collector(
    agent: AgentUnderTest, reader: FakeAuditReader, usd: float | None = 0.5
) -> AuditIdeaCollector:
    return AuditIdeaCollector(
        reader,
        FakeCommitTrees({"live": FILES}),
        agent.wishes,
        rules=lambda: BudgetRules(audit=Cap(usd=usd)),
        live_commit=lambda: "live",
    )


async def test_a_bounded_sample_without_secrets_is_read(tmp_path: Path) -> None:
    agent, reader = AgentHarness(tmp_path).create_agent(), FakeAuditReader(IDEA)
    await agent.wishes.keep(ALICE, "add a /coinflip command")
    (stored,) = await collector(agent, reader).collect(REPORT, "1")
    ((sample, usd),) = reader.read
    assert (usd, sample.known) == (0.5, ("add a /coinflip command",))
    assert sample.sources[0][0] == "cogs/dice.py"
    assert len(sample.sources) == 5
    assert len(sample.model_dump_json()) < 70_000
    assert KEY not in sample.model_dump_json()
    assert KEY not in stored.text
    other = FakeAuditReader()
    await collector(agent, other).collect(REPORT, "2")
    assert other.read[0][0].sources != sample.sources


async def test_proposals_rank_below_what_people_ask_for_and_are_not_repeated(
    tmp_path: Path,
) -> None:
    agent = AgentHarness(tmp_path).create_agent()
    await agent.wishes.keep(ALICE, "add a /coinflip command")
    ideas = (
        AuditIdea(text="please add a coinflip command", value=5),
        AuditIdea(text="describe the limits of /roll", value=2),
        AuditIdea(text="test /poll without answers", value=4),
        AuditIdea(text="test the /poll without any answers", value=4),
    )
    stored = await collector(agent, FakeAuditReader(*ideas)).collect(REPORT, "1")
    assert [each.text for each in stored] == [ideas[1].text, ideas[2].text]
    ranked = [(each.text, each.votes) for each in await agent.wishes.list_requests()]
    assert ranked == [("add a /coinflip command", 1), (ideas[2].text, 0), (ideas[1].text, 0)]
    joined = await agent.wishes.keep(ALICE, ideas[1].text)
    assert joined.votes == 1


async def test_only_so_many_proposals_wait_for_people(tmp_path: Path) -> None:
    agent = AgentHarness(tmp_path).create_agent()
    ideas = [AuditIdea(text=f"topic{n} subject{n}") for n in range(MOST_IDEAS_KEPT + 3)]
    stored = await collector(agent, FakeAuditReader(*ideas)).collect(REPORT, "1")
    assert len(stored) == MOST_IDEAS_KEPT


async def test_without_a_budget_nobody_reads_and_a_failing_model_changes_nothing(
    tmp_path: Path,
) -> None:
    agent, reader = AgentHarness(tmp_path).create_agent(), FakeAuditReader(IDEA)
    assert await collector(agent, reader, usd=0).collect(REPORT, "1") == ()
    assert reader.read == []
    silent = FakeAuditReader(error=AgentSilent("no sign of life"))
    assert await collector(agent, silent).collect(REPORT, "1") == ()


async def test_the_cap_of_audits_counts_audits_alone() -> None:
    clock, ledger = FakeClock(), FakeLedger()
    enforcer = BudgetEnforcer(ledger, clock, BudgetRules(audit=Cap(usd=0.5)))
    audit = Account(purpose="audit", person_id=ITSELF.id)
    for number, (account, usd) in enumerate(
        ((Account(purpose="plan", person_id=ITSELF.id), 3.0), (audit, 0.3))
    ):
        charge = Charge(
            id=f"{number}", at=clock.now(), account=account, model="m", status=200,
            outcome="ok", cost_usd=usd,
        )  # fmt: skip
        await ledger.charge(charge)
    await enforcer.check_budget(audit)
    await enforcer.admit(audit, Cost(cost_usd=0.05), "1")
    with pytest.raises(BudgetSpent, match=r"daily budget of self-audits.*budget\.audit"):
        await enforcer.admit(audit, Cost(cost_usd=0.3), "2")
    await enforcer.admit(Account(purpose="plan", person_id=5), Cost(cost_usd=0.3), "3")
