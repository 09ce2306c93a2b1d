"""A world in which somebody wants a command that is not there, and can be given it."""

from pathlib import Path

from bot.domain.brief import Brief
from bot.domain.people import Person
from bot.domain.plan import Reproduction
from bot.domain.run import Run, Trigger, Waiting
from bot.ports.verifier import Verifier
from bot.self_improvement import SelfImprovementAgent
from bot.self_improvement.steps.brief import RequestBriefer
from tests.fakes.fake_agent import FakeAgent
from tests.fakes.fake_request_planner import FakeRequestPlanner
from tests.fakes.fake_verifier import FakeVerifier
from tests.support.world import ALICE, World

WANTED = "add a /coinflip command"
COIN = "cogs/coinflip.py"
ADDED = {COIN: '"""Coins."""\n'}
NO_COG = "ExtensionNotFound"


def lacks_the_coin(root: Path) -> bool:
    """Whether the command is not there yet."""
    return not (root / COIN).exists()


def tests_of(brief: Brief) -> tuple[Reproduction | None, ...]:
    """Return a test for each example, none of which is ever run; one named “luck” has none."""
    return tuple(
        None if "luck" in each.told else _test(f"tests/regressions/test_wanted_{number}.py")
        for number, each in enumerate(brief.acceptances)
    )


def _test(path: str) -> Reproduction:
    source = "def test_it() -> None:\n    assert True\n"
    return Reproduction(
        path=path, node_id=f"{path}::test_it", source=source, calls="/coinflip", expects=NO_COG
    )


class ChangeWorld(World):
    """The planner says these briefs in turn, or that of a coin."""

    def __init__(self, folder: Path, *briefs: Brief) -> None:
        super().__init__(folder)
        self.request_planner = FakeRequestPlanner(*briefs)
        self.verifier = FakeVerifier(broken=lacks_the_coin, raises=NO_COG)
        self.engine = FakeAgent(ADDED)
        self.briefer = self._briefer

    def _briefer(self, verifier: Verifier) -> RequestBriefer:
        return RequestBriefer(self.request_planner, verifier, write=tests_of)


def wanted(world: World, person: Person = ALICE, words: str = WANTED) -> Trigger:
    """Return somebody's request for the change."""
    return world.trigger(words, goal="change", person=person).but(text=words)


async def understood(world: ChangeWorld, agent: SelfImprovementAgent, **about: str) -> Run:
    """Ask for the change, and return the run once it waits for a go-ahead and has said so."""
    run = await agent.request(wanted(world, **about))  # type: ignore[arg-type]
    return await shown(world, run)


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
