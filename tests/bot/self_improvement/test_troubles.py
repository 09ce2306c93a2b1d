"""Failures behind the ports are reported in the run's thread and end nothing else."""

from collections.abc import Callable
from datetime import timedelta
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any

import pytest

from bot.domain.audience import Audience
from bot.domain.errors import (
    AgentOutputInvalid,
    AgentTimeout,
    AgentUnavailable,
    BudgetSpent,
    CheckoutDirty,
    ForgeConflict,
    ForgeRejected,
    ForgeUnavailable,
    PolicyError,
    SandboxUnavailable,
    StoreError,
    TheseusError,
    VerifierError,
)
from bot.domain.journal import Kind
from bot.domain.run import Goal, Run, Stage, Status
from tests.fakes.fake_agent import FakeAgent
from tests.fakes.fake_verifier import FakeVerifier
from tests.support.agent_harness import ALICE, BOB, BROKEN, FIX, FIXED, AgentHarness, is_broken
from tests.support.failures import make_capsule, make_failure


async def _failed(world: AgentHarness) -> tuple[Run, str]:
    """Request a fix that fails; return the run and its final message."""
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger())
        run = await world.wait_until_ended(run.id)
    assert run.status is Status.FAILED
    assert world.forge.drafts == []
    assert not world.workspaces.leased
    return run, world.list_texts(run)[-1]


@pytest.mark.parametrize(
    "error",
    [
        AgentUnavailable("The engine cannot be started."),
        AgentTimeout("The engine used up its 60 s."),
        AgentOutputInvalid("The engine's answer makes no sense."),
        BudgetSpent("The week's money is spent."),
    ],
)
async def test_an_engine_that_fails_ends_the_run_with_its_own_sentence(
    tmp_path: Path, error: TheseusError
) -> None:
    world = AgentHarness(tmp_path)
    world.engine = FakeAgent(error)
    _, text = await _failed(world)
    again = " `/runs retry" if error.retryable else ""
    assert text.startswith(f"❌ Stopped while writing the change: {error}{again}")


@pytest.mark.parametrize(
    "error", [SandboxUnavailable("There is no sandbox."), VerifierError("No checks in base.")]
)
async def test_a_verifier_that_may_not_run_ends_the_run(
    tmp_path: Path, error: VerifierError
) -> None:
    world = AgentHarness(tmp_path)
    world.verifier.refusal = error
    _, text = await _failed(world)
    assert text.partition("\n\n")[0] == f"❌ Stopped while planning: {error}"


async def test_an_unexpected_error_is_journalled_with_its_capsule_and_named_in_the_thread(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    world.engine = FakeAgent(ZeroDivisionError("secret ghp_" + "a" * 36))
    run, text = await _failed(world)
    [action] = [a for a in world.journal.actions if a.kind is Kind.RUN and a.error]
    assert (action.name, action.run_id) == ("execute", run.id)
    assert action.error is not None
    assert action.error.exception == "ZeroDivisionError"
    assert f"`{action.id[-8:]}`" in text
    assert "ghp_" not in text + action.model_dump_json()


async def test_no_secret_of_an_error_or_a_request_is_kept_or_said(tmp_path: Path) -> None:
    secret = "ghp_" + "b" * 36
    world = AgentHarness(tmp_path)
    world.engine = FakeAgent(AgentUnavailable(f"refused with {secret}"))
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger(f"rolling dice with {secret}"))
        await world.wait_until_ended(run.id)
    kept = [await world.store.get(run.id), *await world.store.list_audit_entries()]
    assert secret not in "".join(str(record) for record in [*kept, *world.chat.messages])
    assert secret not in "".join(world.chat.threads.values())


async def test_an_engine_that_claims_success_and_changed_nothing_is_not_believed(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    world.engine = FakeAgent({}, claims="All done!")
    _, text = await _failed(world)
    assert text.partition("\n\n")[0] == (
        "❌ Stopped while writing the change: The fake engine changed nothing, "
        "although it says: “All done!”"
    )


async def test_an_engine_that_honestly_found_nothing_ends_the_run_with_what_it_tried(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    world.engine = FakeAgent({}, claims="Nothing helps.", can_follow_instructions=False)
    _, text = await _failed(world)
    assert text.startswith("❌ The fake engine found no fix. Nothing helps.")
    assert "**What I tried**" in text


@pytest.mark.parametrize(
    ("edits", "said"),
    [
        ({"cogs/dice.py": FIXED, "cogs/polls.py": "x = 1\n"}, "The plan does not own this file"),
        ({"cogs/dice.py": FIXED, "tests/test_dice.py": None}, "deleted"),
        ({"cogs/dice.py": FIXED, "Makefile": "all:\n"}, "The plan does not own this file"),
        ({"cogs/dice.py": BROKEN + "\n# tried\n"}, "the reproduction does not turn"),
    ],
)
async def test_a_change_that_may_not_or_does_not_hold_is_never_proposed(
    tmp_path: Path, edits: dict[str, str | None], said: str
) -> None:
    world = AgentHarness(tmp_path)
    world.engine = FakeAgent(edits)
    run, text = await _failed(world)
    assert text.startswith("❌ No proposal: ")
    assert said.lower() in " ".join(world.list_texts(run)).lower()


async def test_what_failed_goes_back_to_the_engine_and_a_later_round_may_hold(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    world.engine = FakeAgent({"cogs/dice.py": BROKEN + "\n# tried\n"}, FIX)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
    assert [assignment.round for assignment in world.engine.asked] == [1, 2]
    second = world.engine.asked[1]
    assert second.feedback is not None
    assert not second.feedback.is_passing
    assert second.previous is not None
    assert any("Round 1 does not hold" in text for text in world.list_texts(run))


async def test_a_failed_check_is_said_and_its_output_attached(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.verifier = FakeVerifier(broken=is_broken, checks={"types": is_broken})
    world.engine = FakeAgent(*({"cogs/dice.py": f"{FIXED}# {n}\n"} for n in range(3)))
    run, text = await _failed(world)
    assert text.startswith("❌ No proposal: types failed (after 3 rounds).")
    assert "❌ types · 1 failed" in text
    last = world.chat.find_by_key(world.list_final_keys(run)[0])
    assert [file.name for file in last.post.attachments] == ["trace.txt", "types.log"]


async def test_nothing_in_the_journal_that_fits_is_said_with_what_else_failed(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger("the weather forecast"))
        run = await world.wait_until_ended(run.id)
    assert run.status is Status.FAILED
    assert world.list_texts(run)[-1] == (
        "🔎 Nothing in my journal matches that. I looked for failures that fit “the weather "
        "forecast” "
        "(last 24 h). Other failures there: 3 IndexErrors from /roll."
    )


async def test_a_failure_that_cannot_be_reproduced_is_not_fixed_by_guessing(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    world.verifier = FakeVerifier(broken=is_broken, raises="KeyError")
    _, text = await _failed(world)
    assert "could not reproduce it" in text


async def test_where_stand_ins_do_not_fail_an_example_is_asked_for(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.journal.actions.clear()
    world.journal.append(
        make_failure(world.clock, make_capsule().replace(audience=Audience.PRIVATE))
    )
    world.verifier = FakeVerifier(broken=is_broken, raises="KeyError")
    _, text = await _failed(world)
    assert "its input is private" in text
    assert "Use the command in this channel" in text


async def test_a_loop_has_no_command_that_an_example_could_be_asked_for(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.journal.actions.clear()
    stopped = make_failure(
        world.clock, make_capsule().replace(audience=Audience.PRIVATE), name="Ticks.tick"
    )
    world.journal.append(stopped.replace(kind=Kind.TASK, event="task.Ticks.tick"))
    world.verifier = FakeVerifier(broken=is_broken, raises="KeyError")
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger("Ticks.tick"))
        run = await world.wait_until_ended(run.id)
    text = world.list_texts(run)[-1]
    assert "could not reproduce it" in text
    assert "typed" not in text


async def test_a_forge_that_is_down_for_a_while_delays_the_proposal(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    for _ in range(3):
        world.forge.fail_next(ForgeUnavailable("The forge is down."))
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
    card = world.chat.find_by_key(f"{run.id}:card")
    bodies = [post.card.body for post in card.versions if post.card]
    assert any("The forge is down. Trying again in 2 s." in body for body in bodies)


async def test_a_forge_that_says_until_when_is_left_alone_until_then(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    until = world.clock.now() + timedelta(minutes=40)
    world.forge.fail_next(ForgeUnavailable("The rate limit is used up", until=until))
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
    assert run.updated_at >= until
    card = world.chat.find_by_key(f"{run.id}:card")
    bodies = [post.card.body for post in card.versions if post.card]
    assert any("The rate limit is used up. Trying again in" in body for body in bodies)


async def test_a_forge_that_stays_down_ends_the_run_and_says_what_to_do(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.forge.down = True
    run, text = await _failed(world)
    assert text.startswith(
        "❌ Stopped while proposing the change: the forge is down. "
        f"`/runs retry {run.id}` tries again."
    )


@pytest.mark.parametrize(
    "break_it",
    [
        lambda world: [world.forge.fail_next(ForgeUnavailable("down")) for _ in range(4)],
        lambda world: world.forge.fail_next(ForgeRejected("a required check is missing")),
        lambda world: world.forge.fail_next(ForgeConflict("does not merge cleanly")),
        lambda world: world.checkout.edit({"cogs/dice.py": "mine"}),
        lambda world: world.runtime.errors.append(RuntimeError("no reload")),
        lambda world: world.runtime.errors.append(CheckoutDirty("in the way")),
    ],
)
async def test_a_shipment_that_failed_waits_for_another_word_and_then_ships(
    tmp_path: Path, break_it: Callable[[AgentHarness], object]
) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        _, _, mine = await agent.approve(world.build_approval(run, ALICE))
        assert mine
        # between the word and the worker nothing has run yet: now it breaks
        break_it(world)
        waiting = await world.wait_until(lambda now: bool(now.reason), run.id, within=20)
        assert waiting.status is Status.WAITING
        await world.wait_until(
            lambda now: "say “ship it” again" in world.list_texts(now)[-1], run.id
        )
        await world.clock.advance(30)
        assert (await world.store.get(run.id)).status is Status.WAITING
        world.checkout.edited.clear()
        _, approval, mine = await agent.approve(world.build_approval(run, BOB))
        assert (approval.person, mine) == (ALICE, True)
        done = await world.wait_until_ended(run.id)
    assert done.status is Status.DONE
    assert len(world.forge.merges) == 1
    assert world.runtime.adopted == [("cogs/dice.py",)]
    assert "live at" in world.list_texts(run)[-1]


async def test_a_shipment_that_failed_still_waits_after_a_restart(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        await agent.approve(world.build_approval(run))
        world.forge.fail_next(ForgeRejected("a required check is missing"))
        await world.wait_until(lambda now: "Not shipped" in world.list_texts(now)[-1], run.id)
    said = len(world.chat.messages)
    async with world.run_agent() as agent:
        await world.clock.advance(30)
        assert (await world.store.get(run.id)).status is Status.WAITING
    assert len(world.chat.messages) == said
    assert world.forge.merges == []


async def test_a_cog_that_does_not_load_is_said_to_be_not_live(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.runtime.failing = {"cogs.dice": "NameError: no"}
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        await agent.approve(world.build_approval(run))
        run = await world.wait_until_ended(run.id)
    assert "**not live**: `cogs.dice`: NameError: no" in world.list_texts(run)[-1]
    assert "live at" not in "".join(world.list_texts(run))


async def test_a_store_that_stumbles_does_not_end_the_program(tmp_path: Path) -> None:
    class Stumbling:
        def __init__(self, world: AgentHarness) -> None:
            self.inner = world.store
            self.times = 2

        def __getattr__(self, name: str) -> object:
            if name == "lease_next" and self.times:
                self.times -= 1
                raise StoreError("the disk is full")
            return getattr(self.inner, name)

    world = AgentHarness(tmp_path)
    world.store = Stumbling(world)  # type: ignore[assignment]
    async with world.run_agent() as agent:
        await world.propose_fix(agent)


class AwayStore:
    """A store that is away for some accesses, from a stage's end on, so many times."""

    def __init__(self, world: AgentHarness, stage: Stage, times: int = 1) -> None:
        self.inner = world.store
        self.stage = stage
        self.times = times
        self.away = 0

    def __getattr__(self, name: str) -> object:
        found = getattr(self.inner, name)
        if not iscoroutinefunction(found):
            return found

        async def call(*values: Any, **named: Any) -> object:
            if self.times and name == "save" and values[0].stage is self.stage:
                self.times -= 1
                self.away = 5
            if self.away:
                self.away -= 1
                raise StoreError("the server is away")
            return await found(*values, **named)

        return call


async def test_a_state_that_was_away_interrupts_a_stage_as_a_restart_does(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    there = world.store
    world.store = AwayStore(world, Stage.VERIFY)  # type: ignore[assignment]
    async with world.run_agent() as agent:
        world.store = there  # the test looks at it without an outage
        run = await world.propose_fix(agent)
        texts = world.list_texts(run)
    assert len(world.engine.asked) == 2  # what was done and not stored is done again
    told = "My state could not be reached while writing the change; going on from there."
    assert texts.count(told) == 1
    assert not any("Stopped while" in text for text in texts)


async def test_a_state_that_is_always_away_at_the_same_stage_ends_the_run(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    there = world.store
    world.store = AwayStore(world, Stage.VERIFY, times=2)  # type: ignore[assignment]
    async with world.run_agent() as agent:
        world.store = there
        run = await agent.request(world.make_trigger())
        run = await world.wait_until_ended(run.id)
    assert run.status is Status.QUARANTINED
    assert "Interrupted twice while" in run.reason


async def test_checks_that_fail_without_the_change_too_end_it_at_once_and_are_named(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    world.verifier = FakeVerifier(broken=is_broken, checks={"types": lambda _root: False})
    _, text = await _failed(world)
    assert text.startswith(
        "❌ No proposal: types failed as on base. The failure is gone, but these checks fail "
        "without my change too, so they prove nothing: fix them first."
    )
    assert len(world.engine.asked) == 1


@pytest.mark.parametrize("goal", ["fix", "change", "revert"])
async def test_no_change_of_a_repository_that_runs_cannot_work_with_begins(
    tmp_path: Path, goal: Goal
) -> None:
    world = AgentHarness(tmp_path)
    world.checkout.obstacles = ("The repository has submodules: libs. Copy them.",)
    async with world.run_agent() as agent:
        with pytest.raises(PolicyError, match=r"cannot change this repository.*submodules: libs"):
            await agent.request(world.make_trigger(goal=goal))
        assert await world.store.find() == ()
        investigation = await agent.request(world.make_trigger(goal="investigate"))
        assert (await world.wait_until_ended(investigation.id)).status is Status.DONE
        with pytest.raises(PolicyError, match="submodules: libs"):
            await agent.promote(investigation.id, ALICE)
