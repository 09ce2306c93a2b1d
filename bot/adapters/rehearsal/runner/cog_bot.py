"""A bot of some cogs: the tree's client with nothing behind it but a clock and a journal."""

import asyncio
import importlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import network
from .script_time import ScriptTime


class CogBot:
    """Runs the tree's own client with the cogs that a world names.

    `told` gets what its journal records. `client` is its client, once that is made. Trees of other
    times are played as well: what their classes do not take is not given.
    """

    def __init__(
        self,
        tree: Path,
        state: Path,
        time: ScriptTime,
        on_record: Callable[[Any], None],
        token: str,
    ) -> None:
        self.client: Any = None
        self._tree = tree
        self._state = state
        self._time = time
        self._on_record = on_record
        self._token = token
        self._closing: asyncio.Task[None] | None = None

    async def run(self, world: Mapping[str, Any]) -> None:
        """Run it until it is asked to stop."""
        self.client = self._create_client(world)
        network.disable_heartbeats(self.client)
        await self.client.start(self._token)
        if self._closing is not None:
            await self._closing

    def stop(self) -> None:
        """Have it close its connection and its cogs."""
        self._closing = asyncio.get_event_loop().create_task(self.client.close())

    def _create_client(self, world: Mapping[str, Any]) -> Any:
        client = importlib.import_module("bot.client")
        telemetry = importlib.import_module("bot.telemetry")
        people = importlib.import_module("bot.domain.people")
        clock = _Clock(self._time)
        recorder = _build(
            telemetry.Recorder,
            journal=_Journal(self._on_record),
            clock=clock,
            root=self._tree,
            secret=b"rehearsal",
            commit=lambda: None,
        )
        identity = client.Identity(
            guild_id=int(world["guild"]),
            dev_channel_id=int(world["dev_channel"]),
            people=people.AllowList(),
        )
        return _build(
            client.TheseusClient,
            root=self._tree,
            state=self._state,
            clock=clock,
            recorder=recorder,
            identity=identity,
            flags=build_flag_finder(world["flags"]),
            prefixes=tuple(world["prefixes"]),
            extensions=tuple(f"cogs.{name}" for name in world["cogs"]),
            guild_ready_timeout=network.READY_SECONDS,
        )


def build_flag_finder(names: Sequence[str]) -> Callable[[str], Any]:
    """Return what finds the flags of these names, on for everybody; a tree without flags has none.

    All others are off, as flags are that nobody ever switched.
    """
    try:
        flags = importlib.import_module("bot.domain.flag")
    except ModuleNotFoundError:
        return lambda _name: None
    # Trees before 0.2 have it under another name.
    build = getattr(flags, "build_flags_for_all", None) or flags.on_for_all
    found: Callable[[str], Any] = build(names).get
    return found


class _Journal:
    """The journal of a play: the tree's recorder writes to it, and it keeps nothing."""

    def __init__(self, append: Callable[[Any], None]) -> None:
        self.append = append


class _Clock:
    """The clock port, in the script's time."""

    def __init__(self, time: ScriptTime) -> None:
        self.get_time = time.get_time
        self.now = time.get_time  # what trees before 0.2 call
        self._time = time

    def get_monotonic_time(self) -> float:
        """Return seconds since the play began."""
        return self._time.seconds

    monotonic = get_monotonic_time  # what trees before 0.2 call

    async def sleep(self, seconds: float) -> None:
        """Wait for so much of the script's time."""
        await asyncio.sleep(seconds)


def _build(kind: Any, **given: Any) -> Any:
    taken = inspect.signature(kind).parameters
    return kind(**{name: value for name, value in given.items() if name in taken})
