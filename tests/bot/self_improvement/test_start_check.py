"""Whether the complete bot starts is checked before a proposal and reported with it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from rehearsal_tests.fake_rehearsal import FakeRehearsal
from theseus_rehearsal.records import (
    PlayedError,
    PlayedStep,
    RestartStep,
    Script,
    SeenEvent,
    Transcript,
)

from bot.authority.approvals import ApprovalRequest
from bot.domain.change import STARTS, CheckResult, FullTier, Verdict
from bot.domain.errors import RehearsalError
from bot.domain.history import History
from bot.domain.posts import Button
from bot.domain.run import Run, Status
from bot.presentation.cards import render_proposal
from bot.self_improvement.checks.start_check import StartCheck
from tests.fakes.fake_agent import FakeAgent
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_commit_trees import FakeCommitTrees
from tests.support.agent_harness import ALICE, FIX, FIXED, AgentHarness
from tests.support.watch_harness import WatchHarness

ScriptRun = Callable[[Path, Script], Transcript]
BEGIN = PlayedStep(step=RestartStep(restart=True))
POLITE = {"cogs/dice.py": FIXED.replace("letter", "right letter")}
SYNTAX = PlayedError(
    event="reload.cogs.dice", error="SyntaxError", message="**invalid** syntax (dice.py, line 1)"
)


def well(_tree: Path, script: Script) -> Transcript:
    """Return the transcript of a bot that starts."""
    seen = SeenEvent(kind="message", channel="dev", to="alice", message="m1", text="All is well.")
    health = PlayedStep(step=script.steps[0], seen=(seen,))
    return Transcript(started=BEGIN, steps=(health,), commands=("health", "roll"))


def unloaded(script: Script, *errors: PlayedError) -> Transcript:
    """Return the transcript of a bot with cogs that do not load."""
    told = f"{errors[0].event.removeprefix('reload.')} does not load: {errors[0].error}"
    start = BEGIN.replace(errors=errors)
    return well(Path(), script).replace(started=start, commands=("health",), trouble=told)


def breaking(breaks: Callable[[str], bool]) -> ScriptRun:
    """Return a bot whose dice do not load where their source is as `breaks` says."""

    def play(tree: Path, script: Script) -> Transcript:
        source = (tree / "cogs/dice.py").read_text(encoding="utf-8")
        return unloaded(script, SYNTAX) if breaks(source) else well(tree, script)

    return play


async def looked(
    head: ScriptRun,
    base: ScriptRun = well,
    *,
    refusal: RehearsalError | None = None,
    passing: bool = False,
) -> CheckResult:
    """Return the check of a head, whose base gives this transcript."""
    rehearsal = FakeRehearsal(
        lambda tree, script: (head if (tree / "new").exists() else base)(tree, script),
        refusal=refusal,
        passing=passing,
    )
    files: dict[str, bytes] = {"bot/app/__init__.py": b""}
    trees = FakeCommitTrees({"base": files, "head": {**files, "new": b""}})
    return await StartCheck(rehearsal, trees, FakeClock())("head", "base")


async def test_a_head_that_starts_is_played_once_and_says_what_it_registered() -> None:
    found = await looked(well)
    assert (found.name, found.status) == (STARTS, "passed")
    assert found.summary == "2 commands, `/health` answers"


async def test_cogs_that_do_not_load_are_named_with_their_errors() -> None:
    other = PlayedError(event="reload.cogs.polls", error="ImportError", message="no such name")
    found = await looked(lambda _tree, script: unloaded(script, SYNTAX, other))
    assert found.status == "failed"
    assert found.summary == found.output == (
        "`cogs.dice` does not load: SyntaxError: **invalid** syntax (dice.py, line 1); "
        "`cogs.polls` does not load: ImportError: no such name"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("play", "told"),
    [
        (
            lambda _tree, _script: Transcript(trouble="the bot was not ready within 60 s"),
            "the bot does not start: the bot was not ready within 60 s",
        ),
        (
            lambda tree, script: well(tree, script).replace(
                started=BEGIN.replace(errors=(PlayedError(event="event.ready", error="KeyError"),))
            ),
            "`event.ready` fails at the start: KeyError",
        ),
        (lambda tree, script: well(tree, script).replace(commands=()), "it registers no commands"),
        (
            lambda tree, script: well(tree, script).replace(
                steps=(PlayedStep(step=script.steps[0], unanswered=True),)
            ),
            "`/health` gets no answer",
        ),
        (
            lambda tree, script: well(tree, script).replace(
                steps=(PlayedStep(step=script.steps[0], refused="no such command"),)
            ),
            "`/health` cannot be used: no such command",
        ),
    ],
)
async def test_a_start_that_fails_is_told_in_a_sentence(play: ScriptRun, told: str) -> None:
    found = await looked(play)
    assert (found.status, found.summary) == ("failed", told)


async def test_what_fails_once_only_is_not_held_against_a_head() -> None:
    plays = iter([Transcript(trouble="too slow")])
    found = await looked(lambda tree, script: next(plays, None) or well(tree, script))
    assert found.status == "passed"


async def test_what_base_cannot_do_either_is_not_held_against_a_head() -> None:
    gone = Transcript(trouble="the bot cannot be imported: SyntaxError")
    found = await looked(lambda _tree, _script: gone, lambda _tree, _script: gone)
    assert (found.status, found.ok) == ("undecided", True)
    assert found.summary.startswith("base does not start either: the bot does not start: the bot")

    def both(_tree: Path, script: Script) -> Transcript:
        return unloaded(script, SYNTAX)

    found = await looked(both, both)
    assert (found.status, found.summary[:31]) == ("skipped", "as on base: `cogs.dice` does no")
    worse = PlayedError(event="reload.cogs.polls", error="ImportError", message="no such name")
    found = await looked(lambda _tree, script: unloaded(script, SYNTAX, worse), both)
    assert found.summary == "`cogs.polls` does not load: ImportError: no such name"
    assert found.status == "failed"


async def test_where_nothing_can_be_played_that_is_said() -> None:
    found = await looked(well, refusal=RehearsalError("install bubblewrap"))
    assert (found.status, found.summary) == ("skipped", "not run: install bubblewrap")


async def test_a_play_that_does_not_end_is_no_verdict_and_holds_up_the_merge() -> None:
    error = RehearsalError("the process that plays ended")
    found = await looked(well, refusal=error, passing=True)
    assert (found.status, found.ok) == ("undecided", True)
    assert found.summary == "not run: the process that plays ended"
    tier = FullTier(head="h", checks=(found,))
    assert (tier.ok, tier.is_undecided) == (False, True)
    failed = tier.replace(checks=(found, found.replace(name="tests", status="failed")))
    assert (failed.ok, failed.is_undecided) == (False, False)


async def test_base_is_played_between_two_plays_of_head() -> None:
    played: list[str] = []

    def play(tree: Path, script: Script) -> Transcript:
        played.append("head" if (tree / "new").exists() else "base")
        return Transcript(trouble="too slow") if played == ["head"] else well(tree, script)

    assert (await looked(play, play)).status == "passed"
    assert played == ["head", "base", "head"]


async def test_a_repository_without_such_a_bot_is_not_played() -> None:
    rehearsal = FakeRehearsal(well)
    trees = FakeCommitTrees({"base": {"a.py": b""}, "head": {"a.py": b"1"}})
    found = await StartCheck(rehearsal, trees, FakeClock())("head", "base")
    assert found.status == "skipped"
    assert "there is no `bot/app`" in found.summary
    assert rehearsal.replayed == []


# In a run


def with_start(world: AgentHarness, play: ScriptRun) -> None:
    """Make the harness's bot startable in a replay."""
    world.workspaces.snapshots[world.workspaces.base]["bot/app/__init__.py"] = b""
    world.start = StartCheck(FakeRehearsal(play), world.trees, world.clock)


async def proposed(world: AgentHarness) -> tuple[Run, History]:
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        return run, await agent.get_history(run.id)


async def test_a_cog_that_does_not_load_goes_back_to_the_engine(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    with_start(world, breaking(lambda text: "value - 1" in text and "right letter" not in text))
    world.engine = FakeAgent(FIX, POLITE)
    run, history = await proposed(world)
    assert run.round == 2
    feedback = world.engine.asked[1].feedback
    assert feedback is not None
    (red,) = [each for each in feedback.checks if not each.ok]
    assert (red.name, red.status) == (STARTS, "failed")
    assert any(
        "Round 1 does not hold: `cogs.dice` does not load: SyntaxError: \\*\\*invalid" in text
        for text in world.list_texts(run)
    )
    card = render_proposal(run, history).card
    assert card is not None
    checks = next(each.value for each in card.fields if each.name == "Checks")
    assert "✅ the bot starts · 2 commands, `/health` answers" in checks
    body = world.forge.drafts[-1].body
    assert "- the bot starts: 2 commands, `/health` answers" in body


async def test_a_fix_of_a_bot_that_did_not_start_before_is_proposed(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    gone = Transcript(trouble="the bot cannot be imported")
    with_start(world, lambda _tree, _script: gone)
    run, history = await proposed(world)
    card = render_proposal(run, history).card
    assert card is not None
    checks = next(each.value for each in card.fields if each.name == "Checks")
    assert "⚠️ the bot starts · base does not start either" in checks


def test_starting_alone_proves_nothing() -> None:
    red, green = [
        CheckResult(name="reproduction", status=status, seconds=1)
        for status in ("failed", "passed")
    ]
    start = CheckResult(name=STARTS, status="passed", seconds=1)
    verdict = Verdict(
        head="h", round=1, failing_on_base=red, passing_on_head=green, checks=(start,)
    )
    assert not verdict.is_passing
    assert verdict.replace(checks=(start, green)).is_passing


async def test_a_revert_is_played_too(tmp_path: Path) -> None:
    world = WatchHarness(tmp_path)
    with_start(world, well)
    async with world.run_agent() as agent:
        run = await world.ship_fix(agent)
        undo = await agent.requests.revert(ALICE, run_id=run.id)
        undo = await world.wait_until_settled(undo.id)
        history = await agent.get_history(undo.id)
    assert history.verdict is not None
    assert [each.status for each in history.verdict.checks if each.name == STARTS] == ["passed"]


async def test_what_does_not_start_merged_is_not_shipped(tmp_path: Path) -> None:
    world = WatchHarness(tmp_path)
    shipping: list[bool] = []

    def play(tree: Path, script: Script) -> Transcript:
        fixed = "value - 1" in (tree / "cogs/dice.py").read_text(encoding="utf-8")
        return unloaded(script, SYNTAX) if shipping and fixed else well(tree, script)

    with_start(world, play)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        shipping.append(True)
        await agent.approve(world.build_approval(run))
        run = await world.wait_until(lambda now: now.has_ended or bool(now.reason), run.id)
    assert run.status is Status.WAITING
    assert run.reason.startswith("Not shipped: full checks fail (`cogs.dice` does not load")
    assert world.forge.merges == []


async def test_a_base_that_does_not_start_holds_up_the_merge_until_it_is_checked_again(
    tmp_path: Path,
) -> None:
    world = WatchHarness(tmp_path)
    broken = [True]
    gone = Transcript(trouble="the bot cannot be imported")
    with_start(world, lambda tree, script: gone if broken else well(tree, script))
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        await agent.approve(world.build_approval(run))
        run = await world.wait_until(lambda now: now.has_ended or bool(now.reason), run.id)
        assert run.reason.startswith("Not shipped: a check could not decide (base does not start")
        assert world.forge.merges == []
        proposal = (await agent.get_history(run.id)).proposal
        assert proposal is not None

        def offered() -> list[Button]:
            posts = [said.post for said in world.chat.messages]
            return [each for post in posts for each in post.buttons if each.action == "recheck"]

        await world.wait_until(lambda _: bool(offered()), run.id)
        [button] = offered()
        assert button.label == "Check again"
        assert button.arguments == (run.id, proposal.head)
        broken.clear()
        await agent.approve(
            ApprovalRequest(person=ALICE, how="button", run_id=run.id, head=proposal.head)
        )
        assert (await world.wait_until_ended(run.id)).status is Status.DONE
    assert len(world.forge.merges) == 1
