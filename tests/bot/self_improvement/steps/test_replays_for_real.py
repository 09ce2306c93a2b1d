"""Failures that depend on earlier requests: replayed, written as tests, fixed and proven."""

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from theseus_guard.protection import Protection
from theseus_rehearsal.records import Actor, CommandStep, PressStep, SingleStep
from theseus_rehearsal.sandbox import probe
from theseus_rehearsal.sandboxed_rehearsal import SandboxedRehearsal

from bot.adapters.git_trees import GitTrees
from bot.adapters.git_workspace import GitWorkspaces
from bot.adapters.sandboxed_verifier import SandboxedVerifier
from bot.adapters.system_clock import SystemClock
from bot.domain.change import ChangeSet, CheckResult, Verdict
from bot.domain.evidence import Diagnosis, Evidence
from bot.domain.ids import create_sortable_id
from bot.domain.journal import Action, ActionOutcome, Capsule, FailureGroup, Frame, Kind
from bot.domain.plan import Plan
from bot.domain.traffic import TrafficRecord
from bot.infra.git import Git
from bot.ports.workspace import Workspace
from bot.self_improvement.checks.interaction_replays import InteractionReplays
from bot.self_improvement.checks.quality_gate import QualityGate
from bot.self_improvement.steps.plan import PlanBuilder
from tests.fakes.fake_clock import START
from tests.fakes.fake_traffic import FakeSnapshots, FakeTraffic, catch_up
from tests.fakes.repositories import commit, run_git
from tests.support.local_sandbox import choose_local_sandbox
from tests.support.sample_tree import ROOT, make_tree

pytestmark = pytest.mark.slow

STALL = '''"""A stall: what is laid out, and what it costs."""

import json

import discord
from discord import app_commands
from discord.ext import commands


class Buying(discord.ui.View):
    def __init__(self, prices: dict[str, int]) -> None:
        super().__init__(timeout=None)
        self.prices = prices

    @discord.ui.button(label="Buy")
    async def buy(self, interaction: discord.Interaction, button: discord.ui.Button) -> None:
        price = self.prices["tea"]
        await interaction.response.send_message(f"bought for {price}")


class Stall(commands.Cog):
    def __init__(self, bot: commands.Bot) -> None:
        self.file = bot.state / "stall.json"
        self.prices = json.loads(self.file.read_text()) if self.file.exists() else {}

    @app_commands.command(description="Lay something out")
    async def put(self, interaction: discord.Interaction, what: str, price: int = 0) -> None:
        self.prices[what] = price or None
        self.file.write_text(json.dumps(self.prices))
        await interaction.response.send_message(f"{what} is there")

    @app_commands.command(description="What all of it costs")
    async def total(self, interaction: discord.Interaction) -> None:
        costs = sum(self.prices.values())
        await interaction.response.send_message(f"all of it costs {costs}")

    @app_commands.command(description="Show it")
    async def show(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message("buy?", view=Buying(self.prices))

    @app_commands.command(description="The currency")
    async def currency(self, interaction: discord.Interaction) -> None:
        name = "-" if "" not in self.prices else self.prices[""].upper()
        await interaction.response.send_message(f"in {name}")


async def setup(bot: commands.Bot) -> None:
    await bot.add_cog(Stall(bot))
'''
MENDED = (
    STALL.replace("sum(self.prices.values())", "sum(price or 0 for price in self.prices.values())")
    .replace('self.prices["tea"]', 'self.prices.get("tea", 0)')
    .replace('self.prices[""].upper()', 'str(self.prices[""]).upper()')
)
WRONG = STALL.replace('f"all of it costs {costs}"', '""').replace("sum(self.prices.values())", "0")
PROJECT = {
    "data/config.yaml": "checks: {quick: [{name: lint, command: [ruff, --version], seconds: 30}]}",
    "pyproject.toml": '[tool.pytest.ini_options]\nasyncio_mode = "auto"\n',
}
ASKER = Actor(name="asker", permissions=("send_messages", "manage_messages"), roles=("crew",))


def failure(kind: Kind, name: str, exception: str, function: str) -> Action:
    frame = Frame(file="cogs/stall.py", line=1, function=function)
    capsule = Capsule(exception=exception, message="", fingerprint="5dc1e6ef", frames=(frame,))
    at = START + timedelta(hours=1)
    return Action(ts=at, id=create_sortable_id(at), event=f"{kind.value}.{name}", kind=kind,
        name=name,
                  outcome=ActionOutcome.ERROR, error=capsule)  # fmt: skip


def command(name: str, **options: str | int) -> CommandStep:
    return CommandStep(by="asker", channel="general", command=name, options=dict(options))


class Scene:
    """A repository with the stall, a worktree of it, and what was recorded."""

    def __init__(self, folder: Path, base: str, workspace: Workspace) -> None:
        self.base, self.workspace = base, workspace
        self.traffic, self.snapshots = FakeTraffic(), FakeSnapshots(SystemClock())
        self.verifier = SandboxedVerifier(choose_local_sandbox(), folder / "cache")
        trees = GitTrees(Git(folder / "tree"))
        self.replays = InteractionReplays(
            SandboxedRehearsal(choose_local_sandbox()), trees, self.traffic, self.snapshots,
            SystemClock(),
            catch_up=catch_up, lookback=timedelta(days=9000),
        )  # fmt: skip

    async def plan(self, failed: Action, *steps: SingleStep) -> Plan:
        """Return the plan for a failure that came of the last of these steps."""
        for at, step in enumerate(steps, 1 - len(steps)):
            own = failed.id if at == 0 else create_sortable_id(failed.ts + timedelta(minutes=at))
            record = TrafficRecord(
                id=own, at=failed.ts + timedelta(minutes=at), event=failed.event, cog="stall",
                step=step, people=(ASKER,), pseudonyms={"asker": "u-1", "channel": "c-1"},
                outcome=ActionOutcome.ERROR if at == 0 else ActionOutcome.OK,
            )  # fmt: skip
            self.traffic.records.append(record)
        group = FailureGroup(fingerprint="5dc1e6ef", event=failed.event, count=1, newest=failed,
                             first_seen=failed.ts, last_seen=failed.ts, action_ids=())  # fmt: skip
        diagnosis = Diagnosis(found=True, headline="1 error", cause="it", file="cogs/stall.py")
        evidence = Evidence(base=self.base, groups=(group,))
        builder = PlanBuilder(self.verifier, None, self.replays)
        return await builder(evidence, diagnosis, self.workspace)

    async def verdict(self, plan: Plan, source: str) -> Verdict:
        """Return what the gate says of the stall with that source, and the plan's test."""
        await self.workspace.reset(self.base)
        (self.workspace.path / "cogs/stall.py").write_text(source, encoding="utf-8")
        for test in plan.reproductions:
            file = self.workspace.path / test.path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(test.source, encoding="utf-8")
        head = await self.workspace.commit("Mend")
        change = ChangeSet(base=self.base, head=head, branch="b", engine="hand", summary="mend",
                           files=await self.workspace.list_changes(),
                           diff=await self.workspace.get_diff(),
                           )  # fmt: skip
        gate = QualityGate(self.verifier, protection=Protection.create(), redact=str,
                           replays=self.replays)  # fmt: skip
        return await gate(plan, change, self.workspace, round_number=1, on_check=ignore)


@pytest.fixture(autouse=True)
async def _confined() -> None:
    why = await probe()
    if why is not None:
        pytest.skip(why)


async def ignore(_: CheckResult) -> None:
    """Ignore the results of single checks."""


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    tree = make_tree(folder, {"stall": STALL})
    for file in ("cogs/room.py", "fakes/fake_journal.py", "support/recorded_web.py"):
        (tree / "tests" / file).parent.mkdir(parents=True)
        shutil.copyfile(ROOT / "tests" / file, tree / "tests" / file)
    run_git(tree, "init", "-q", "-b", "main")
    base = commit(tree, PROJECT)
    async with GitWorkspaces(tree, folder / "worktrees").open("k7m2xq", base=base) as workspace:
        yield Scene(folder, base, workspace)


async def test_a_command_that_fails_after_another_is_proven_by_both(tmp_path: Path) -> None:
    async with scene(tmp_path) as stall:
        failed = failure(Kind.COMMAND, "total", "TypeError", "Stall.total")
        plan = await stall.plan(
            failed,
            command("put", what="tea", price=3),
            command("put", what="milk"),
            command("show"),
            command("put", what="bread", price=2),
            command("total"),
        )
        assert plan.replay is not None
        assert plan.replay.written
        assert (plan.replay.setup, plan.replay.minimal) == (1, True)
        assert plan.reproduction is not None
        assert '''
        await room.alice.slash(room.channel, "put", what="milk")
        answer = await room.alice.slash(room.channel, "total")
''' in plan.reproduction.source  # fmt: skip
        assert (await stall.verdict(plan, MENDED)).is_reproduced
        unanswered = await stall.verdict(plan, WRONG)
        assert not unanswered.is_reproduced


async def test_a_press_that_fails_is_proven_with_what_showed_the_button(tmp_path: Path) -> None:
    async with scene(tmp_path) as stall:
        failed = failure(Kind.COMPONENT, "Buying.buy", "KeyError", "Buying.buy")
        press = PressStep(by="asker", channel="general", press="Buy")
        plan = await stall.plan(failed, command("total"), command("show"), press)
        assert plan.reproduction is not None
        assert '''
        await room.alice.slash(room.channel, "show")
        answer = await room.press(room.alice, "Buy")
''' in plan.reproduction.source  # fmt: skip
        assert (await stall.verdict(plan, MENDED)).is_reproduced


async def test_what_only_a_copy_of_the_files_shows_is_proven_by_plays_alone(tmp_path: Path) -> None:
    async with scene(tmp_path) as stall:
        failed = failure(Kind.COMMAND, "currency", "AttributeError", "Stall.currency")
        stall.snapshots.state["stall.json"] = json.dumps({"": 7, "secret wish": 1}).encode()
        await stall.snapshots.take("stall", "5dc1e6ef", failed.id)
        plan = await stall.plan(failed, command("put", what="tea"), command("currency"))
        assert plan.reproductions == ()
        assert plan.replay_proof is not None
        assert (plan.replay_proof.snapshot, plan.replay_proof.setup) == (failed.id, 0)
        assert "secret wish" not in plan.model_dump_json()

        mended = await stall.verdict(plan, MENDED)
        assert mended.is_reproduced, mended
        commits = (mended.head, stall.base)
        ends = [await stall.replays.check_output(plan.replay_proof, each) for each in commits]
        assert [each.status for each in ends] == ["passed", "failed"]
        assert "people get an error" in ends[1].summary
        assert "secret wish" not in ends[1].model_dump_json()
        assert not (await stall.verdict(plan, WRONG)).is_reproduced
