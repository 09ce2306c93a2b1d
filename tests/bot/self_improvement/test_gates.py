"""Gates on a run's way: back to the engine, on the card, in the pull request, before "ship it"."""

from datetime import timedelta
from pathlib import Path

import pytest
from rehearsal_tests.fake_rehearsal import FakeRehearsal
from theseus_rehearsal.probe import RunProbe, StepCost
from theseus_rehearsal.records import Script

from bot.authority.approval_policy import ApprovalPolicy
from bot.authority.policy import Act
from bot.domain.change import Verdict
from bot.domain.errors import OutOfBounds
from bot.domain.gates import GateRules
from bot.domain.run import Status
from bot.infra.injector import Injector
from bot.presentation.cards import render_proposal
from bot.self_improvement.checks.gates.merge_gates import MergeGates
from bot.self_improvement.checks.gates.performance import PerformanceGate
from bot.self_improvement.checks.gates.reached_scripts import ReachedScripts
from tests.fakes.fake_agent import FakeAgent
from tests.support.agent_harness import FIX, AgentHarness
from tests.support.crash_point import CrashPoint
from tests.support.gate_cases import make_use


class SlowerHarness(AgentHarness):
    """A project whose fix makes `/roll` take longer; `per_round` are further ms of each answer."""

    def __init__(self, folder: Path, mode: str = "block") -> None:
        super().__init__(folder)
        self.rules = GateRules.model_validate({"performance": mode})
        self.traffic.records.append(make_use(self.clock, "dice", "roll"))
        self.slow_seconds = 0.05

    def _add_workers(self, injector: Injector, crash_point: CrashPoint) -> None:
        super()._add_workers(injector, crash_point)

        def fill(tree: Path, script: Script, probe: RunProbe) -> None:
            is_fixed = "value - 1" in (tree / "cogs/dice.py").read_text("utf-8")
            seconds = self.slow_seconds if is_fixed else 0.02
            probe.costs += [StepCost(seconds, 0.0, None)] * len(script.steps)

        gate = PerformanceGate(
            FakeRehearsal(fill=fill),
            self.trees,
            ReachedScripts(self.traffic, self.clock, lookback=timedelta(days=1)),
            rules=self.rules,
        )
        injector.add(MergeGates((gate,), self.rules, self.clock))


async def test_a_slower_command_ships_only_when_an_approver_accepts_it(tmp_path: Path) -> None:
    world = SlowerHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        history = await agent.get_history(run.id)
        card = render_proposal(run, history).card
        assert card is not None
        assert "🐢 **Slower**: `/roll`: takes 20 ms before, 50 ms now" in card.body
        assert "ship with “ship it, slower accepted”" in card.body
        gates = next(each.value for each in card.fields if each.name == "Quality gates")
        assert gates.startswith("⛔ performance: 1 of 1 commands slower")
        assert "### Quality gates\n\n- ⛔ performance: 1 of 1" in world.forge.drafts[-1].body
        for reviewed in (False, True):
            with pytest.raises(OutOfBounds, match=r"`/roll`: takes .*\"ship it, slower accepted"):
                await agent.approve(world.build_approval(run, security_reviewed=reviewed))
        assert world.forge.merges == []
        await agent.approve(world.build_approval(run, slower_accepted=True))
        ended = await world.wait_until_ended(run.id)
        approval = (await agent.get_history(run.id)).approval
    assert ended.status is Status.DONE
    assert approval is not None
    assert approval.accepted_slowdowns == ("`/roll`: takes 20 ms before, 50 ms now",)
    entries = await world.store.list_audit_entries(limit=100)
    notes = [each.note for each in entries if each.action == Act.SHIP and each.allowed]
    assert any("accepted as slower: `/roll`: takes 20 ms before" in note for note in notes)


async def test_an_acceptance_is_bound_to_what_was_measured(tmp_path: Path) -> None:
    world = SlowerHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        await agent.approve(world.build_approval(run, slower_accepted=True))
        await world.wait_until_ended(run.id)
        history = await agent.get_history(run.id)
        policy, proposal, verdict = agent.get(ApprovalPolicy), history.proposal, history.verdict
        assert proposal is not None
        assert verdict is not None
        assert (await policy.count_votes(run, history, proposal)).enough
        (gate,) = verdict.gates
        worse = gate.replace(details=("`/roll`: takes 20 ms before, 900 ms now",))
        later = history.replace(verdict=verdict.replace(gates=(worse,)))
        assert not (await policy.count_votes(run, later, proposal)).enough
        assert not await policy.has_enough_votes(run, later, proposal)


async def test_a_report_does_not_stop_anything(tmp_path: Path) -> None:
    world = SlowerHarness(tmp_path, "report")
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        verdict = (await agent.get_history(run.id)).verdict
        assert verdict is not None
        assert (verdict.gates[0].status, verdict.slowdowns) == ("failed", ())
        await agent.approve(world.build_approval(run))
        assert (await world.wait_until_ended(run.id)).status is Status.DONE


async def test_an_engine_that_follows_words_is_told_first(tmp_path: Path) -> None:
    world = SlowerHarness(tmp_path)
    world.engine = FakeAgent(FIX, can_follow_instructions=True)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
    feedback = world.engine.asked[1].feedback
    assert feedback is not None
    (finding,) = [each for each in feedback.findings if each.rule == "slower"]
    assert "`/roll`: takes 20 ms before, 50 ms now" in finding.message
    verdict = (await world.store.get_history(run.id)).verdict
    assert isinstance(verdict, Verdict)
    assert verdict.slowdowns  # the engine made the same edit again, so people decide
