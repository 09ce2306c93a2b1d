"""Planted faults are met, complained about, mended, shipped, and mended right."""

import importlib.util
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from local_discord.person import Message

from bot.demo.faults import FAULTS, PlantedFault
from tests.support.demo_playground import open_playground
from tests.support.page_reader import PageReader, get_text
from tests.support.parameter_choice import EXHAUSTIVE

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
UNITS = ("s", "sec", "seconds", "m", "min", "minutes", "h", "hr", "hours", "d", "day", "w", "weeks")

# What the function at fault is called with, here and in the repository before the fault.
INPUTS: dict[str, list[tuple[Any, ...]]] = {
    "format_face": [(value, sides) for sides in (6, 20) for value in range(1, sides + 1)],
    "describe_near_miss": [([4, 2, 6], keep) for keep in range(5)] + [([3, 5], 2), ([1], 1),
        ([5, 5], 1)],
    "parse_notation": [
        (text,) for text in ("d%", "2d%", "3d%kh1+2", "d6", "4d6kh3", "2d20-1", "0d6", "d1", "x")
    ],
    "describe_reminder": [
        (None, 50),
        ({"id": 3, "about": "tea", "due": 100}, 50),
        ({"id": 4, "about": "", "due": 100_000}, 0),
    ],
    "add_up": [([(amount, unit)],) for unit in UNITS for amount in (1, 2)]
    + [([(1, "h"), (30, "min")],), ([],)],
    "format_duration": [(seconds,) for seconds in (-5, 0, 1, 30, 59, 60, 61, 3600, 5400, 90061,
        10**6)],
    "tally": [
        (["Pizza"], ["Pizza", "Salad"]),
        (["Salad", "Pizza", "Salad"], ["Pizza", "Salad"]),
        ([], ["Pizza", "Salad"]),
        (["tea"], ["tea", "coffee"]),
        ([], []),
    ],
    "compute_percentages": [([0, 0],), ([0],), ([1],), ([1, 1, 1],), ([2, 3, 2],), ([0, 7],),
        ([5, 0, 0],)],
}  # fmt: skip


async def _reply(alice: PageReader, thread: str, card: Message) -> None:
    await alice.person.say(thread, "nice, ship it", reply_to=card)


async def _words(alice: PageReader, thread: str, card: Message) -> None:
    await alice.person.say(thread, "lgtm, merge")


async def _reaction(alice: PageReader, thread: str, card: Message) -> None:
    await alice.person.react(thread, card, "🚢")


async def _button(alice: PageReader, thread: str, card: Message) -> None:
    assert "Shipping" in await alice.press(thread, card, "Ship it")


async def _command(alice: PageReader, thread: str, card: Message) -> None:
    assert "Shipping" in await alice.run(thread, "ship")


WAYS: tuple[Callable[[PageReader, str, Message], Awaitable[None]], ...] = (
    _reply, _words, _reaction, _button, _command,
)  # fmt: skip


NUMBERS = range(len(FAULTS))


@EXHAUSTIVE
@pytest.mark.parametrize("number", NUMBERS)
async def test_a_planted_fault_is_mended_and_mended_right(number: int, tmp_path: Path) -> None:
    fault = FAULTS[number]
    async with open_playground(tmp_path, fault) as play:
        alice, pid = play.alice, play.demo.bot.pid
        assert any(f"failed with {fault.error}" in said for said in await play.trigger_fault())
        thread = await alice.ask(fault.report)
        card = await alice.wait_for_proposal(thread, timeout=180)
        assert fault.file in get_text(card)
        await WAYS[number % len(WAYS)](alice, thread, card)
        await alice.wait_until_live(thread)
        assert not any("failed with" in said for said in await play.trigger_fault())
        await alice.check_wording()
        assert play.demo.bot.pid == pid
    _same(fault, ROOT / fault.file, tmp_path / "checkout" / fault.file)


def _same(fault: PlantedFault, before: Path, after: Path) -> None:
    """Check that the function at fault does what it did before the fault, on every input."""
    original, mended = (_loaded(file, str(at)) for at, file in enumerate((before, after)))
    for arguments in INPUTS[fault.function]:
        wanted = _outcome(original, fault.function, arguments)
        assert _outcome(mended, fault.function, arguments) == wanted, arguments


def _loaded(file: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"compared_{name}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules[spec.name]
    return module


def _outcome(module: ModuleType, function: str, arguments: tuple[Any, ...]) -> str:
    try:
        return repr(getattr(module, function)(*arguments))
    except Exception as error:  # noqa: BLE001  # what it raises is what is compared
        return f"{type(error).__name__}: {error}"
