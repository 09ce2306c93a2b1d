"""If the failing interaction can be replayed, the replay decides: as a test, or alone."""

from datetime import timedelta
from pathlib import Path

import pytest
from rehearsal_tests.fake_rehearsal import FakeRehearsal, make_transcript
from theseus_rehearsal.records import (
    Actor,
    CommandStep,
    PlayedError,
    PlayedStep,
    SayStep,
    Script,
    SingleStep,
    Transcript,
)

from bot.domain.change import Verdict
from bot.domain.errors import RehearsalError, VerifierError
from bot.domain.evidence import Diagnosis, Evidence
from bot.domain.history import History
from bot.domain.journal import ActionOutcome, FailureGroup, Frame
from bot.domain.plan import Plan
from bot.domain.replay import Replay
from bot.domain.run import Run, Status
from bot.domain.traffic import TrafficRecord
from bot.ports.trees import CommitTrees
from bot.presentation.cards import render_proposal
from bot.self_improvement.checks.interaction_replays import InteractionReplays
from bot.self_improvement.steps.plan import PlanBuilder
from tests.fakes.differences import compute_sha
from tests.fakes.fake_commit_trees import FakeCommitTrees
from tests.fakes.fake_traffic import FakeSnapshots, FakeTraffic
from tests.fakes.fake_verifier import FakeVerifier
from tests.fakes.fake_workspaces import FakeWorkspaces
from tests.support.agent_harness import (
    FILES,
    FIXED,
    AgentHarness,
    is_broken,
    make_capsule,
    make_failure,
)

STEP = CommandStep(by="asker", channel="general", command="roll", options={"value": 6})
ROOM = "tests/cogs/room.py"


class Stage:
    """A failing `/roll`, as it is recorded and replayed; `answer` is the answer with the fix."""

    def __init__(
        self,
        folder: Path,
        *,
        answer: str = "Sorry, no such face.",
        literal: bool = False,
        files: bool = False,
        refusal: str = "",
        step: SingleStep = STEP,
    ) -> None:
        self.world = world = AgentHarness(folder)
        error = make_capsule() if literal else make_capsule().replace(
            frames=(Frame(file="cogs/dice.py", line=8, function="Dice.face"),)
        )  # fmt: skip
        failed = make_failure(world.clock, error)
        self.error = error
        world.journal.actions[:] = [failed]
        self.failed = failed
        self.answer, self.files = answer, files
        self.traffic, self.snapshots = FakeTraffic(), FakeSnapshots(world.clock)
        self.late: list[TrafficRecord] = []
        self.traffic.records.append(
            TrafficRecord(
                id=failed.id,
                at=failed.ts,
                event=failed.event,
                cog="dice",
                step=step,
                people=(Actor(name="asker"),),
                outcome=ActionOutcome.ERROR,
            )
        )
        self.rehearsal = FakeRehearsal(
            self._played, refusal=RehearsalError(refusal) if refusal else None
        )
        world.replays = self.replays(world.trees)
        self._folder = folder

    async def catch_up(self) -> None:
        """Write the records that are not written yet."""
        self.traffic.records += self.late
        self.late = []

    def replays(self, trees: CommitTrees) -> InteractionReplays:
        """Return the replays of the commits of these trees."""
        return InteractionReplays(
            self.rehearsal, trees, self.traffic, self.snapshots, self.world.clock,
            catch_up=self.catch_up, lookback=timedelta(days=90),
        )  # fmt: skip

    def _played(self, tree: Path, script: Script) -> Transcript:
        if is_broken(tree) and (bool(script.world.files) or not self.files):
            innermost = self.error.innermost
            assert innermost is not None
            at = f"{innermost.file}:{innermost.function}"
            error = PlayedError(event="command.roll", error="IndexError", at=at)
            return Transcript(steps=(PlayedStep(step=script.steps[0], errors=(error,)),))
        return make_transcript(script, self.answer)

    async def proposed(self) -> tuple[Run, History]:
        async with self.world.run_agent() as agent:
            run = await self.world.propose_fix(agent)
            return run, await agent.get_history(run.id)

    async def plan(self, files: dict[str, str | bytes]) -> Plan:
        """Return the plan in a project with these files, as the builder makes it."""
        group = FailureGroup(
            fingerprint="f1f1f1f1f1f1", event="command.roll", count=1, newest=self.failed,
            first_seen=self.failed.ts, last_seen=self.failed.ts, action_ids=(),
        )  # fmt: skip
        workspaces = FakeWorkspaces(self._folder / "others", files)
        replays = self.replays(FakeCommitTrees(workspaces.snapshots))
        builder = PlanBuilder(FakeVerifier(broken=is_broken), None, replays)
        evidence = Evidence(base=workspaces.base, groups=(group,))
        diagnosis = Diagnosis(found=True, headline="it", cause="it", file="cogs/dice.py")
        async with workspaces.open("k7m2xq", base=workspaces.base) as workspace:
            return await builder(evidence, diagnosis, workspace)


def on_card(run: Run, history: History) -> str:
    card = render_proposal(run, history).card
    assert card is not None
    return next(each.value for each in card.fields if each.name == "Reproduction")


async def test_a_replay_as_a_test_decides_and_the_call_is_a_help(tmp_path: Path) -> None:
    plan = await Stage(tmp_path, literal=True).plan(FILES | {ROOM: ""})
    assert plan.replay is not None
    assert plan.replay.written
    assert plan.reproduction is not None
    assert 'room.alice.slash(room.channel, "roll", value=6)' in plan.reproduction.source
    assert plan.witnesses == ()
    assert [test.target for test in plan.guides] == ["cogs/dice.py::face"]
    assert plan.replay_proof is None


async def test_a_play_that_no_test_repeats_leaves_the_word_to_the_call(tmp_path: Path) -> None:
    plan = await Stage(tmp_path, literal=True).plan(dict(FILES))
    assert [test.target for test in plan.reproductions] == ["cogs/dice.py::face"]
    assert (plan.replay, plan.guides, plan.unplayed) == (None, (), "")


async def test_plays_prove_a_fix_where_nothing_else_shows_the_failure(tmp_path: Path) -> None:
    run, history = await Stage(tmp_path).proposed()
    assert history.plan is not None
    assert history.plan.reproductions == ()
    assert on_card(run, history).startswith(
        "`/roll value:6` 🔴 fails without the change → 🟢 passes with it\nThe proof is a "
        "replay on this machine"
    )
    assert history.change_set is not None
    assert [each.path for each in history.change_set.files] == ["cogs/dice.py"]


async def test_a_copy_of_the_files_stays_on_the_machine_and_the_card_says_so(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path, files=True)
    stage.snapshots.state["dice.json"] = b"what people wrote"
    await stage.snapshots.take("dice", "f1f1f1f1f1f1", stage.failed.id)
    run, history = await stage.proposed()
    assert "It fails only with the cog's files from that time" in on_card(run, history)
    assert history.plan is not None
    assert history.plan.replay_proof is not None
    assert history.plan.replay_proof.snapshot == stage.failed.id
    told = "".join(each.model_dump_json() for each in (history.plan, verdict_of(history)))
    assert "what people wrote" not in told
    assert "d2hhdCBwZW9wbGUgd3JvdGU" not in told  # nor as the plays get it


async def test_a_fix_after_which_nobody_is_answered_is_no_fix(tmp_path: Path) -> None:
    stage = Stage(tmp_path, answer="")
    async with stage.world.run_agent() as agent:
        run = await agent.request(stage.world.make_trigger())
        ended = await stage.world.wait_until_ended(run.id)
        history = await agent.get_history(run.id)
    assert ended.status is Status.FAILED
    assert verdict_of(history).passing_on_head is not None
    green = verdict_of(history).passing_on_head
    assert green is not None
    assert (green.status, green.output) == ("failed", "")
    assert green.summary == "at step 1 people get no answer that they can see"


async def test_where_nothing_can_be_played_the_call_decides_and_the_card_says_so(
    tmp_path: Path,
) -> None:
    run, history = await Stage(tmp_path, literal=True, refusal="bubblewrap is missing").proposed()
    assert history.plan is not None
    assert [test.target for test in history.plan.reproductions] == ["cogs/dice.py::face"]
    assert "could not be replayed (bubblewrap is missing)" in on_card(run, history)


async def test_when_the_copy_of_the_files_is_gone_nothing_is_proven(tmp_path: Path) -> None:
    stage = Stage(tmp_path, files=True)
    stage.snapshots.state["dice.json"] = b"{}"
    await stage.snapshots.take("dice", "f1f1f1f1f1f1", stage.failed.id)
    plan = await stage.plan(dict(FILES))
    assert plan.replay_proof is not None
    await stage.snapshots.forget(stage.world.clock.now() + timedelta(days=1))
    assert stage.world.replays is not None
    base = stage.world.workspaces.base
    with pytest.raises(VerifierError, match="nothing against the change: the copy of the cog's"):
        await stage.world.replays.prove(plan.replay_proof, base, base)


async def test_what_was_no_interaction_is_not_played(tmp_path: Path) -> None:
    stage = Stage(tmp_path, literal=True, step=SayStep(by="asker", say="roll"))
    plan = await stage.plan(dict(FILES))
    assert stage.rehearsal.replayed == []
    assert (plan.replay, plan.unplayed) == (None, "")
    assert plan.reproduction is not None


def verdict_of(history: History) -> Verdict:
    assert history.verdict is not None
    return history.verdict


async def test_a_complaint_before_the_failure_is_written_down_has_it_written(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path)
    stage.late = [stage.traffic.records.pop()]
    now = stage.world.clock.now()
    group = FailureGroup(
        fingerprint="f1f1f1f1f1f1",
        event="command.roll",
        count=1,
        newest=stage.failed.replace(ts=now),
        action_ids=(),
        first_seen=now,
        last_seen=now,
    )
    replays = stage.replays(stage.world.trees)
    assert (await replays.find(group, stage.world.workspaces.base)).replay is not None


async def test_a_head_that_does_not_hold_once_is_played_again(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    busy = iter([True, False])

    def played(tree: Path, script: Script) -> Transcript:
        if not is_broken(tree) and next(busy):
            return Transcript(trouble="it was not ready in 30 s")
        return stage._played(tree, script)

    stage.rehearsal = FakeRehearsal(played)
    stage.world.replays = stage.replays(stage.world.trees)
    innermost = stage.error.innermost
    assert innermost is not None
    wanted = PlayedError(
        event="command.roll", error="IndexError", at=f"{innermost.file}:{innermost.function}"
    )
    replay = Replay(script=Script(steps=(STEP,)), wanted=wanted, fingerprint="f", asked="/roll")
    base, snapshots = stage.world.workspaces.base, stage.world.workspaces.snapshots
    content = {**snapshots[base], "cogs/dice.py": FIXED.encode()}
    head = compute_sha(content)
    snapshots[head] = content
    red, green = await stage.world.replays.prove(replay, base, head)
    assert (red.status, green.status) == ("failed", "passed")
    assert next(busy, None) is None
