"""Whatever a bot hands to the hooks, they raise nothing into it, and its own handlers run."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import discord
import pytest
from discord.ext import commands, tasks
from foreign_bot import read_records

from theseus_observe.observer import Observer
from theseus_observe.settings import Settings

RAISED = (
    ValueError, AttributeError, TypeError, KeyError, RecursionError, MemoryError, StopIteration,
    SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError,
)  # fmt: skip
EVENTS = (
    "interaction", "command", "command_completion", "command_error", "app_command_completion",
    "connect", "shard_connect", "resumed", "their_own",
)  # fmt: skip
BASES = (ValueError, OSError, commands.CommandInvokeError, Exception)
ROUNDS = 40


def make_hostile(chance: random.Random, raised: Sequence[type[BaseException]] = RAISED) -> Any:
    """Return an object that raises when it is looked at, or one of an odd type."""
    kind = chance.choice(raised)

    def refuse(*_: object) -> Any:
        raise kind("hostile")

    hooks = chance.sample(
        ["__getattribute__", "__eq__", "__hash__", "__bool__", "__str__", "__repr__", "__len__"],
        chance.randint(1, 7),
    )
    base = chance.choice((object, str, int, dict, commands.Context, discord.Interaction))
    made = type("Hostile", (base,), dict.fromkeys(hooks, refuse))
    odd = (None, 3, "text\ud800", [], b"\xff", type, lambda: None, made)
    return chance.choice((made.__new__(made), chance.choice(odd)))


def make_hostile_error(
    chance: random.Random, bases: Sequence[type[BaseException]] = BASES
) -> BaseException:
    """Return an exception that raises when it is looked at."""
    raised = chance.choice(RAISED)

    def refuse(*_: object) -> Any:
        raise raised("hostile")

    hooks = chance.sample(["__str__", "__repr__", "__eq__", "__hash__", "__bool__"], 3)
    hooks += chance.sample(["original", "args", "status", "__traceback__"], 2)
    properties = {"original", "args", "status", "__traceback__"}
    body = {name: property(refuse) if name in properties else refuse for name in hooks}
    base = chance.choice(bases)
    kind = type("HostileError", (base,), body)
    return kind.__new__(kind)


def fail(error: BaseException) -> None:
    """Raise an error."""
    raise error


class CountingBot(commands.Bot):
    """A bot that counts how often its own handlers ran."""

    def __init__(self) -> None:
        super().__init__(command_prefix="?", intents=discord.Intents.none())
        self.ran: list[str] = []

    async def on_command_error(self, *_: Any) -> None:
        self.ran.append("command_error")

    async def on_their_own(self, *_: Any) -> None:
        self.ran.append("their_own")

    async def on_error(self, event: str, /, *_: Any, **__: Any) -> None:
        self.ran.append("error")


class Observed:
    """A bot and what observes it; `lines` is what the maintainer was shown."""

    def __init__(self, folder: Path) -> None:
        self.bot = CountingBot()
        self.lines: list[str] = []
        settings = Settings(root=folder, folder=folder / "journal", values="always")
        self.observer = Observer(self.bot, settings, tell=self.lines.append)
        self.observer.attach()


@pytest.fixture
async def observed(tmp_path: Path) -> AsyncIterator[Observed]:
    observed = Observed(tmp_path)
    await observed.bot._async_setup_hook()  # as its login does
    yield observed
    observed.observer.detach()


async def settle() -> None:
    """Let the tasks of the bot's handlers run."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_events_with_hostile_objects(observed: Observed) -> None:
    chance = random.Random(7)
    for _ in range(ROUNDS):
        for event in EVENTS:
            arguments = [make_hostile(chance) for _ in range(chance.randint(0, 3))]
            observed.bot.dispatch(event, *arguments)
    await settle()
    assert observed.bot.ran.count("their_own") == ROUNDS
    assert observed.bot.ran.count("command_error") == ROUNDS
    assert observed.observer.runner.errors > 0
    assert len(observed.lines) == 1
    assert "further errors are only counted" in observed.lines[0]


async def test_error_handlers_with_hostile_errors(observed: Observed) -> None:
    chance, answered = random.Random(11), 0

    @observed.bot.tree.error
    async def answer_error(_interaction: Any, _error: Any) -> None:
        nonlocal answered
        answered += 1

    observed.bot.dispatch("their_own")
    for _ in range(ROUNDS):
        await observed.bot.tree.on_error(make_hostile(chance), make_hostile_error(chance))  # type: ignore[arg-type]
        try:
            fail(make_hostile_error(chance, (ValueError, OSError)))
        except (ValueError, OSError):
            await observed.bot.on_error("message", make_hostile(chance))
    assert answered == ROUNDS
    assert observed.bot.ran.count("error") == ROUNDS


async def test_tasks_loops_and_unhandled_errors(observed: Observed) -> None:
    chance, unhandled = random.Random(13), 0
    loop = asyncio.get_running_loop()

    def note_unhandled(_loop: object, _details: dict[str, Any]) -> None:
        nonlocal unhandled
        unhandled += 1

    loop.set_exception_handler(note_unhandled)
    observed.bot.dispatch("their_own")  # the handler that the bot has set is found

    async def fail_later(error: BaseException) -> None:
        fail(error)

    for _ in range(ROUNDS):
        error = make_hostile_error(chance)
        task = asyncio.create_task(fail_later(error))
        await asyncio.wait([task])
        assert task.exception() is error
        loop.call_exception_handler({"message": "x", "exception": error, "task": task})
        loop.call_exception_handler({"message": "x", "future": None, "exception": 3})
    assert unhandled == 2 * ROUNDS

    @tasks.loop(count=1)
    async def turn() -> None:
        raise make_hostile_error(chance, (ValueError, Exception))  # no `OSError`: it is tried again

    @turn.error
    async def answer(*_: Any) -> None:
        observed.bot.ran.append("loop")

    for _ in range(ROUNDS):
        running = turn.start()
        await asyncio.wait([running])
        assert running.exception() is not None  # else asyncio logs it, and pytest formats the log
    assert observed.bot.ran.count("loop") == ROUNDS


async def test_presses_with_hostile_interactions(observed: Observed) -> None:
    chance = random.Random(17)
    observed.bot.dispatch("their_own")

    class Broken(discord.ui.View):
        async def on_error(self, *_: Any) -> None:
            observed.bot.ran.append("view")

    for _ in range(ROUNDS):
        view = Broken()
        # What ends a process, as `SystemExit`, would end it in discord.py's own task as well.
        pair = [make_hostile(chance, (ValueError, AttributeError, TypeError)) for _ in range(2)]
        task = asyncio.create_task(view._scheduled_task(*pair))
        await asyncio.wait([task])
    await settle()
    assert observed.bot.ran.count("view") > ROUNDS / 3  # others failed past `except Exception`


class CountingHandler(logging.Handler):
    """Counts records without formatting them."""

    count = 0

    def emit(self, _record: logging.LogRecord) -> None:
        self.count += 1


async def test_log_records_pass(observed: Observed) -> None:
    chance, handler = random.Random(19), CountingHandler()
    log = logging.getLogger("discord.ui.view")
    log.addHandler(handler)
    log.propagate = False
    for _ in range(ROUNDS):
        error = make_hostile_error(chance)
        log.error("a failure", exc_info=(type(error), error, None))
    log.removeHandler(handler)
    log.propagate = True
    assert handler.count == ROUNDS


async def test_detaching_puts_everything_back(tmp_path: Path) -> None:
    plain = CountingBot()
    before = (plain.dispatch, plain.on_error, plain.tree.on_error, plain.close)
    loop = asyncio.get_running_loop()
    factory, handler = loop.get_task_factory(), loop.get_exception_handler()
    settings = Settings(root=tmp_path, folder=tmp_path / "journal")
    observer = Observer(plain, settings)
    observer.attach()
    assert plain.dispatch != before[0]
    assert loop.get_task_factory() is not factory
    observer.detach()
    assert (plain.dispatch, plain.on_error, plain.tree.on_error, plain.close) == before
    assert plain._connection.dispatch == before[0]
    assert (loop.get_task_factory(), loop.get_exception_handler()) == (factory, handler)


async def test_two_clients_in_one_loop_record_a_task_once(tmp_path: Path) -> None:
    observers = []
    for name in ("one", "two"):
        settings = Settings(root=Path(__file__).parent, folder=tmp_path / name, values="always")
        observers.append(Observer(CountingBot(), settings))
        observers[-1].attach()
    loop = asyncio.get_running_loop()
    try:
        fail(RuntimeError("of no client"))
    except RuntimeError as error:
        loop.call_exception_handler({"message": "x", "exception": error})
    for observer in observers:
        observer.detach()
    found = [read_records(tmp_path / name) for name in ("one", "two")]
    assert [len(each) for each in found] == [1, 0]
    assert found[0][0]["kind"] == "task"
