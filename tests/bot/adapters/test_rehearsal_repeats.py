"""Two replays of a script are equal: for all everyday cogs, concurrently, under load."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from theseus_rehearsal.ports.rehearsal import ScriptRunner
from theseus_rehearsal.records import (
    CommandStep,
    PressStep,
    RestartStep,
    SayStep,
    Script,
    ScriptStep,
    ScriptWorld,
    TogetherStep,
    Transcript,
    WaitStep,
    WebAnswer,
)
from theseus_rehearsal.sandboxed_rehearsal import SandboxedRehearsal

from tests.support.local_sandbox import choose_local_sandbox
from tests.support.sample_cogs import DISPLAY_COG, TIMED_COG
from tests.support.sample_tree import make_tree

pytestmark = pytest.mark.asyncio(loop_scope="module")
QUOTE = WebAnswer(
    url="https://dummyjson.com/quotes/random",
    body='{"id": 1, "quote": "Be brief", "author": "Ada"}',
    headers={"Content-Type": "application/json"},
)


def command(name: str, by: str = "alice", **options: str | int) -> CommandStep:
    given = {key.removesuffix("_"): value for key, value in options.items()}
    return CommandStep(by=by, command=name, options=given)


def script(*steps: ScriptStep, cogs: tuple[str, ...]) -> Script:
    return Script(world=ScriptWorld(cogs=cogs, web=(QUOTE,)), steps=steps)


REMINDERS = script(
    command("remind", in_="10m", about="tea"),
    command("remind", by="bob", in_="1h", about="dinner"),
    command("reminders list"),
    WaitStep(wait=700),
    RestartStep(restart=True, away=7200),
    command("reminders list", by="bob"),
    cogs=("reminders",),
)
POLLS = script(
    command("poll create", question="Tea?", options="yes | no | later"),
    PressStep(by="bob", press="yes"),
    TogetherStep(together=(PressStep(press="no"), PressStep(by="bob", press="later"))),
    RestartStep(restart=True),
    PressStep(press="yes", on="m1"),
    command("poll results", id=1),
    command("poll close", id=1),
    cogs=("polls",),
)
DICE = script(
    command("roll", dice="4d6kh3+2"),
    command("roll", dice="50d1000"),
    command("roll", dice="nothing"),
    command("quote"),
    SayStep(say="@Theseus hello"),
    cogs=("dice", "quotes"),
)
BUSY = script(
    TogetherStep(together=tuple(command("take", by=who) for who in ("alice", "bob", "alice"))),
    SayStep(say="talk"),
    command("luck"),
    command("think", seconds=30),
    WaitStep(wait=90_000),
    cogs=("shown", "timed"),
)
SCRIPTS = (REMINDERS, POLLS, DICE, BUSY)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def player(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ScriptRunner]:
    folder: Path = tmp_path_factory.mktemp("everyday")
    tree = make_tree(folder, {"shown": DISPLAY_COG, "timed": TIMED_COG}, own=True)
    async with SandboxedRehearsal(choose_local_sandbox()).open(tree) as opened:
        yield opened


def where_they_differ(first: Transcript, other: Transcript) -> list[str]:
    """Return the steps in which two replays differ."""
    pairs = zip(first.steps, other.steps, strict=False)
    found = [f"{a}\n{b}" for a, b in pairs if a != b]
    return found or ([] if first == other else [f"{first}\n{other}"])


@pytest.mark.slow
@pytest.mark.parametrize("rounds", [4, pytest.param(25, marks=pytest.mark.exhaustive)])
async def test_many_plays_on_a_busy_machine_are_equal(player: ScriptRunner, rounds: int) -> None:
    expected = [await player.run(each) for each in SCRIPTS]
    assert [each.trouble for each in expected] == [""] * len(SCRIPTS)
    for _ in range(rounds):
        played = await asyncio.gather(*(player.run(each) for each in SCRIPTS for _ in range(3)))
        wanted = [each for each in expected for _ in range(3)]
        for first, again in zip(wanted, played, strict=True):
            assert where_they_differ(first, again) == []
