"""Past runs are worked again by another engine, within limits, and compared with what they were."""

from pathlib import Path

from bot.domain.change import ChangeSet
from bot.domain.cost import Cost
from bot.domain.errors import AgentUnavailable
from bot.domain.evidence import Diagnosis, Evidence
from bot.domain.experience import ExperienceLimits, ExperienceReport
from bot.domain.people import Person, Place
from bot.domain.plan import Plan, Reproduction, Step
from bot.domain.proposal import Proposal
from bot.domain.run import Run, Status, Trigger
from bot.learning.experience import ExperienceReplay
from bot.proof.sample_conversations import TextsOfChat
from bot.self_improvement.checks.gates.experience import ExperienceGate
from bot.self_improvement.checks.gates.merge_gates import GateReport
from tests.fakes.fake_agent import FakeAgent
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_store import FakeStore
from tests.fakes.fake_verifier import FakeVerifier
from tests.fakes.fake_workspaces import FakeWorkspaces
from tests.support.gate_cases import make_case

HEAD = "b" * 40
BROKEN, FIXED = {"dice.py": "broken"}, {"dice.py": "fixed"}
PROMPTS = {"prompts/executor.md": "Work."}, {"prompts/executor.md": "Work well."}


class Cases:
    """Two ended runs of `dice.py`: the newer was proposed, the older failed."""

    def __init__(self, folder: Path) -> None:
        self.store, self.clock = FakeStore(), FakeClock()
        self.workspaces = FakeWorkspaces(folder, {"dice.py": b"broken"})
        self.verifier = FakeVerifier(broken=lambda root: (root / "dice.py").read_text() != "fixed")
        for name in ("bbb", "aaa"):
            self._add_run(name)
        now = self.clock.now()
        self.store.records["aaa"].append(
            Proposal(run_id="aaa", number=1, url="", head=HEAD, base=HEAD, branch="b", at=now)
        )
        self.replay = ExperienceReplay(self.store, self.workspaces, self.verifier, self.clock)

    def _add_run(self, name: str) -> None:
        now, person = self.clock.now(), Person(id=1, name="alice")
        trigger = Trigger(
            key=name, goal="fix", person=person, place=Place(channel_id=1), text="", at=now
        )
        self.store.runs[name] = Run(
            id=name, goal="fix", trigger=trigger, status=Status.DONE, created_at=now, updated_at=now
        )
        base = self.workspaces.base
        test = Reproduction(path="test_it.py", node_id="t", source="", calls="", expects="")
        step = Step(summary="", owned_files=("dice.py",))
        self.store.records[name] = [
            Evidence(base=base),
            Diagnosis(found=True, headline="", cause=""),
            Plan(problem="", solution="", steps=(step,), reproduction=test),
            ChangeSet(base=base, head=HEAD, branch="b", engine="offline", summary="the answer"),
        ]

    async def work_again(self, agent: FakeAgent, **limits: float) -> ExperienceReport:
        return await self.replay.replay(agent, ExperienceLimits.model_validate(limits))


async def test_each_case_is_better_worse_or_the_same_and_leaves_nothing(tmp_path: Path) -> None:
    cases = Cases(tmp_path)
    good = await cases.work_again(FakeAgent(FIXED))
    assert [each.comparison for each in good.trials] == ["same", "better"]
    bad = await cases.work_again(FakeAgent({"dice.py": "worse"}))
    assert [each.comparison for each in bad.trials] == ["worse", "same"]
    assert "the test that shows the fault" in bad.trials[0].why
    foreign = await cases.work_again(FakeAgent({**FIXED, "other.py": "x"}))
    assert "does not own: other.py" in foreign.trials[0].why
    silent = await cases.work_again(FakeAgent(AgentUnavailable("no answer")))
    assert [each.comparison for each in silent.trials] == ["unmeasured"] * 2
    assert set(cases.store.runs) == {"aaa", "bbb"}
    assert not cases.workspaces.leased


async def test_the_engine_does_not_learn_what_the_run_did(tmp_path: Path) -> None:
    cases, agent = Cases(tmp_path), FakeAgent(FIXED)
    await cases.work_again(agent)
    assert "the answer" not in "".join(each.model_dump_json() for each in agent.asked)
    assert {each.person_id for each in agent.asked} == {0}


async def test_no_more_is_spent_than_the_limits_allow(tmp_path: Path) -> None:
    cases, agent = Cases(tmp_path), FakeAgent(FIXED, cost=Cost(cost_usd=0.6))
    report = await cases.work_again(agent, usd=0.5)
    assert (len(report.trials), report.omitted, report.cost_usd) == (1, 1, 0.6)
    assert report.summary == (
        "1 past runs worked again by fake: 0 better, 0 worse, 1 same, "
        "1 left out for the limits, $0.60"
    )
    assert (await cases.work_again(FakeAgent(FIXED), cases=0)).trials == ()


async def judge(
    tmp_path: Path, agent: FakeAgent | None, base: dict[str, str], head: dict[str, str]
) -> tuple[GateReport | None, list[TextsOfChat]]:
    opened: list[TextsOfChat] = []

    def open_engine(texts: TextsOfChat) -> FakeAgent:
        opened.append(texts)
        assert agent is not None
        return agent

    gate = ExperienceGate(
        Cases(tmp_path / "cases").replay, ExperienceLimits(), open_engine if agent else None
    )
    return await gate.judge(await make_case(tmp_path / "change", base, head)), opened


async def test_a_changed_prompt_is_tried_and_what_went_worse_is_on_the_card(tmp_path: Path) -> None:
    report, opened = await judge(tmp_path, FakeAgent({"dice.py": "worse"}), *PROMPTS)
    assert opened[0].prompts["executor"] == "Work well."
    assert report is not None
    result = report.result
    assert (result.status, result.is_blocking) == ("failed", False)
    assert result.summary.endswith("0 better, 1 worse, 1 same")
    assert result.details == ("run aaa (a fix): worse: the test that shows the fault: failed",)


async def test_what_no_engine_reads_is_not_tried_and_without_a_model_it_says_so(
    tmp_path: Path,
) -> None:
    agent = FakeAgent(FIXED)
    assert await judge(tmp_path / "a", agent, {"a.py": "1"}, {"a.py": "2"}) == (None, [])
    chat, opened = await judge(
        tmp_path / "b", agent, {"prompts/chat.md": "1"}, {"prompts/chat.md": "2"}
    )
    missing, _ = await judge(tmp_path / "c", None, *PROMPTS)
    assert opened == []
    assert chat is not None
    assert missing is not None
    assert chat.result.status == missing.result.status == "unmeasured"
    assert missing.result.summary == "there is no model here that reads them"
