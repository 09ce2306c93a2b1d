"""A change of the core comes live while people use the bot; a bad one is taken back."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from local_discord.person import Message

from bot.demo.faults import FAULTS
from tests.fakes.repositories import run_git
from tests.support.demo_playground import Playground
from tests.support.handover_harness import HandoverHarness, open_handover
from tests.support.handover_traffic import (
    Traffic,
    check_answered_once,
    check_reminded_once,
    list_failed_actions,
)
from tests.support.page_reader import PageReader
from tests.support.parameter_choice import choose_parameters
from tests.support.repository_copy import copy_type_cache

pytestmark = pytest.mark.slow

CORE = "bot/domain/ids.py"


def _commented(source: str) -> str:
    return source + "\n# changed\n"


@pytest.mark.parametrize("times", [2, pytest.param(100, marks=pytest.mark.exhaustive)])
async def test_hand_over_after_hand_over_nothing_is_lost_and_nothing_grows(
    times: int, tmp_path: Path
) -> None:
    async with open_handover(tmp_path, probation=1) as world:
        seen = []
        for number in range(times):
            traffic, began = Traffic(world, pause=0.3), asyncio.get_running_loop().time()
            async with traffic.keep_flowing("dev"):
                pushed = await world.push({CORE: _commented})
                await world.wait_for_message(f"**live at `{pushed[:7]}`**, after a restart")
                took = asyncio.get_running_loop().time() - began
                await world.wait_for_probation(pushed)
            await check_answered_once(world, traffic.asked)
            await check_reminded_once(world, traffic.reminders, traffic.name)
            seen.append(await world.wait_until_settled())
            print(number, f"{took:.1f} s, slowest {traffic.slowest:.2f} s,", seen[-1])  # noqa: T201
        assert list_failed_actions(world) == []
        assert seen[-1].files <= seen[0].files
        assert seen[-1].memory_mb < seen[0].memory_mb + 8
        await _push_two_close_together(world)


async def _push_two_close_together(world: HandoverHarness) -> None:
    """Push two commits of the core; check that they come live one after the other."""
    first = await world.push({CORE: _commented})
    await world.wait_for_message(f"`{first[:7]}` is not live yet")  # it is rehearsed now
    second = await world.push({CORE: _commented})
    await world.wait_for_message(f"`{second[:7]}` is not live yet")
    live = await world.wait_for_message(f"**live at `{first[:7]}`**, after a restart")
    later = await world.wait_for_message(f"**live at `{second[:7]}`**, after a restart")
    assert int(live["id"]) < int(later["id"])
    await world.wait_for_probation(second)
    assert world.read_records()["bad"] == {}
    kept = {each.name for each in (world.demo.workspace.state / "cache" / "code").iterdir()}
    assert {first, second} >= kept


FAULT = next(each for each in FAULTS if each.name == "reminders-unknown-number")


async def test_across_a_hand_over_nothing_is_lost_and_nothing_is_done_twice(tmp_path: Path) -> None:
    copy_type_cache(tmp_path / "state/cache/mypy")
    async with open_handover(tmp_path, FAULT) as world:
        alice = PageReader(world.alice)
        await Playground(world.demo, FAULT, alice, alice).trigger_fault()
        thread = await alice.ask(FAULT.report)
        card = await alice.wait_for_proposal(thread, timeout=180)
        traffic, failed = Traffic(world), list_failed_actions(world)
        async with world.open_session() as dashboard:
            pushed = await _handed_over(world, traffic, thread)
            await world.wait_until_ready()
            assert (await dashboard.get("/audit")).status == 200
        assert world.running_commit == pushed
        assert traffic.slowest < 3.0  # what Discord gives an interaction
        await check_answered_once(world, traffic.asked)
        await check_reminded_once(world, traffic.reminders, traffic.name)
        assert list_failed_actions(world) == failed
        assert "Shipping" in await alice.press(thread, card, "Ship it")
        await alice.wait_until_live(thread)
        assert "no reminder with that number" in await alice.run("dev", "reminders cancel", id=99)
        merged = run_git(world.demo.workspace.forge, "rev-list", "--merges", "main").split()
        assert len(merged) == 1
        await world.wait_for_probation(pushed)
        assert await world.get_readiness() == 200


async def _handed_over(world: HandoverHarness, traffic: Traffic, thread: str) -> str:
    """Have one bot hand over to the next while people use it; return what that runs."""
    async with traffic.keep_flowing("dev", thread):
        pushed = await world.push({CORE: _commented})
        await world.wait_for_message(f"**live at `{pushed[:7]}`**, after a restart")
        before = traffic.rolled
        async with asyncio.timeout(30):
            while traffic.rolled < before + 20:  # noqa: ASYNC110  others count
                await asyncio.sleep(0.1)
    return pushed


NOTICES = "bot/self_improvement/reporting/restart_notices.py"
_FIRST = '        """Announce what is new, each once, until cancelled."""\n'


async def _is_an_incident(world: HandoverHarness, told: Message) -> None:
    """Check that it is told once, and that a person may close it by its button."""
    alice = PageReader(world.alice)
    assert "\n-# incident " in told["content"]
    assert "was rolled back" in await alice.run("dev", "incidents list")
    assert "alice closed it" in await alice.press("dev", told, "Close")
    over = await alice.wait_for_text("dev", "It is closed: alice closed it")
    assert over["id"] == told["id"]
    assert not [each for each in list_failed_actions(world) if "reload.restart" not in each]


def _begins(*lines: str) -> Callable[[str], str]:
    """Return what has the bot do this once it has taken over; a rehearsal sees nothing of it."""
    inserted = "        if 'restarted' in self.news:\n"
    inserted += "".join(f"            {line}\n" for line in lines)

    def change(source: str) -> str:
        assert _FIRST in source
        return source.replace(_FIRST, _FIRST + inserted)

    return change


def _crashes_after(seconds: int) -> Callable[[str], str]:
    return _begins(f"await asyncio.sleep({seconds})", "raise RuntimeError('as it was told to')")


BAD: dict[str, tuple[str, Callable[[str], str], str]] = {
    "crashes after 10 s": (NOTICES, _crashes_after(10), "it ended with exit code 1"),
    "crashes after 50 s": (NOTICES, _crashes_after(50), "it ended with exit code 1"),
    "crashes after 2 s": (NOTICES, _crashes_after(2), "it ended with exit code 1"),
    "does not import": (CORE, lambda text: text + "\nimport nonsense\n", "it was played"),
    "answers nothing": (
        "bot/client/_command_tree.py",
        lambda text: text.replace("return True", "return False"),
        "`/health` gets no answer",
    ),
    "hangs": (NOTICES, _begins("import time", "time.sleep(600)"), "it hung"),
    "leaks": (
        NOTICES,
        _begins(
            "kept = []",
            "while True:",
            "    kept.append(bytearray(40_000_000))",
            "    await asyncio.sleep(0.05)",
        ),
        "its memory grew",
    ),
}


@pytest.mark.parametrize("kind", choose_parameters(BAD, each=len(BAD)))
async def test_what_does_not_work_is_taken_back_and_told(kind: str, tmp_path: Path) -> None:
    file, change, why = BAD[kind]
    probation = 60 if "50" in kind else 20
    async with open_handover(tmp_path, probation=probation) as world:
        before = world.running_commit
        pushed = await world.push({file: change})
        told = await world.wait_for_message(why)
        assert pushed[:7] in told["content"]
        assert world.running_commit == before
        assert list(world.read_records()["bad"]) == [pushed]
        if "rolled it back" in told["content"]:
            await _is_an_incident(world, told)
        done = await world.alice.run("dev", "roll", dice="1d6")
        assert done["message"] is not None
