"""The proofs of a requested change, kind by kind, over scripted trees and replays."""

import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from rehearsal_tests.fake_rehearsal import FakeRehearsal, make_transcript
from theseus_rehearsal.records import Actor, CommandStep, Script, ScriptWorld, Transcript

from bot.domain.brief import Acceptance, Brief, Wanted
from bot.domain.change import ChangeSet, CheckResult, Verdict
from bot.domain.errors import RehearsalError
from bot.domain.history import History
from bot.domain.traffic import TrafficRecord
from bot.presentation.cards._proposal import build_details
from bot.proof.reproduction import ROOM
from bot.self_improvement.checks.behaviour_check import BehaviourCheck, TrafficScripts
from bot.self_improvement.checks.change_proofs import ChangeProofs, CurrentChange
from bot.self_improvement.reporting.messages import summarise_failure
from bot.settings import parse_config
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_commit_trees import FakeCommitTrees
from tests.fakes.fake_traffic import FakeTraffic
from tests.fakes.fake_verifier import FakeVerifier
from tests.fakes.fake_workspaces import FakeWorkspaces
from tests.support.work_queues import make_pool

CHECKS = "checks:\n  quick:\n    - {name: tests, command: [pytest]}\n"
FILES = {
    "data/config.yaml": CHECKS,
    "cogs/dice.py": "FACES = 6\n",
    ROOM: "def open_room(seed: int | None = None): ...",
}
ADDED = {"cogs/coinflip.py": "SIDES = ('heads', 'tails')\n"}
ANSWERED = "`/coinflip`: it is already answered this way"
EXAMPLE = Acceptance(
    asked="/coinflip",
    expected="heads or tails",
    script=Script(world=ScriptWorld(cogs=("coinflip",)), steps=(CommandStep(command="coinflip"),)),
    wanted=(Wanted(step=0, one_of=("heads", "tails")),),
    missing="no such cog",
)
WANTED = Brief(
    request="add a coin",
    understood="A coin.",
    acceptances=(EXAMPLE,),
    proofs=("behaviour",),
)
PASSED = CheckResult(name="tests", status="passed", seconds=1.0)


def flipped(tree: Path, script: Script) -> Transcript:
    """Replay a coin flip, if the cog is there."""
    if not (tree / "cogs/coinflip.py").exists():
        return Transcript(trouble="ConfigError: there is no extension cogs.coinflip")
    return make_transcript(script, random.Random(script.world.seed).choice(["heads", "tails"]))


class Changed(NamedTuple):
    """A change on its own branch, and its proofs."""

    at_hand: CurrentChange
    proofs: ChangeProofs

    async def verdict(self, brief: Brief) -> Verdict:
        return await self.proofs(self.at_hand._replace(brief=brief))


@asynccontextmanager
async def changed(
    folder: Path,
    rehearsal: FakeRehearsal,
    files: Mapping[str, str] = ADDED,
    traffic: FakeTraffic | None = None,
    clock: FakeClock | None = None,
    notices: Callable[[Path], bool] = lambda _tree: False,
) -> AsyncIterator[Changed]:
    """Yield a change that writes these files; `notices` says whether tests of a tree fail."""
    verifier = FakeVerifier(broken=notices)
    workspaces = FakeWorkspaces(folder, FILES)
    trees, clock = FakeCommitTrees(workspaces.snapshots), clock or FakeClock()
    scripts = TrafficScripts(traffic or FakeTraffic(), clock, lookback=timedelta(days=1))
    behaviour = BehaviourCheck(rehearsal, trees, scripts, clock, make_pool(trees, rehearsal))
    async with workspaces.open("run1", base=workspaces.base) as workspace:
        for name, text in files.items():
            (workspace.path / name).parent.mkdir(exist_ok=True, parents=True)
            (workspace.path / name).write_text(text, "utf-8")
        head = await workspace.commit("A change.")
        change = ChangeSet(
            base=workspaces.base,
            head=head,
            branch=workspace.branch,
            engine="fake",
            summary="A change.",
            files=await workspace.list_changes(),
            diff=await workspace.get_diff(),
        )
        verdict = Verdict(head=head, round=1, checks=(PASSED,))
        at_hand = CurrentChange(WANTED, change, workspace, verdict)
        yield Changed(at_hand, ChangeProofs(rehearsal, trees, behaviour, verifier, parse_config))


async def test_examples_that_turn_green_are_a_proof_and_on_the_card(tmp_path: Path) -> None:
    async with changed(tmp_path, FakeRehearsal(flipped)) as it:
        verdict = await it.verdict(WANTED)
        history = History(change_set=it.at_hand.change, verdict=verdict)
    assert not it.at_hand.verdict.is_passing
    assert verdict.is_passing
    (told,) = [each.lines for each in build_details(history, "x.diff") if each.name == "Proof"]
    assert told == (
        "✅ behaviour: 1 example: failing before, passing now",
        "• `/coinflip` → heads or tails: no such cog before, answered now",
    )


async def test_examples_that_do_not_hold_stop_it_and_say_which(tmp_path: Path) -> None:
    async with changed(tmp_path, FakeRehearsal(flipped), {"cogs/dice.py": "FACES = 7\n"}) as it:
        verdict = await it.verdict(WANTED)
    assert not verdict.is_passing
    assert summarise_failure(verdict) == "behaviour: 1 of 1 example does not hold"
    assert verdict.proofs[0].details == ("`/coinflip` → heads or tails: there is no cog coinflip",)


SWITCHED = {"cogs/coinflip.py": 'def flip(bot, it): return bot.flags.on("coinflip", it)\n'}
BEHIND = WANTED.replace(
    flag="coinflip",
    acceptances=(
        EXAMPLE,
        EXAMPLE.replace(script=EXAMPLE.script.replace(world=ScriptWorld(cogs=("coinflip",),
                                                                flags=("coinflip", "other")))),
    ),
)  # fmt: skip


def behind_a_flag(tree: Path, script: Script) -> Transcript:
    """Replay a coin that exists only with its flag on, though its first example needs it
    without.
    """
    off = "coinflip" not in script.world.flags and "other" in script.world.flags
    there = flipped(tree, script)
    return make_transcript(script, "not yet") if off and not there.trouble else there


async def test_what_is_behind_a_flag_is_not_there_with_that_off(tmp_path: Path) -> None:
    rehearsal = FakeRehearsal(behind_a_flag)
    async with changed(tmp_path, rehearsal, SWITCHED) as it:
        (proof,) = (await it.verdict(BEHIND)).proofs
    assert proof.holds
    assert proof.summary == (
        "2 examples: failing before, passing now; with the flag `coinflip` off, nothing changes"
    )
    off = [s for _, s in rehearsal.replayed if s.world.flags == ("other",)]
    assert len(off) == 12


@pytest.mark.parametrize(
    ("files", "plays", "told"),
    [
        (SWITCHED, flipped, "`/coinflip`: it is answered this way with the flag off too"),
        (ADDED, behind_a_flag, "no cog checks the flag `coinflip`"),
        (
            SWITCHED,
            lambda tree, script: (
                Transcript(trouble="it ended")
                if "other" in script.world.flags and "coinflip" not in script.world.flags
                else flipped(tree, script)
            ),
            "`/coinflip`: with the flag off, the bot does not hold: it ended",
        ),
    ],
)
async def test_what_is_not_behind_its_flag_is_stopped(
    tmp_path: Path,
    files: dict[str, str],
    plays: Callable[[Path, Script], Transcript],
    told: str,
) -> None:
    async with changed(tmp_path, FakeRehearsal(plays), files) as it:
        (proof,) = (await it.verdict(BEHIND)).proofs
    assert not proof.holds
    assert proof.summary.endswith("; the change is not behind the flag `coinflip`")
    assert proof.details[-1] == told


async def test_where_nothing_can_be_played_the_flag_is_at_least_asked_for(tmp_path: Path) -> None:
    nowhere = FakeRehearsal(flipped, refusal=RehearsalError("no bubblewrap"))
    for files, holds in ((SWITCHED, True), (ADDED, False)):
        async with changed(tmp_path / str(holds), nowhere, files) as it:
            red = PASSED.replace(status="failed")
            verdict = it.at_hand.verdict.replace(failing_on_base=red, passing_on_head=PASSED)
            at_hand = it.at_hand._replace(verdict=verdict, brief=BEHIND)
            (proof,) = (await it.proofs(at_hand)).proofs
        assert proof.holds is holds


@pytest.mark.parametrize("reproduced", [True, False])
async def test_where_nothing_can_be_played_the_tests_decide(
    tmp_path: Path, reproduced: bool
) -> None:
    nowhere = FakeRehearsal(flipped, refusal=RehearsalError("there is no bubblewrap here"))
    async with changed(tmp_path, nowhere) as it:
        red = PASSED.replace(status="failed" if reproduced else "passed")
        verdict = it.at_hand.verdict.replace(failing_on_base=red, passing_on_head=PASSED)
        (proof,) = (await it.proofs(it.at_hand._replace(verdict=verdict))).proofs
        assert await it.proofs.find_objections(WANTED, it.at_hand.workspace) == ()
    assert proof.holds is reproduced
    assert "not played: there is no bubblewrap here" in proof.summary


async def test_before_it_is_written_examples_are_tried_on_todays_code(tmp_path: Path) -> None:
    always = FakeRehearsal(lambda _tree, script: make_transcript(script, "heads"))
    for rehearsal, why in ((FakeRehearsal(flipped), ()), (always, (ANSWERED,))):
        async with changed(tmp_path, rehearsal) as it:
            assert await it.proofs.find_objections(WANTED, it.at_hand.workspace) == why


async def test_what_cannot_be_proven_or_held_to_is_said_before_anything_is_played(
    tmp_path: Path,
) -> None:
    rehearsal = FakeRehearsal(flipped)
    async with changed(tmp_path, rehearsal) as it:
        empty = WANTED.replace(acceptances=())
        assert "add one" in (await it.proofs.find_objections(empty, it.at_hand.workspace))[0]
    assert rehearsal.replayed == []


async def test_the_examples_become_tests_where_the_project_has_a_room(tmp_path: Path) -> None:
    async with changed(tmp_path, FakeRehearsal(flipped)) as it:
        (test,) = await it.proofs.build_tests(WANTED, it.at_hand.workspace)
    assert test is not None
    assert test.expects == "ConfigError"


TIDY = WANTED.replace(request="tidy up the dice", acceptances=(), proofs=("preserving",))


async def test_a_tidier_file_is_compared_as_people_and_code_see_it(tmp_path: Path) -> None:
    rehearsal = FakeRehearsal(
        lambda tree, script: make_transcript(script, *["4"] * len(script.steps))
    )
    files = {"cogs/dice.py": "FACES = 2 * 3\n"}
    async with changed(tmp_path, rehearsal, files, rolled()) as it:
        verdict = await it.verdict(TIDY)
    assert verdict.is_passing
    assert verdict.behaviour is not None
    assert verdict.behaviour.answers > 0
    assert "same public names, no test changed" in verdict.proofs[0].summary


async def test_a_tidier_file_that_answers_otherwise_is_stopped(tmp_path: Path) -> None:
    def rolls(tree: Path, script: Script) -> Transcript:
        return make_transcript(script, *[(tree / "cogs/dice.py").read_text()] * len(script.steps))

    files = {"cogs/dice.py": "FACES = 7\n"}
    async with changed(tmp_path, FakeRehearsal(rolls), files, rolled()) as it:
        verdict = await it.verdict(TIDY)
    assert not verdict.is_passing
    assert summarise_failure(verdict).startswith("preserving: users would see a difference: ")


def rolled() -> FakeTraffic:
    """Return traffic that contains a roll."""
    traffic = FakeTraffic()
    step = CommandStep(by="asker", channel="general", command="roll", options={"dice": "2d6"})
    traffic.records.append(
        TrafficRecord(
            id="1" * 32,
            at=FakeClock().now(),
            event="command.roll",
            cog="dice",
            step=step,
            people=(Actor(name="asker"),),
        )
    )
    return traffic


COVER = TIDY.replace(request="write tests for the dice", proofs=("covering",))
FACES = "from cogs import dice\n\n\ndef test_faces() -> None:\n    assert dice.FACES == 6\n"


def noticed(text: str) -> Callable[[Path], bool]:
    """Return tests that detect another number of faces, once one of them has this text."""

    def fails(tree: Path) -> bool:
        test = tree / "tests/cogs/test_faces.py"
        looks = test.exists() and text in test.read_text("utf-8")
        return looks and "FACES = 6" not in (tree / "cogs/dice.py").read_text("utf-8")

    return fails


async def test_tests_that_kill_what_lived_are_a_proof(tmp_path: Path) -> None:
    files = {"tests/cogs/test_faces.py": FACES}
    never = FakeRehearsal()
    async with changed(tmp_path, never, files, notices=noticed("dice.FACES == 6")) as it:
        verdict = await it.verdict(COVER)
        workspace = it.at_hand.workspace
        assert (workspace.path / "cogs/dice.py").read_text() == FILES["cogs/dice.py"]
        assert await workspace.get_head() == it.at_hand.change.head
    assert verdict.is_passing
    assert verdict.proofs[0].summary == "kills 2 of 2 mutants of `cogs/dice.py` that survived"
    assert verdict.proofs[0].details == (
        "killed: line 1: 6 changed to 5",
        "killed: line 1: 6 changed to 7",
    )


async def test_tests_that_kill_nothing_are_stopped(tmp_path: Path) -> None:
    files = {"tests/cogs/test_faces.py": FACES.replace("== 6", "")}
    async with changed(tmp_path, FakeRehearsal(), files, notices=noticed("== 6")) as it:
        verdict = await it.verdict(COVER)
    assert summarise_failure(verdict) == (
        "covering: kills none of 2 mutants of `cogs/dice.py` that survived"
    )
    assert len(verdict.proofs[0].details) == 2


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"cogs/dice.py": "FACES = 7\n"}, "tests alone may change, not `cogs/dice.py`"),
        ({"tests/cogs/test_x.py": "def test_x(): ...\n"}, "no module is named in the tests"),
    ],
)
async def test_what_is_no_test_of_a_module_covers_nothing(
    tmp_path: Path, files: dict[str, str], why: str
) -> None:
    async with changed(tmp_path, FakeRehearsal(), files) as it:
        (proof,) = (await it.verdict(COVER)).proofs
    assert not proof.holds
    assert why in proof.summary


async def test_a_document_has_to_hold_where_it_stands_now(tmp_path: Path) -> None:
    brief = TIDY.replace(request="document the dice", proofs=("words",))
    page = "# Dice\n\n`/roll` throws them, see [the code](../cogs/dice.py).\n"
    for text, holds in ((page.replace("`/roll`", "It"), True), (page, False)):
        async with changed(tmp_path / str(holds), FakeRehearsal(), {"docs/dice.md": text}) as it:
            (proof,) = (await it.verdict(brief)).proofs
        assert proof.holds is holds


FASTER = TIDY.replace(request="speed up roll", proofs=("measured",))


class Ticking(FakeClock):
    """A clock that advances with each replay."""

    passed = 0.0

    def monotonic(self) -> float:
        return self.passed


@pytest.mark.parametrize(
    ("takes", "told"),
    [
        (0.5, "0.50 times as long (0.50 to 0.50) as before"),
        (1.0, "no faster: 1.00 times as long (1.00 to 1.00) as before"),
    ],
)
async def test_a_speed_up_is_timed_on_both_sides_in_turns(
    tmp_path: Path, takes: float, told: str
) -> None:
    clock = Ticking()

    def played(tree: Path, script: Script) -> Transcript:
        clock.passed += takes if "7" in (tree / "cogs/dice.py").read_text() else 1.0
        return make_transcript(script, *["4"] * len(script.steps))

    files = {"cogs/dice.py": "FACES = 7\n"}
    async with changed(tmp_path, FakeRehearsal(played), files, rolled(), clock) as it:
        (proof,) = (await it.verdict(FASTER)).proofs
    assert proof.summary == told
    assert proof.holds is (takes < 1)


@pytest.mark.parametrize("refusal", [None, RehearsalError("no sandbox")])
async def test_what_nobody_asked_or_cannot_be_played_is_not_timed(
    tmp_path: Path, refusal: RehearsalError | None
) -> None:
    nothing = FakeRehearsal(refusal=refusal)
    traffic = rolled() if refusal else None
    async with changed(tmp_path, nothing, {"cogs/dice.py": "FACES = 7\n"}, traffic) as it:
        (proof,) = (await it.verdict(FASTER)).proofs
    assert not proof.holds
    assert proof.summary == (
        "not measured: no sandbox"
        if refusal
        else "no use of the affected commands was recorded, so nothing could be timed"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"{CHECKS}change: {{confirm_minutes: 9}}\n", "valid; 1 setting changed"),
        (f"# a comment\n{CHECKS}", "valid, but no setting changed"),
        (f"{CHECKS}chnage: {{}}\n", "data/config.yaml"),
    ],
)
async def test_a_configuration_is_read_as_the_program_does(
    tmp_path: Path, text: str, told: str
) -> None:
    brief = TIDY.replace(proofs=("configuration",))
    async with changed(tmp_path, FakeRehearsal(), {"data/config.yaml": text}) as it:
        (proof,) = (await it.verdict(brief)).proofs
    assert told in proof.summary
    assert proof.holds is ("; 1" in told)
    if proof.holds:
        assert proof.details == ("`change.confirm_minutes`: nothing → 9.0",)


def test_a_check_that_fails_before_any_proof_is_all_that_is_said() -> None:
    red = Verdict(head="h", round=1, checks=(PASSED.replace(status="failed"),))
    assert summarise_failure(red) == "tests failed"
