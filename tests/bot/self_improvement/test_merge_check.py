"""What lands is what was checked: a head, and what came to the base branch meanwhile."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from bot.domain.run import Run, Stage, Status
from tests.fakes.fake_agent import FakeAgent
from tests.fakes.fake_verifier import FakeVerifier
from tests.support.agent_harness import BROKEN, FILES, FIXED, AgentHarness, is_broken
from tests.support.agent_under_test import AgentUnderTest

RENAMED = {"cogs/faces.py": "SHAPES = 6\n"}
USES = "from cogs.faces import FACES as KNOWN\n"


def _imports(root: Path) -> bool:
    """Return whether the module that the dice import exists."""
    dice = (root / "cogs/dice.py").read_text(encoding="utf-8")
    faces = root / "cogs/faces.py"
    known = "FACES =" in (faces.read_text(encoding="utf-8") if faces.exists() else "FACES =")
    return known or USES not in dice


def _world(folder: Path) -> AgentHarness:
    world = AgentHarness(folder)
    world.verifier = FakeVerifier(broken=is_broken, full={"all tests": _imports})
    return world


def moved(world: AgentHarness, files: dict[str, str]) -> str:
    """Push another person's commit to the base branch; return it."""
    tip = world.workspaces.add_snapshot({**FILES, **files})
    return world.checkout.advance(files, tip)


async def _approved(world: AgentHarness, agent: AgentUnderTest, run: Run) -> Run:
    """Say "ship it", and return the run once it has ended or waits with a reason."""
    await agent.approve(world.build_approval(run))
    return await world.wait_until(lambda now: now.has_ended or bool(now.reason), run.id)


async def test_two_changes_that_hold_alone_and_not_together_are_not_merged(tmp_path: Path) -> None:
    world = _world(tmp_path)
    world.engine = FakeAgent({"cogs/dice.py": USES + FIXED})
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        moved(world, RENAMED)
        run = await _approved(world, agent, run)
    assert (run.status, run.stage) == (Status.WAITING, Stage.SHIP)
    assert run.reason.startswith("Not shipped: full checks fail (all tests failed).")
    assert world.forge.merges == []


async def test_the_checks_run_on_the_merge_of_both_and_just_that_is_merged(tmp_path: Path) -> None:
    world = _world(tmp_path)
    seen: list[bool] = []

    def both(root: Path) -> bool:
        seen.append((root / "theirs.txt").exists())
        return True

    world.verifier.full["both"] = both
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        tip = moved(world, {"theirs.txt": "theirs\n"})
        assert (await _approved(world, agent, run)).status is Status.DONE
        history = await agent.get_history(run.id)
    assert seen == [True]
    tier, shipment = history.full_tier, history.shipment
    assert tier is not None and shipment is not None
    assert tier.base == tip
    assert world.forge.trees[shipment.merge_commit] == tier.tree
    assert not shipment.otherwise


async def test_a_base_that_moves_while_they_run_has_them_run_again(tmp_path: Path) -> None:
    world = _world(tmp_path)
    world.forge.base_moves = [lambda: moved(world, {"theirs.txt": "theirs\n"})]
    async with world.run_agent() as agent:
        run = await _approved(world, agent, await world.propose_fix(agent))
        history = await agent.get_history(run.id)
    assert run.status is Status.DONE
    assert world.verifier.ran.count("full checks") == 2
    assert len(world.forge.merges) == 1
    assert history.full_tier is not None
    assert history.full_tier.base == world.checkout.history[-2]


async def test_a_base_that_never_rests_is_told_and_nothing_is_merged(tmp_path: Path) -> None:
    world = _world(tmp_path)
    texts = [f"{number}\n" for number in range(9)]
    world.forge.base_moves = [partial(moved, world, {"n.txt": text}) for text in texts]
    async with world.run_agent() as agent:
        run = await _approved(world, agent, await world.propose_fix(agent))
        assert "came to the base branch 3 times while I checked" in run.reason
        assert world.forge.merges == []
        world.forge.base_moves.clear()
        run = await _approved(world, agent, run)
    assert run.status is Status.DONE


async def test_what_cannot_be_put_together_is_told_with_the_way_out(tmp_path: Path) -> None:
    world = _world(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        moved(world, {"cogs/dice.py": BROKEN.replace("FACES[value]", "FACES[value % 6]")})
        run = await _approved(world, agent, run)
        await world.wait_until(
            lambda _: any("Not shipped" in text for text in world.list_texts(run)), run.id
        )
    assert world.forge.merges == []
    assert "has changed `cogs/dice.py` since I wrote this" in run.reason
    assert "Reject this one and ask again" in run.reason
    assert "full checks" not in world.verifier.ran


async def test_a_forge_that_runs_the_checks_merges_only_what_was_looked_at(tmp_path: Path) -> None:
    world = _world(tmp_path)
    world.limits = replace(world.limits, full_tier=False)
    world.forge.base_moves = [lambda: moved(world, {"theirs.txt": "theirs\n"})]
    async with world.run_agent() as agent:
        run = await _approved(world, agent, await world.propose_fix(agent))
        history = await agent.get_history(run.id)
    assert run.status is Status.DONE
    assert "full checks" not in world.verifier.ran
    assert history.full_tier is not None and history.shipment is not None
    assert world.forge.trees[history.shipment.merge_commit] == history.full_tier.tree


async def test_what_landed_otherwise_is_said(tmp_path: Path) -> None:
    world = _world(tmp_path)
    world.forge.on_merge.append(lambda _pull, commit: world.forge.trees.update({commit: "other"}))
    async with world.run_agent() as agent:
        run = await _approved(world, agent, await world.propose_fix(agent))
    assert run.status is Status.DONE
    assert "the merged code is not exactly what was checked" in run.reason


async def test_the_diff_guard_reads_the_change_once_more_against_what_came(tmp_path: Path) -> None:
    world = _world(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        proof = next(path for path in await _proposed_files(agent, run) if "regressions" in path)
        package = f"{proof.removesuffix('.py')}/__init__.py"
        moved(world, {package: ""})
        run = await _approved(world, agent, run)
    assert run.status is Status.WAITING
    assert "merged with the newest base branch, the change may not" in run.reason
    assert proof in run.reason
    assert world.forge.merges == []
    assert "full checks" not in world.verifier.ran


async def _proposed_files(agent: AgentUnderTest, run: Run) -> list[str]:
    change = (await agent.get_history(run.id)).change_set
    return [file.path for file in change.files] if change else []
