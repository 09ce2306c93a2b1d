"""A world in which somebody wants a command that is not there, and can be given it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bot.domain.brief import Brief
from bot.domain.people import Person
from bot.domain.proposal import ForgeProposal
from bot.domain.rehearsal import Script, Transcript
from bot.domain.run import Run, Trigger, Waiting
from bot.ports.forge import Forge
from bot.ports.journal import Journal
from bot.ports.store import Store
from bot.ports.verifier import Verifier
from bot.ports.workspace import Checkout
from bot.proof.reproduction import ROOM
from bot.self_improvement import SelfImprovementAgent, StepServices
from bot.self_improvement.behaviour_check import BehaviourCheck
from bot.self_improvement.change_context import ChangeContextCollector
from bot.self_improvement.change_proofs import ChangeProofs
from bot.self_improvement.steps.brief import RequestBriefer
from bot.self_improvement.undo_rehearsal import UndoRehearsal
from bot.settings import config_from
from tests.fakes.fake_agent import FakeAgent
from tests.fakes.fake_rehearsal import said
from tests.fakes.fake_request_planner import FLIPS, FakeRequestPlanner
from tests.fakes.fake_verifier import FakeVerifier
from tests.support.kill_at import Fuse
from tests.support.world import ALICE, DORA, World

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
        FLIPS.but(script=FLIPS.script.but(world=FLIPS.script.world.but(flags=("coinflip",)))),
    ),
    flag="coinflip",
)


def lacks_the_coin(root: Path) -> bool:
    """Whether the command is not there yet."""
    return not (root / COIN).exists()


def flipped(root: Path, script: Script) -> Transcript:
    """Return what comes of a script: the coin's side, by its luck, or that there is no such cog."""
    if lacks_the_coin(root):
        return Transcript(trouble="there is no such cog")
    answers = [SIDES[script.world.seed % len(SIDES)] for _ in script.steps]
    return said(script, *answers)


class ChangeWorld(World):
    """The planner says these briefs in turn, or that of a coin; there is none unless it `plans`."""

    def __init__(self, folder: Path, *briefs: Brief) -> None:
        super().__init__(folder)
        self.request_planner = FakeRequestPlanner(*briefs)
        self.verifier = FakeVerifier(broken=lacks_the_coin, raises=NO_COG)
        self.engine = FakeAgent(ADDED)
        self.rehearsal.answers = flipped
        self.workspaces.snapshots[self.workspaces.base][ROOM] = b"def open_room(): ...\n"
        behaviour = BehaviourCheck(
            self.rehearsal, self.trees, self.traffic, self.clock, lookback=WEEK
        )
        self.proofs = ChangeProofs(
            self.rehearsal, self.trees, behaviour, self.verifier, config_from
        )
        self.plans = True

    def behind_a_flag(self) -> None:
        """Have the engine ask for the flag, and plays say "not yet" where that is off."""
        asks = 'def flip(bot, it): return bot.flags.on("coinflip", it)\n'
        self.engine = FakeAgent({COIN: asks})
        self.rehearsal.answers = lambda root, script: (
            flipped(root, script)
            if script.world.flags or lacks_the_coin(root)
            else said(script, *["not yet"] * len(script.steps))
        )

    def _stages(
        self,
        fuse: Fuse,
        journal: Journal,
        checkout: Checkout,
        store: Store,
        forge: Forge,
        verifier: Verifier,
    ) -> StepServices:
        stages = super()._stages(fuse, journal, checkout, store, forge, verifier)
        briefer = RequestBriefer(self.request_planner, verifier, self.proofs)
        changes = ChangeContextCollector(
            journal, self.clock, self.memory, commands=self.runtime.commands, lookback=WEEK
        )
        return replace(
            stages,
            briefer=briefer if self.plans else None,
            changes=changes,
            proofs=self.proofs,
            undo=UndoRehearsal(self.rehearsal, self.trees, self.traffic, self.clock, lookback=WEEK),
        )

    def _merged(self, pull: ForgeProposal, commit: str) -> None:
        self.workspaces.landed(pull.head, commit)
        self.checkout.advance(ADDED, commit)


def wanted(world: World, person: Person = ALICE, words: str = WANTED) -> Trigger:
    """Return somebody's request for the change."""
    return world.trigger(words, goal="change", person=person).but(text=words)


async def understood(world: ChangeWorld, agent: SelfImprovementAgent, **about: str) -> Run:
    """Ask for the change, and return the run once it waits for a go-ahead and has said so."""
    run = await agent.request(wanted(world, **about))  # type: ignore[arg-type]
    return await shown(world, run)


async def written(world: ChangeWorld, agent: SelfImprovementAgent) -> Run:
    """Ask for the change and have it begun; return the run with a proposal, or ended."""
    run = await understood(world, agent)
    await agent.agreements.give(run.id, DORA, "text")
    return await world.settled(run.id)


async def shown(world: World, run: Run, cards: int = 1) -> Run:
    """Return the run once it waits for a go-ahead, with so many contract cards in its thread."""
    return await world.until(
        lambda now: now.waiting is Waiting.AGREEMENT and len(contracts(world, run)) >= cards,
        run.id,
    )


def contracts(world: World, run: Run) -> list[str]:
    """Return the ids of the contract cards' go-ahead buttons, oldest first."""
    return [
        button.custom_id
        for said in world.chat.said
        for button in said.post.buttons
        if button.action == "agree" and button.arguments[0] == run.id
    ]
