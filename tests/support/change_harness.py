"""A harness in which a user requests a command that does not exist yet."""

from datetime import timedelta
from pathlib import Path

from rehearsal_tests.fake_rehearsal import make_transcript
from theseus_rehearsal.records import Script, Transcript

from bot.domain.brief import Brief
from bot.domain.gates import GateRules
from bot.domain.people import Person
from bot.domain.proposal import ForgeProposal
from bot.domain.run import Run, Trigger, Waiting
from bot.infra.injector import Injector
from bot.proof.reproduction import ROOM
from bot.self_improvement.checks.behaviour_check import BehaviourCheck, TrafficScripts
from bot.self_improvement.checks.change_proofs import ChangeProofs
from bot.self_improvement.checks.gates.documentation import DocumentationGate
from bot.self_improvement.checks.gates.merge_gates import MergeGates
from bot.self_improvement.checks.gates.revert import RevertGate
from bot.self_improvement.checks.revert_rehearsal import RevertRehearsal
from bot.self_improvement.requests.change_context import ChangeContextCollector
from bot.self_improvement.steps.brief import RequestBriefer
from bot.settings import parse_config
from tests.fakes.fake_agent import FakeAgent
from tests.fakes.fake_request_planner import FLIPS, FakeRequestPlanner
from tests.fakes.fake_verifier import FakeVerifier
from tests.support.agent_harness import ALICE, DORA, AgentHarness
from tests.support.agent_under_test import AgentUnderTest
from tests.support.crash_point import CrashPoint
from tests.support.work_queues import make_pool

WANTED = "add a /coinflip command"
COIN = "cogs/coinflip.py"
ADDED = {COIN: '"""Coins."""\n'}
NO_COG = "ConfigError"
"""What a test ends with where the room finds no such cog."""
WEEK = timedelta(days=7)
SIDES = ("heads", "tails")
FLAGGED = Brief(
    request="",
    understood="A command that flips a coin.",
    acceptances=(
        FLIPS.replace(
            script=FLIPS.script.replace(world=FLIPS.script.world.replace(flags=("coinflip",)))
        ),
    ),
    flag="coinflip",
)


def is_coin_missing(root: Path) -> bool:
    """Return whether the command does not exist yet."""
    return not (root / COIN).exists()


def flip_coin(root: Path, script: Script) -> Transcript:
    """Return what comes of a script: the coin's side, by its luck, or that there is no such cog."""
    if is_coin_missing(root):
        return Transcript(trouble="there is no such cog")
    answers = [SIDES[script.world.seed % len(SIDES)] for _ in script.steps]
    return make_transcript(script, *answers)


class ChangeHarness(AgentHarness):
    """The planner says these briefs in turn, or that of a coin; there is none unless it `plans`."""

    def __init__(self, folder: Path, *briefs: Brief) -> None:
        super().__init__(folder)
        self.request_planner = FakeRequestPlanner(*briefs)
        self.verifier = FakeVerifier(broken=is_coin_missing, raises=NO_COG)
        self.engine = FakeAgent(ADDED)
        self.rehearsal.answers = flip_coin
        self.workspaces.snapshots[self.workspaces.base][ROOM] = b"def open_room(): ...\n"
        scripts = TrafficScripts(self.traffic, self.clock, lookback=WEEK)
        behaviour = BehaviourCheck(
            self.rehearsal, self.trees, scripts, self.clock, make_pool(self.trees, self.rehearsal)
        )
        self.proofs = ChangeProofs(
            self.rehearsal, self.trees, behaviour, self.verifier, parse_config
        )
        self.has_planner = True
        self.second_planner: FakeRequestPlanner | None = None

    def use_flag(self) -> None:
        """Make the engine guard the command by the flag; replays answer "not yet" while it is
        off.
        """
        asks = 'def flip(bot, it): return bot.flags.on("coinflip", it)\n'
        self.engine = FakeAgent({COIN: asks})
        self.rehearsal.answers = lambda root, script: (
            flip_coin(root, script)
            if script.world.flags or is_coin_missing(root)
            else make_transcript(script, *["not yet"] * len(script.steps))
        )

    def _add_workers(self, injector: Injector, crash_point: CrashPoint) -> None:
        super()._add_workers(injector, crash_point)
        injector.add(self.proofs)
        if self.has_planner:
            injector.build(RequestBriefer, planner=self.request_planner, second=self.second_planner)
        injector.build(ChangeContextCollector, commands=self.runtime.list_commands, lookback=WEEK)
        rehearsal = RevertRehearsal(
            self.rehearsal, self.trees, self.traffic, self.clock, lookback=WEEK
        )
        gates = (DocumentationGate(), RevertGate(rehearsal))
        injector.add(MergeGates(gates, GateRules(), self.clock))

    def _on_merge(self, pull: ForgeProposal, commit: str) -> None:
        self.workspaces.add_merge(pull.head, commit)
        self.checkout.advance(ADDED, commit)


def make_request(world: AgentHarness, person: Person = ALICE, text: str = WANTED) -> Trigger:
    """Return a user's request for the change."""
    return world.make_trigger(text, goal="change", person=person).replace(text=text)


async def request_change(world: ChangeHarness, agent: AgentUnderTest, **about: str) -> Run:
    """Request the change; return the run once it waits for a go-ahead and has posted its
    contract.
    """
    run = await agent.request(make_request(world, **about))  # type: ignore[arg-type]
    return await wait_for_contract(world, run)


async def propose_change(world: ChangeHarness, agent: AgentUnderTest) -> Run:
    """Ask for the change and have it begun; return the run with a proposal, or ended."""
    run = await request_change(world, agent)
    await agent.agreements.give(run.id, DORA, "text")
    return await world.wait_until_settled(run.id)


async def wait_for_contract(world: AgentHarness, run: Run, cards: int = 1) -> Run:
    """Return the run once it waits for a go-ahead with this many contract cards in its thread."""
    return await world.wait_until(
        lambda now: now.waiting is Waiting.AGREEMENT and len(list_contracts(world, run)) >= cards,
        run.id,
    )


def list_contracts(world: AgentHarness, run: Run) -> list[str]:
    """Return the ids of the go-ahead buttons on the contract cards, oldest first."""
    return [
        button.custom_id
        for said in world.chat.messages
        for button in said.post.buttons
        if button.action == "agree" and button.arguments[0] == run.id
    ]
