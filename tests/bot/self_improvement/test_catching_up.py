"""Commits from elsewhere are applied like a shipment, whoever requested the look."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.adapters.unsupervised_restarter import UnsupervisedRestarter
from bot.domain.arrival import Arrival
from bot.domain.errors import CheckoutDirty, WorkspaceError
from bot.domain.journal import ActionOutcome
from bot.domain.stop import Stop
from bot.presentation.cards import render_arrival
from bot.self_improvement.runs.base_updates import LOOK_SECONDS, START, BaseUpdates
from bot.self_improvement.runs.core_updates import CoreUpdates
from bot.self_improvement.runs.deployer import Deployer
from bot.telemetry import Recorder
from tests.fakes.fake_restarter import FakeRestarter
from tests.fakes.fake_store import FakeStore
from tests.support.agent_harness import DEV, FIXED, AgentHarness


class Quay:
    """A world, and what catches up in it."""

    def __init__(self, folder: Path) -> None:
        self.store = FakeStore()
        self.world = world = AgentHarness(folder, store=self.store)
        recorder = Recorder(world.journal, world.clock, folder, b"salt", lambda: None)
        ship = Deployer(world.forge, world.checkout, world.runtime, world.clock)
        self.stop: Stop | None = None
        self.catching_up = BaseUpdates(
            self.store, world.chat, world.clock, recorder, world.checkout, ship,
            dev_channel_id=DEV, get_stop=self._standing,
        )  # fmt: skip

    async def _standing(self) -> Stop | None:
        return self.stop

    @property
    def notes(self) -> list[tuple[str, bool, str]]:
        return [(each.how, each.allowed, each.note) for each in self.store.audits]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        working = asyncio.create_task(self.catching_up.run_forever())
        try:
            yield
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)


@pytest.fixture
def quay(tmp_path: Path) -> Quay:
    """Return a fresh one."""
    return Quay(tmp_path)


async def test_what_came_is_adopted_told_journalled_and_audited(quay: Quay) -> None:
    commit = quay.world.checkout.advance({"cogs/dice.py": FIXED})
    arrival = await quay.catching_up.look("webhook")
    assert arrival is not None
    assert (arrival.commit, arrival.reloaded, arrival.live) == (commit, ("cogs.dice",), True)
    assert quay.world.runtime.adopted == [("cogs/dice.py",)]
    (text,) = quay.world.chat.list_texts(DEV)
    assert f"live at `{commit[:7]}`" in text
    assert "Reloaded `cogs.dice`" in text
    assert quay.notes == [("webhook", True, f"live at {commit}, 1 files")]
    assert [each.person for each in quay.store.audits] == [None]
    last = quay.world.journal.actions[-1]
    assert (last.event, last.outcome) == ("reload.webhook", ActionOutcome.OK)


async def test_nothing_new_is_not_told(quay: Quay) -> None:
    assert await quay.catching_up.look("reload") is None
    assert quay.world.chat.list_texts(DEV) == []
    assert quay.world.runtime.adopted == []
    assert quay.notes == [("reload", True, "nothing was new")]


async def test_core_code_is_not_called_live(quay: Quay) -> None:
    quay.world.checkout.advance({"bot/domain/run.py": "x"})
    arrival = await quay.catching_up.look("webhook")
    assert arrival is not None
    assert not arrival.live
    (text,) = quay.world.chat.list_texts(DEV)
    assert "live at" not in text
    assert "is not live yet: it changes core code" in text


async def test_core_code_has_a_restart_asked_for_once_what_it_needs_is_installed(
    quay: Quay,
) -> None:
    installed: list[str] = []
    restarter, failure = FakeRestarter(), ""

    async def install() -> str:
        installed.append("all")
        return failure

    world = quay.world
    core = CoreUpdates(restarter, install)
    ship = Deployer(world.forge, world.checkout, world.runtime, world.clock, core)
    commit = world.checkout.advance({"bot/domain/run.py": "x"})
    arrival = await ship.sync()
    assert arrival is not None
    assert (arrival.live, installed) == (False, [])
    assert arrival.pending == "I restart now to load it, and say here when it is live"
    assert restarter.asked == [(commit, None, "core code changed (bot/domain/run.py)")]

    failure = "no network; run `make install` in /srv, then restart me"
    world.checkout.advance({"uv.lock": "x", "bot/domain/run.py": "y"})
    arrival = await ship.sync()
    assert arrival is not None
    assert installed == ["all"]
    assert arrival.pending.startswith("its dependencies could not be installed: no network; run")
    assert len(restarter.asked) == 1, "nothing is restarted onto what is not installed"


async def test_a_commit_that_was_taken_back_is_left_alone_until_something_newer(
    quay: Quay,
) -> None:
    world, restarter = quay.world, FakeRestarter()

    async def install() -> str:
        return ""

    ship = Deployer(
        world.forge, world.checkout, world.runtime, world.clock, CoreUpdates(restarter, install)
    )
    bad = world.checkout.advance({"bot/domain/run.py": "x"})
    restarter.rollbacks[bad] = "it did not start"
    assert await ship.sync() is None
    world.checkout.advance({"cogs/dice.py": FIXED})
    assert await ship.sync() is not None


async def test_who_brings_core_code_to_run_is_told(quay: Quay) -> None:
    async def install() -> str:
        return ""

    alone = CoreUpdates(UnsupervisedRestarter(), install)
    told = await alone.bring(("bot/a.py",), "c0ffee", None)
    assert told.startswith("it needs a restart: this process has no supervisor, so a person")
    service = await alone.bring(("bot/supervisor/parent.py",), "c0ffee", None)
    assert service.startswith(
        "`bot/supervisor` takes effect when a person restarts the service itself"
    )
    text = render_arrival(
        Arrival(commit="c0ffee123", restart_needed=("bot/a.py",), pending=told)
    ).text
    assert "is not live yet: it changes core code. It needs a restart: this process" in text


async def test_what_came_before_and_does_not_run_keeps_what_comes_after_from_being_live(
    quay: Quay,
) -> None:
    quay.world.checkout.advance({"bot/domain/run.py": "x"})
    await quay.catching_up.look("webhook")
    quay.world.checkout.advance({"cogs/dice.py": FIXED})
    arrival = await quay.catching_up.look("webhook")
    assert arrival is not None
    assert (arrival.reloaded, arrival.live) == (("cogs.dice",), False)
    assert not [text for text in quay.world.chat.list_texts(DEV) if "live at" in text]


async def test_what_is_rolled_back_keeps_a_commit_from_being_called_live(quay: Quay) -> None:
    quay.world.runtime.behind = ("prompts/persona.md",)
    quay.world.checkout.advance({"cogs/dice.py": FIXED})
    arrival = await quay.catching_up.look("webhook")
    assert arrival is not None
    assert not arrival.live
    (text,) = quay.world.chat.list_texts(DEV)
    assert "live at" not in text
    assert "prompts/persona.md`: the running code differs from its file" in text


async def test_what_somebody_mended_by_hand_keeps_nothing_from_being_live(quay: Quay) -> None:
    quay.world.runtime.failing = {"cogs.dice": "SyntaxError"}
    quay.world.checkout.advance({"cogs/dice.py": "("})
    await quay.catching_up.look("webhook")
    quay.world.runtime.behind = ()
    quay.world.checkout.advance({"cogs/polls.py": "x"})
    arrival = await quay.catching_up.look("webhook")
    assert arrival is not None
    assert arrival.live


async def test_a_cog_that_was_mended_is_live_again(quay: Quay) -> None:
    quay.world.runtime.failing = {"cogs.dice": "SyntaxError"}
    quay.world.checkout.advance({"cogs/dice.py": "("})
    await quay.catching_up.look("webhook")
    quay.world.checkout.advance({"cogs/polls.py": "x"})
    still = await quay.catching_up.look("webhook")
    quay.world.runtime.failing = {}
    quay.world.checkout.advance({"cogs/dice.py": FIXED})
    mended = await quay.catching_up.look("webhook")
    assert still is not None
    assert mended is not None
    assert (still.live, mended.live) == (False, True)


async def test_a_cog_that_does_not_load_is_not_called_live(quay: Quay) -> None:
    quay.world.runtime.failing = {"cogs.dice": "SyntaxError: <@1> *oh*"}
    quay.world.checkout.advance({"cogs/dice.py": "("})
    await quay.catching_up.look("webhook")
    (text,) = quay.world.chat.list_texts(DEV)
    assert "**not live**" in text
    assert "<@1>" not in text


async def test_a_cog_that_needs_the_core_code_it_came_with_waits_for_the_restart(
    quay: Quay,
) -> None:
    quay.world.runtime.failing = {"cogs.dice": "ImportError: cannot import name 'roll'"}
    quay.world.checkout.advance({"bot/domain/run.py": "x", "cogs/dice.py": "import bot"})
    await quay.catching_up.look("webhook")
    (text,) = quay.world.chat.list_texts(DEV)
    assert "**not live**" not in text
    assert "is not live yet: it changes core code" in text
    assert "Until then the old code of `cogs.dice` (ImportError" in text


async def test_a_checkout_in_the_way_is_told_once_and_left_alone(quay: Quay) -> None:
    quay.world.checkout.edit({"cogs/dice.py": "mine"})
    quay.world.checkout.advance({"cogs/dice.py": FIXED})
    for _ in range(3):
        with pytest.raises(CheckoutDirty):
            await quay.catching_up.look("webhook")
    assert len(quay.world.chat.list_texts(DEV)) == 1
    assert await quay.world.checkout.read("cogs/dice.py") == "mine"
    assert quay.world.runtime.adopted == []


async def test_what_was_cut_short_is_taken_on_with_the_next_look(quay: Quay) -> None:
    quay.world.checkout.advance({"cogs/dice.py": FIXED})
    quay.world.runtime.errors = [CheckoutDirty("cut short")]
    with pytest.raises(CheckoutDirty):
        await quay.catching_up.look("webhook")
    arrival = await quay.catching_up.look("webhook")
    assert arrival is not None
    assert quay.world.runtime.adopted == [("cogs/dice.py",)]


async def test_a_storm_of_asking_is_one_look(quay: Quay) -> None:
    quay.world.checkout.advance({"cogs/dice.py": FIXED})
    async with quay.running():
        for _ in range(1_000):
            assert await quay.catching_up.ask("webhook") is None
        await quay.world.clock.wait_until_asleep()
        for _ in range(1_000):
            await quay.catching_up.ask("reload")
        await quay.world.clock.advance(1)
        assert quay.world.checkout.asked == 1
        await quay.world.clock.advance(60)
    assert quay.world.checkout.asked == 1
    assert [how for how, _, _ in quay.notes] == ["reload and webhook"]


async def test_a_failed_look_is_not_the_last_one(quay: Quay) -> None:
    quay.world.checkout.edit({"cogs/dice.py": "mine"})
    quay.world.checkout.advance({"cogs/dice.py": FIXED})
    async with quay.running():
        for _ in range(2):
            await quay.catching_up.ask("webhook")
            await quay.world.clock.wait_until_asleep()
            await quay.world.clock.advance(1)
    assert quay.world.checkout.asked == 2


async def test_while_the_emergency_stop_stands_nothing_is_looked_at(quay: Quay) -> None:
    quay.world.checkout.advance({"cogs/dice.py": FIXED})
    async with quay.running():
        await quay.catching_up.ask("webhook")
        quay.stop = Stop(how="page", at=quay.world.clock.now())
        assert await quay.catching_up.ask("webhook") == quay.stop
        await quay.world.clock.wait_until_asleep()
        await quay.world.clock.advance(1)
    assert quay.world.checkout.asked == 0
    assert quay.world.runtime.adopted == []
    assert quay.notes == [("webhook", False, "not done: the emergency stop is active")]


async def test_a_push_that_nobody_reported_is_noticed_at_the_next_look(quay: Quay) -> None:
    async with quay.running():
        await quay.world.clock.wait_until_asleep()
        commit = quay.world.checkout.advance({"cogs/dice.py": FIXED})
        await quay.world.clock.advance(LOOK_SECONDS + 1)
        await quay.world.clock.wait_until_asleep()
        assert await quay.world.checkout.get_head() == commit
    assert quay.notes == [("timer", True, f"live at {commit}, 1 files")]


async def test_a_push_made_before_the_start_is_noticed_after_it(quay: Quay) -> None:
    commit = quay.world.checkout.advance({"cogs/dice.py": FIXED})
    async with quay.running():
        await quay.catching_up.ask(START)
        await quay.world.clock.wait_until_asleep()
        await quay.world.clock.advance(1)
        await quay.world.clock.wait_until_asleep()
    assert quay.notes == [("start", True, f"live at {commit}, 1 files")]


async def test_a_look_that_nobody_asked_for_and_finds_nothing_leaves_no_trace(quay: Quay) -> None:
    journalled = len(quay.world.journal.actions)
    async with quay.running():
        await quay.catching_up.ask(START)
        for _ in range(3):
            await quay.world.clock.wait_until_asleep()
            await quay.world.clock.advance(LOOK_SECONDS + 1)
    assert quay.world.checkout.asked >= 3
    assert (quay.notes, quay.world.chat.list_texts(DEV)) == ([], [])
    assert len(quay.world.journal.actions) == journalled


async def test_a_remote_that_is_out_of_reach_is_not_reported_as_commits_that_came(
    quay: Quay,
) -> None:
    quay.world.checkout.unreachable = WorkspaceError("the remote does not answer")
    async with quay.running():
        await quay.world.clock.wait_until_asleep()
        await quay.world.clock.advance(LOOK_SECONDS + 1)
        await quay.world.clock.wait_until_asleep()
        assert (quay.notes, quay.world.chat.list_texts(DEV)) == ([], [])
        quay.world.checkout.unreachable = None
        commit = quay.world.checkout.advance({"cogs/dice.py": FIXED})
        await quay.world.clock.advance(LOOK_SECONDS + 1)
        await quay.world.clock.wait_until_asleep()
    assert await quay.world.checkout.get_head() == commit


async def test_what_is_in_the_way_of_a_push_is_told_and_audited_once(quay: Quay) -> None:
    quay.world.checkout.edit({"cogs/dice.py": "mine"})
    quay.world.checkout.advance({"cogs/dice.py": FIXED})
    async with quay.running():
        for _ in range(3):
            await quay.world.clock.wait_until_asleep()
            await quay.world.clock.advance(LOOK_SECONDS + 1)
        await quay.world.clock.wait_until_asleep()
    assert quay.world.checkout.asked >= 2
    assert len(quay.world.chat.list_texts(DEV)) == 1
    assert [(how, allowed) for how, allowed, _ in quay.notes] == [("timer", True)]


async def test_under_an_emergency_stop_no_look_is_made_by_itself(quay: Quay) -> None:
    quay.stop = Stop(how="page", at=quay.world.clock.now())
    async with quay.running():
        await quay.world.clock.wait_until_asleep()
        await quay.world.clock.advance(LOOK_SECONDS + 1)
        await quay.world.clock.wait_until_asleep()
    assert (quay.world.checkout.asked, quay.notes) == (0, [])


async def test_a_commit_that_came_while_the_process_was_started_has_a_restart_asked_for(
    quay: Quay,
) -> None:
    async def install() -> str:
        return ""

    world, restarter = quay.world, FakeRestarter()
    later = world.checkout.advance({"bot/domain/run.py": "x"})
    await world.checkout.fast_forward(later)  # by the process before this one
    ship = Deployer(
        world.forge, world.checkout, world.runtime, world.clock, CoreUpdates(restarter, install),
        left_behind=("bot/domain/run.py",),
    )  # fmt: skip
    assert ship.has_files_left()
    assert await ship.is_behind()
    arrival = await ship.sync()
    assert arrival is not None and not arrival.live
    assert [commit for commit, _, _ in restarter.asked] == [later]
    assert not await ship.is_behind()


async def test_a_commit_that_was_rolled_back_is_not_asked_for_again_at_the_start(
    quay: Quay,
) -> None:
    async def install() -> str:
        return ""

    world, restarter = quay.world, FakeRestarter()
    bad = world.checkout.advance({"bot/domain/run.py": "x"})
    await world.checkout.fast_forward(bad)
    restarter.rollbacks[bad] = "it did not start"
    ship = Deployer(
        world.forge, world.checkout, world.runtime, world.clock, CoreUpdates(restarter, install),
        left_behind=("bot/domain/run.py",),
    )  # fmt: skip
    assert not await ship.is_behind()


async def test_after_a_refused_restart_a_later_cog_is_live_by_itself(quay: Quay) -> None:
    world = quay.world
    ship = Deployer(world.forge, world.checkout, world.runtime, world.clock)
    world.checkout.advance({"bot/domain/run.py": "x"})
    assert await ship.sync() is not None
    ship.leave_refused()
    world.checkout.advance({"cogs/dice.py": FIXED})
    arrival = await ship.sync()
    assert arrival is not None and arrival.live
