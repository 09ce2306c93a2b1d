"""Whatever ends a command, a press, a form, a listener or a loop is recorded as its failure."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from local_discord.server import LocalDiscord

from bot.domain.journal import Action, ActionOutcome, Kind
from tests.support.live_client import Home, LiveClient, run_client

COG = Path(__file__).parent / "ending_cog.py"
ENDINGS = {
    "exit": "SystemExit",
    "argparse": "SystemExit",
    "keyboard": "KeyboardInterrupt",
    "generator": "GeneratorExit",
    "cancelled": "asyncio.exceptions.CancelledError",
}


@pytest.fixture
async def room(home: Home, local: LocalDiscord) -> AsyncIterator[LiveClient]:
    home.write("cogs/endings.py", COG.read_text())
    async with run_client(home, local) as room:
        yield room
        room.client.__dict__["let_go"] = True


def check_failure(action: Action, exception: str, function: str = "end") -> None:
    assert action.outcome is ActionOutcome.ERROR
    assert action.error is not None
    assert action.error.exception == exception
    innermost = action.error.innermost
    assert innermost is not None
    assert (innermost.file, innermost.function) == ("cogs/endings.py", function)


async def wait_for_failure(room: LiveClient, kind: Kind, exception: str, number: int) -> Action:
    """Return the failure of that number, from 1; it raised that exception."""
    seen: set[str] = set()

    def is_wanted(action: Action) -> bool:
        if action.error is not None:
            seen.add(action.id)
        return len(seen) == number and action.error is not None

    await room.journal.wait_for(kind, is_wanted)
    failures = [each for each in await room.journal.list_by_kind(kind) if each.error is not None]
    assert len(failures) == number
    check_failure(failures[-1], exception)
    return failures[-1]


def _exception_of(action: Action) -> str:
    return action.error.exception if action.error is not None else ""


def mentions(action: Action) -> Callable[[Any], bool]:
    return lambda message: action.id[-8:] in message["content"]


async def check_is_alive(room: LiveClient) -> None:
    assert (await room.alice.run("dev", "panel"))["message"]["content"] == "panel"


async def test_a_slash_command_is_answered_however_it_ends(room: LiveClient) -> None:
    for how, exception in ENDINGS.items():
        answer = await room.alice.run("dev", "end", how=how)
        text = answer["message"]["content"]
        assert "`/end` failed with" in text
        recorded = (await room.journal.list_by_kind(Kind.COMMAND))[-1]
        check_failure(recorded, exception)
        assert recorded.id[-8:] in text
    assert len(await room.journal.list_by_kind(Kind.COMMAND)) == len(ENDINGS)
    await check_is_alive(room)


async def test_an_autocomplete_is_recorded_however_it_ends(room: LiveClient) -> None:
    # All at once: each is waited for as long as Discord waits for its choices.
    asked = [
        room.alice.interact("dev", autocomplete="end", option="how", value=how) for how in ENDINGS
    ]
    await asyncio.gather(*asked)
    recorded = await room.journal.list_by_kind(Kind.COMMAND)
    failures = sorted(each.error.exception for each in recorded if each.error is not None)
    assert failures == sorted(ENDINGS.values())
    for action, exception in zip(sorted(recorded, key=_exception_of), failures, strict=True):
        check_failure(action, exception)
        assert action.name == "end autocomplete"


@pytest.mark.parametrize("before", ["", "convert-"])
async def test_a_text_command_is_answered_however_it_ends(room: LiveClient, before: str) -> None:
    for number, (how, exception) in enumerate(ENDINGS.items(), 1):
        await room.alice.say("dev", f"@Theseus finish {before}{how}")
        recorded = await wait_for_failure(room, Kind.COMMAND, exception, number)
        await room.alice.wait_for("dev", mentions(recorded))


async def test_a_press_is_answered_however_it_ends(room: LiveClient) -> None:
    await room.alice.run("dev", "panel")
    for how in ("exit", "generator", "cancelled"):
        answer = await room.alice.press("dev", "endings:how", values=[how])
        assert "That failed with" in answer["message"]["content"]
        recorded = (await room.journal.list_by_kind(Kind.COMPONENT))[-1]
        check_failure(recorded, ENDINGS[how])
        assert recorded.name == "Panel.endings:how"
    assert len(await room.journal.list_by_kind(Kind.COMPONENT)) == 3
    assert not await room.journal.list_by_kind(Kind.TASK)


async def test_a_form_is_answered_however_it_ends(room: LiveClient) -> None:
    await room.alice.run("dev", "panel")
    for how, exception in ENDINGS.items():
        await room.alice.press("dev", "endings:form")
        answer = await room.alice.submit("dev", "endings:asked", {"how": how})
        assert "That form failed with" in answer["message"]["content"]
        check_failure((await room.journal.list_by_kind(Kind.COMPONENT))[-1], exception)
    assert len(await room.journal.list_by_kind(Kind.COMPONENT)) == len(ENDINGS)


async def test_a_listener_is_recorded_however_it_ends(room: LiveClient) -> None:
    for number, (how, exception) in enumerate(ENDINGS.items(), 1):
        await room.alice.say("dev", f"hear {how}")
        recorded = await wait_for_failure(room, Kind.LISTENER, exception, number)
        assert recorded.name == "Endings.on_message"


async def test_a_loop_is_recorded_however_it_ends(room: LiveClient) -> None:
    cog: Any = room.client.cogs["Endings"]
    for number, (how, exception) in enumerate(ENDINGS.items(), 1):
        cog.how = how
        task = cog.turn.start()
        recorded = await wait_for_failure(room, Kind.TASK, exception, number)
        assert recorded.name == "Endings.turn"
        await asyncio.wait([task])
    await check_is_alive(room)


@pytest.mark.parametrize("hook", ["before_loop", "after_loop", "error"])
async def test_a_hook_of_a_loop_is_recorded_however_it_ends(room: LiveClient, hook: str) -> None:
    def is_of_hook(action: Action) -> bool:
        return action.error is not None and action.error.inputs.get("hook") == repr(hook)

    cog: Any = room.client.cogs["Endings"]
    kinds = {"failure": "LookupError", **ENDINGS}
    for how in kinds:
        cog.hooks = {hook: how}
        await asyncio.wait([cog.hooked.start()])
    await check_is_alive(room)
    gc.collect()
    await room.journal.wait_for(
        Kind.TASK, lambda action: _exception_of(action) == [*kinds.values()][-1]
    )
    recorded = [each for each in await room.journal.list_by_kind(Kind.TASK) if is_of_hook(each)]
    assert [_exception_of(each) for each in recorded] == [*kinds.values()]
    assert {each.name for each in recorded} == {"Endings.hooked"}


async def test_a_cancellation_that_was_asked_for_is_no_failure(room: LiveClient) -> None:
    cog: Any = room.client.cogs["Endings"]
    cog.how = "wait"
    task = cog.turn.start()
    await cog.turning.wait()
    task.cancel()
    await asyncio.wait([task])
    (recorded,) = [
        each for each in await room.journal.list_by_kind(Kind.TASK) if each.name == "Endings.turn"
    ]
    assert (recorded.outcome, recorded.error) == (ActionOutcome.CANCELLED, None)


# Background tasks


BACKGROUND = {
    "task": ("fail_soon", {"task"}),
    "results": ("fail_soon", {"one", "two"}),
    "later": ("Endings.fail_later", {"later"}),
    "exit": ("Endings.leave", {"3"}),
}


def complete(expected: set[tuple[str, str]]) -> Callable[[Action], bool]:
    """Return what is true of a record once all of these failures were among the records."""
    seen: set[tuple[str, str]] = set()

    def is_last(action: Action) -> bool:
        if action.error is not None:
            seen.add((action.name, action.error.message))
        return seen >= expected

    return is_last


async def test_what_fails_in_the_background_is_recorded_with_its_cog(room: LiveClient) -> None:
    expected: set[tuple[str, str]] = set()
    for what, (name, messages) in BACKGROUND.items():
        await room.alice.run("dev", "background", what=what)
        expected |= {(name, message) for message in messages}
        await room.journal.wait_for(Kind.TASK, complete(expected))
    gc.collect()
    await check_is_alive(room)
    failures = await room.journal.list_by_kind(Kind.TASK)
    assert len(failures) == len(expected)
    for action in failures:
        assert action.outcome is ActionOutcome.ERROR
        assert action.error is not None
        assert action.error.innermost is not None
        assert action.error.innermost.file == "cogs/endings.py"
        assert ("made_in" in action.error.inputs) == (action.name != "Endings.fail_later")


async def test_what_somebody_waits_for_is_no_failure_in_the_background(room: LiveClient) -> None:
    answer = await room.alice.run("dev", "background", what="handled")
    assert answer["message"]["content"] == "handled"
    gc.collect()
    await check_is_alive(room)
    assert not await room.journal.list_by_kind(Kind.TASK)


def tasks_named(name: str) -> list[asyncio.Task[Any]]:
    return [each for each in asyncio.all_tasks() if each.get_name() == name]


async def test_a_reload_ends_the_tasks_of_a_cog_and_names_those_that_run_on(
    room: LiveClient,
) -> None:
    (old,) = tasks_named("poller")
    room.home.write("cogs/endings.py", COG.read_text() + "\n# changed\n")
    adoption = await room.client.runtime.adopt(["cogs/endings.py"])
    assert adoption.reloaded == ("cogs.endings",)
    assert old.cancelled()
    assert len(tasks_named("poller")) == 1
    (report,) = [
        each for each in await room.journal.list_by_kind(Kind.RELOAD) if each.error is not None
    ]
    assert report.name == "cogs.endings tasks"
    assert report.error is not None
    assert "still runs: stubborn, made in Endings.cog_load (cogs.endings:" in report.error.message
    assert "poller" not in report.error.message


async def test_a_reload_cancels_the_timers_of_a_cog(room: LiveClient) -> None:
    cog: Any = room.client.cogs["Endings"]
    timer = asyncio.get_running_loop().call_later(3600, cog.fail_later)
    room.client.__dict__["let_go"] = True  # no task is waited for
    await room.client.runtime.adopt(["cogs/endings.py"])
    assert timer.cancelled()
