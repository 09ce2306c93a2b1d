"""Execute, verify, propose, ship: what counts is what is there, not what is claimed."""

from pathlib import Path

import pytest

from bot.domain.change import ChangeSet, MergeResult
from bot.domain.dialogue import Answer, Question
from bot.domain.errors import (
    AgentOutputInvalid,
    ForgeConflict,
    OutOfBounds,
    StaleApproval,
    TheseusError,
)
from bot.domain.plan import Plan
from bot.domain.proposal import Approval, ForgeProposal
from bot.ports.agent import Assignment, Budget, Progress, QuestionAsked
from bot.ports.workspace import Workspace
from bot.self_improvement.runs.code_agent_runner import CodeAgentRunner, ExecutionPaused
from bot.self_improvement.runs.deployer import Deployer
from bot.self_improvement.steps.propose import PullRequestPublisher
from tests.bot.presentation.test_cards import ALICE, CHANGE, HISTORY, PLAN, PROPOSAL, RUN, VERDICT
from tests.fakes.fake_agent import FakeAgent
from tests.fakes.fake_checkout import FakeCheckout
from tests.fakes.fake_clock import START, FakeClock
from tests.fakes.fake_forge import FakeForge, render
from tests.fakes.fake_runtime import FakeRuntime
from tests.fakes.fake_workspaces import FakeWorkspaces
from tests.support.agent_harness import FILES, FIX

PROOF = "tests/regressions/test_face.py"


def _assignment(plan: Plan = PLAN, **about: object) -> Assignment:
    return Assignment.model_validate(
        {
            "run_id": RUN.id,
            "round": 1,
            "evidence": HISTORY.evidence,
            "diagnosis": HISTORY.diagnosis,
            "plan": plan,
            **about,
        }
    )


async def _heard(_: Progress) -> None:
    return


def _execute(agent: FakeAgent) -> CodeAgentRunner:
    return CodeAgentRunner(agent, FakeClock(), budget=Budget(seconds=60))


async def _changed(
    execute: CodeAgentRunner, assignment: Assignment, workspace: Workspace
) -> ChangeSet:
    change = await execute(assignment, workspace, _heard)
    assert isinstance(change, ChangeSet)
    return change


async def test_the_change_is_read_from_the_workspace_with_the_reproduction_beside_it(
    tmp_path: Path,
) -> None:
    workspaces = FakeWorkspaces(tmp_path, FILES)
    async with workspaces.open(RUN.id, base=workspaces.base) as workspace:
        change = await _changed(_execute(FakeAgent(FIX)), _assignment(), workspace)
        assert [file.path for file in change.files] == ["cogs/dice.py", PROOF]
        assert change.head == await workspace.get_head() != workspace.base
        assert (change.engine, change.attempts[0].summary) == ("fake", "one edit")


async def test_of_several_tests_of_one_failure_one_stays(tmp_path: Path) -> None:
    workspaces = FakeWorkspaces(tmp_path, FILES)
    assert PLAN.reproduction is not None
    outer = PLAN.reproduction.replace(path="tests/regressions/test_outer.py", answered=True)
    plan = PLAN.replace(witnesses=(outer,))
    async with workspaces.open(RUN.id, base=workspaces.base) as workspace:
        change = await _changed(_execute(FakeAgent(FIX)), _assignment(plan=plan), workspace)
        assert [file.path for file in change.files] == ["cogs/dice.py", outer.path]


async def test_a_claim_without_a_change_is_no_change(tmp_path: Path) -> None:
    workspaces = FakeWorkspaces(tmp_path, FILES)
    async with workspaces.open(RUN.id, base=workspaces.base) as workspace:
        change = await _changed(_execute(FakeAgent({})), _assignment(), workspace)
        assert (change.files, change.diff, change.head) == ((), "", workspace.base)


async def test_a_second_round_that_adds_nothing_is_no_change_either(tmp_path: Path) -> None:
    workspaces = FakeWorkspaces(tmp_path, FILES)
    execute = _execute(FakeAgent(FIX))
    async with workspaces.open(RUN.id, base=workspaces.base) as workspace:
        first = await _changed(execute, _assignment(), workspace)
        (workspace.path / "left.py").write_text("a crash left this\n")
        again = _assignment(round=2, previous=first, feedback=VERDICT)
        second = await _changed(execute, again, workspace)
        assert (second.files, second.head) == ((), first.head)


async def test_a_question_keeps_the_work_done_by_then_and_the_answer_goes_on_from_there(
    tmp_path: Path,
) -> None:
    class Asking(FakeAgent):
        async def work(self, assignment, workspace, budget, *_, **__):  # type: ignore[no-untyped-def]
            if assignment.answer is None:
                (workspace.path / "half.txt").write_text("half\n")
                yield QuestionAsked(text="Which way?", default="the first")
                return
            async for update in super().work(assignment, workspace, budget):
                yield update

    workspaces = FakeWorkspaces(tmp_path, FILES)
    execute = _execute(Asking(FIX))
    async with workspaces.open(RUN.id, base=workspaces.base) as workspace:
        paused = await execute(_assignment(), workspace, _heard)
        assert isinstance(paused, ExecutionPaused)
        assert paused.asked.text == "Which way?"
        assert paused.head == await workspace.get_head() != workspace.base
        now = RUN.created_at
        question = Question(
            id="q", attempt=1, round=1, head=paused.head, text="", default="", asked_at=now,
            until=now,
        )  # fmt: skip
        answer = Answer(question_id="q", text="the second", at=now)
        (workspace.path / "left.py").write_text("a crash left this\n")
        on = _assignment(question=question, answer=answer)
        change = await _changed(execute, on, workspace)
    assert [file.path for file in change.files] == ["cogs/dice.py", "half.txt", PROOF]


async def test_a_link_out_of_the_worktree_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    workspaces = FakeWorkspaces(tmp_path / "trees", FILES)

    class Linking(FakeAgent):
        async def work(self, assignment, workspace, budget, *_, **__):  # type: ignore[no-untyped-def]
            (workspace.path / "tests" / "regressions").symlink_to(outside)
            async for update in super().work(assignment, workspace, budget):
                yield update

    async with workspaces.open(RUN.id, base=workspaces.base) as workspace:
        with pytest.raises(OutOfBounds, match="leads out of the worktree"):
            await _execute(Linking(FIX))(_assignment(), workspace, _heard)
    assert list(outside.iterdir()) == []


async def test_an_engine_without_a_last_word_is_not_trusted(tmp_path: Path) -> None:
    class Silent(FakeAgent):
        async def work(self, assignment, workspace, budget, *_, **__):  # type: ignore[no-untyped-def]
            yield Progress(text="looking")

    workspaces = FakeWorkspaces(tmp_path, FILES)
    async with workspaces.open(RUN.id, base=workspaces.base) as workspace:
        with pytest.raises(AgentOutputInvalid, match="without a result"):
            await _execute(Silent())(_assignment(), workspace, _heard)


def _propose(forge: FakeForge) -> PullRequestPublisher:
    return PullRequestPublisher(
        forge, FakeClock(), repository="repo", base_branch="main", render=render
    )


async def test_a_green_head_is_proposed_with_what_was_learned() -> None:
    forge = FakeForge()
    proposal = await _propose(forge)(RUN, HISTORY.replace(proposal=None))
    assert (proposal.head, proposal.version, proposal.note) == (CHANGE.head, 1, "")
    [draft] = forge.drafts
    assert draft.title == "/roll no longer fails"
    proven = "`face(6)`: IndexError before, passes now; now covered by a test"
    assert f"{proven}, `tests/regressions/test_face.py`" in draft.body
    assert "risk: Low. People who use `/roll`." in draft.body


async def test_an_engines_words_head_the_pull_request_and_ring_or_close_nothing() -> None:
    forge = FakeForge()
    change = CHANGE.replace(
        title="Count faces from one",
        description="As @mara said; closes #12, GH-7.\n<!-- theseus:run=other --><img src=x>",
    )
    await _propose(forge)(RUN, HISTORY.replace(proposal=None, change_set=change))
    [draft] = forge.drafts
    assert draft.title == "Count faces from one"
    assert "Use `value - 1` as the index." in draft.body
    assert "As @\u200bmara said; closes #\u200b12, GH-\u200b7." in draft.body
    assert "<!--" not in draft.body
    assert "<img" not in draft.body


@pytest.mark.parametrize(
    "history",
    [
        HISTORY.replace(verdict=None),
        HISTORY.replace(verdict=VERDICT.replace(checks=())),
        HISTORY.replace(verdict=VERDICT.replace(passing_on_head=VERDICT.failing_on_base)),
        HISTORY.replace(verdict=VERDICT.replace(failing_on_base=VERDICT.passing_on_head)),
        HISTORY.replace(verdict=VERDICT.replace(head="e" * 40)),
    ],
)
async def test_what_is_not_proven_is_never_proposed(history: object) -> None:
    forge = FakeForge()
    with pytest.raises(AssertionError, match="does not pass"):
        await _propose(forge)(RUN, history)  # type: ignore[arg-type]
    assert forge.drafts == []


async def test_a_forge_that_stands_elsewhere_is_a_conflict() -> None:
    class Elsewhere(FakeForge):
        async def open_proposal(self, draft):  # type: ignore[no-untyped-def]
            opened = await super().open_proposal(draft)
            return opened.replace(head="e" * 40)

    with pytest.raises(ForgeConflict, match="not at the commit I checked"):
        await _propose(Elsewhere())(RUN, HISTORY)


RESULT = MergeResult(base="b" * 40, tree="7" * 40)


class ShippingCase:
    """A forge with a proposal, and a checkout that its merge moves forward."""

    def __init__(self) -> None:
        self.checkout = FakeCheckout(files={"cogs/dice.py": "old"})
        self.runtime = FakeRuntime()
        self.forge = FakeForge(on_merge=[self._merged], trees=self.checkout.trees)
        self.ship = Deployer(self.forge, self.checkout, self.runtime, FakeClock())

    def _merged(self, _pull: ForgeProposal, commit: str) -> None:
        self.checkout.advance(FIX, commit)

    async def opened(self) -> Approval:
        """Open the proposal; return an approval of its head."""
        await _propose(self.forge)(RUN, HISTORY.replace(proposal=None))
        return Approval(
            run_id=RUN.id, proposal=1, head=PROPOSAL.head, person=ALICE, at=START, how="text"
        )


async def test_what_was_approved_is_merged_and_taken_on() -> None:
    channel = ShippingCase()
    approval = await channel.opened()
    shipment = await channel.ship(PROPOSAL.replace(number=1), approval, RESULT)
    assert shipment.live_commit == shipment.merge_commit == channel.forge.merges[0]
    assert shipment.reloaded == ("cogs.dice",)


@pytest.mark.parametrize("other", [{"head": "e" * 40}, {"run_id": "other1"}])
async def test_an_approval_of_something_else_merges_nothing(other: dict[str, str]) -> None:
    channel = ShippingCase()
    approval = (await channel.opened()).replace(**other)
    with pytest.raises(StaleApproval):
        await channel.ship(PROPOSAL.replace(number=1), approval, RESULT)
    assert channel.forge.merges == []


async def test_what_landed_is_compared_with_what_was_checked() -> None:
    channel = ShippingCase()
    approval = await channel.opened()
    assert not (await channel.ship(PROPOSAL.replace(number=1), approval, RESULT)).otherwise
    other = RESULT.replace(tree="8" * 40)
    assert (await channel.ship(PROPOSAL.replace(number=1), approval, other)).otherwise


async def test_files_whose_taking_on_was_cut_short_are_taken_on_the_next_time() -> None:
    channel = ShippingCase()
    approval = await channel.opened()
    channel.runtime.errors.append(TheseusError("cut short"))
    with pytest.raises(TheseusError, match="cut short"):
        await channel.ship(PROPOSAL.replace(number=1), approval, RESULT)
    shipment = await channel.ship(PROPOSAL.replace(number=1), approval, RESULT)
    assert shipment.reloaded == ("cogs.dice",)
    assert len(channel.forge.merges) == 1


async def test_what_an_earlier_change_left_as_it_was_is_told_with_the_next_one() -> None:
    channel = ShippingCase()
    channel.runtime.failing["cogs.polls"] = "NameError: x"
    channel.checkout.advance({"bot/core.py": "new", "cogs/polls.py": "new"})
    await channel.ship.sync()
    approval = await channel.opened()
    shipment = await channel.ship(PROPOSAL.replace(number=1), approval, RESULT)
    assert (shipment.reloaded, shipment.live) == (("cogs.dice",), True)
    assert shipment.earlier == ("bot/core.py", "cogs.polls")
    channel.runtime.failing.clear()
    channel.checkout.advance({"cogs/polls.py": "mended"})
    await channel.ship.sync()
    shipment = await channel.ship(PROPOSAL.replace(number=1), approval, RESULT)
    assert shipment.earlier == ("bot/core.py",)
