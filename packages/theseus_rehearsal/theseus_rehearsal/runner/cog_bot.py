"""A bot of some cogs: the tree's client with only a clock and a journal."""

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

    `on_record` receives the journal's records. `client` is its client, once it is created. Trees of
    other versions work too: arguments that their classes do not have are left out.
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
        """Close the connection and the cogs."""
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
    """Return a function that finds these flags, which are on for everyone.

    Other flags are off, like flags that were never switched. A tree without flags has none.
    """
    try:
        flags = importlib.import_module("bot.domain.flag")
    except ModuleNotFoundError:
        return lambda _name: None
    # Trees before 0.2 use another name.
    build = getattr(flags, "build_flags_for_all", None) or flags.on_for_all
    find_flag: Callable[[str], Any] = build(names).get
    return find_flag


class _Journal:
    """A journal that passes the recorder's records on, and does not store them."""

    def __init__(self, append: Callable[[Any], None]) -> None:
        self.append = append


class _Clock:
    """The clock port, in the script's time."""

    def __init__(self, time: ScriptTime) -> None:
        self.now = time.now
        self._time = time

    def monotonic(self) -> float:
        """Return the seconds since the start of the script."""
        return self._time.seconds

    async def sleep(self, seconds: float) -> None:
        """Wait for so many seconds of the script's time."""
        await asyncio.sleep(seconds)


def _build(kind: Any, **given: Any) -> Any:
    parameters = inspect.signature(kind).parameters
    return kind(**{name: value for name, value in given.items() if name in parameters})
