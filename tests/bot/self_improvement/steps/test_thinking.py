"""A planner may explain and plan; the proof of a fix never depends on it."""

from pathlib import Path

import pytest

from bot.domain.errors import AgentOverloaded
from bot.domain.plan import Plan, Reproduction
from bot.ports.agent import Progress
from bot.ports.planner import Case
from bot.presentation.cards._second_opinion import list_opinion_lines
from bot.self_improvement.steps.diagnose import FaultAnalyzer
from bot.self_improvement.steps.plan import PlanBuilder
from tests.bot.presentation.test_cards import HISTORY, PLAN
from tests.fakes.fake_planner import FakePlanner, finish_draft
from tests.fakes.fake_verifier import FakeVerifier
from tests.fakes.fake_workspaces import FakeWorkspaces
from tests.support.agent_harness import FILES

OWN_TEST = Reproduction(
    path="tests/regressions/test_own.py",
    node_id="tests/regressions/test_own.py::test_own",
    source="def test_own():\n    raise IndexError\n",
    calls="face(6, 6)",
    expects="IndexError",
)


def _case() -> Case:
    assert HISTORY.evidence is not None
    assert HISTORY.diagnosis is not None
    return Case(run_id="k7m2xq", evidence=HISTORY.evidence, diagnosis=HISTORY.diagnosis)


def _verifier(*, broken: bool = True) -> FakeVerifier:
    return FakeVerifier(broken=lambda _: broken)


class Heard:
    """What was reported on the way."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def __call__(self, progress: Progress) -> None:
        self.texts.append(progress.text)


async def _think(
    tmp_path: Path,
    planner: FakePlanner | None,
    draft: Plan,
    verifier: FakeVerifier,
    second: FakePlanner | None = None,
) -> tuple[Plan, float, list[str]]:
    workspaces, heard = FakeWorkspaces(tmp_path, FILES), Heard()
    async with workspaces.open("k7m2xq", base=workspaces.base) as workspace:
        thought = await PlanBuilder(verifier, planner, second=second).ask_planner(
            _case(), finish_draft(draft), workspace, heard
        )
    return thought.plan, thought.cost.cost_usd, heard.texts


async def test_without_a_planner_the_rules_own_come_back(tmp_path: Path) -> None:
    plan, cost, heard = await _think(tmp_path, None, PLAN, _verifier())
    assert (plan, cost, heard) == (PLAN, 0.0, [])


async def test_a_planners_words_replace_the_rules_and_their_cost_is_told(tmp_path: Path) -> None:
    plan, cost, heard = await _think(tmp_path, FakePlanner(), PLAN, _verifier())
    assert (plan.solution, plan.written_by) == ("Take one away.", "fake (rules of thumb)")
    assert (cost, heard) == (0.02, ["thinking about a plan"])


async def test_the_rules_reproduction_is_never_replaced(tmp_path: Path) -> None:
    plan, _, _ = await _think(tmp_path, FakePlanner(test=OWN_TEST), PLAN, _verifier())
    assert plan.reproduction == PLAN.reproduction


async def test_a_planners_test_counts_where_there_is_none_and_it_fails_on_base(
    tmp_path: Path,
) -> None:
    draft = PLAN.replace(reproduction=None)
    plan, _, _ = await _think(tmp_path, FakePlanner(test=OWN_TEST), draft, _verifier())
    assert plan.reproduction == OWN_TEST


async def test_a_planners_test_that_passes_on_base_proves_nothing(tmp_path: Path) -> None:
    draft, planner = PLAN.replace(reproduction=None), FakePlanner(test=OWN_TEST)
    plan, _, _ = await _think(tmp_path, planner, draft, _verifier(broken=False))
    assert plan.reproduction is None


async def test_a_diagnosis_is_explained_in_the_planners_words(tmp_path: Path) -> None:
    workspaces, heard = FakeWorkspaces(tmp_path, FILES), Heard()
    async with workspaces.open("k7m2xq", base=workspaces.base) as workspace:
        told, spent = await FaultAnalyzer(FakePlanner()).explain(_case(), workspace, heard)
    assert (told.cause, told.explained_by) == (
        "The index is one too high.",
        "fake (rules of thumb)",
    )
    assert told.headline == _case().diagnosis.headline
    assert (spent.tokens_in, heard.texts) == (100, ["reading the evidence"])


async def test_what_a_planner_raises_comes_out_unchanged(tmp_path: Path) -> None:
    workspaces = FakeWorkspaces(tmp_path, FILES)
    planner = FakePlanner(error=AgentOverloaded("The provider is overloaded."))
    async with workspaces.open("k7m2xq", base=workspaces.base) as workspace:
        with pytest.raises(AgentOverloaded):
            await FaultAnalyzer(planner).explain(_case(), workspace, Heard())
        with pytest.raises(AgentOverloaded):
            await PlanBuilder(_verifier(), planner).ask_planner(
                _case(), finish_draft(PLAN), workspace, Heard()
            )


async def test_of_a_high_risk_two_planners_are_heard_and_people_see_where_they_differ(
    tmp_path: Path,
) -> None:
    draft, second = PLAN.replace(risk="high"), FakePlanner(solution="**Remove** @everyone's bound.")
    plan, cost, heard = await _think(tmp_path, FakePlanner(), draft, _verifier(), second)
    assert (plan.solution, plan.reproduction) == ("Take one away.", PLAN.reproduction)
    assert cost == 0.04
    assert heard == ["thinking about a plan", "second planner thinking about a plan"]
    assert list_opinion_lines(plan) == (
        "fake (rules of thumb) differs in 1 point.",
        "**Solution** Take one away. ⟷ \\*\\*Remove\\*\\* @\u200beveryone's bound.",
    )


async def test_a_second_planner_that_fails_is_named_and_changes_nothing(tmp_path: Path) -> None:
    draft, second = PLAN.replace(risk="high"), FakePlanner(error=AgentOverloaded("Too busy."))
    plan, cost, _ = await _think(tmp_path, FakePlanner(), draft, _verifier(), second)
    assert list_opinion_lines(plan) == ("fake (rules of thumb) gave none: Too busy.",)
    assert cost == 0.025


async def test_of_a_lower_risk_no_second_planner_is_asked(tmp_path: Path) -> None:
    second = FakePlanner()
    plan, cost, _ = await _think(tmp_path, FakePlanner(), PLAN, _verifier(), second)
    assert (plan.second_opinion, cost, second.asked) == (None, 0.02, [])
