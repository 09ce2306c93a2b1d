"""One play's bot: the tree's real client, on the script's Discord."""

import asyncio
import base64
import gc
import importlib
import inspect
import traceback
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from . import network
from .lines import LineSocket
from .script_time import ScriptTime
from .seeds import Seeds
from .state_files import digests
from .stepped_loop import SteppedLoop

TOKEN = "rehearsal"  # noqa: S105 - the script's Discord takes any
_MESSAGE_CHARS = 2_000
_CLOSING_SECONDS = 30.0
_NO_TIMEOUT = 1e9  # seconds


class PlayedBot:
    """Lives from the first order to the one that ends it; see `ControlChannel` for the orders."""

    def __init__(self, channel: LineSocket, tree: Path, time: ScriptTime, seeds: Seeds) -> None:
        self._channel = channel
        self._tree = tree
        self._time = time
        self._seeds = seeds
        self._client: Any = None
        self._ended = asyncio.Event()

    def live(self) -> None:
        """Set everything up as the first order says, and run the bot until it is to end."""
        world = self._channel.receive()
        if world is None:
            return
        gc.disable()  # what is collected when depends on what else happened in this process
        self._time.move_to(float(world["seconds"]))
        self._time.begin(datetime.fromisoformat(world["starts"]))
        self._seeds.begin(int(world["seed"]))
        network.install(Path(world["sockets"]))
        state = Path(world["state"])
        state.mkdir(parents=True, exist_ok=True)
        for name, content in world["files"].items():
            path = state / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(base64.b64decode(content))
        loop = SteppedLoop(self._time, self._turn)
        asyncio.set_event_loop(loop)
        loop.run_until_complete(self._run(world, state))

    async def _run(self, world: Mapping[str, Any], state: Path) -> None:
        try:
            self._client = make_client(world, self._tree, state, self._time, self._journalled)
            running = asyncio.create_task(self._client.start(TOKEN), name="client")
            ended = asyncio.create_task(self._ended.wait(), name="ended")
            await asyncio.wait({running, ended}, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
                self._channel.send({"failed": "the bot ended by itself"})
            async with asyncio.timeout(_CLOSING_SECONDS):
                await self._client.close()
            self._channel.send({"files": digests(state)})
        except BaseException as error:  # noqa: BLE001 - the tree's code may raise anything
            traceback.print_exc()
            why = "".join(traceback.format_exception_only(error)).strip()
            self._channel.send({"failed": why[:_MESSAGE_CHARS]})

    # ---------------------------------------------------------------- in turns

    def _turn(self, next_timer: float | None) -> None:
        ready = self._client is not None and self._client.is_ready()
        self._channel.send({"idle": next_timer, "ready": ready, "seconds": self._time.seconds})
        order = self._channel.receive()
        if order is None:
            raise SystemExit("nobody plays this any more")
        self._time.move_to(float(order["seconds"]))
        if order.get("end"):
            self._ended.set()
        if order.get("reload"):
            file = f"cogs/{order['reload']}.py"
            self._later(self._client.runtime.adopt([file]))

    def _later(self, work: Any) -> None:
        self._working = asyncio.get_event_loop().create_task(work)

    def _journalled(self, action: Any) -> None:
        """Tell of what failed; the rest of the journal says nothing that the server has not."""
        error = action.error
        if error is None:
            return
        frames = [f"{each.file}:{each.function}" for each in error.frames]
        told = {
            "event": action.event,
            "error": error.exception,
            "at": frames[-1] if frames else "",
            "message": error.message[:_MESSAGE_CHARS],
        }
        self._channel.send({"error": told})


class _Journal:
    """The journal of a play: the tree's recorder writes to it, and it keeps nothing."""

    def __init__(self, append: Any) -> None:
        self.append = append


class _Clock:
    """The clock port, in the script's time."""

    def __init__(self, time: ScriptTime) -> None:
        self.now = time.now
        self._time = time

    def monotonic(self) -> float:
        """Return seconds since the play began."""
        return self._time.seconds

    async def sleep(self, seconds: float) -> None:
        """Wait for so much of the script's time."""
        await asyncio.sleep(seconds)


def make_client(
    world: Mapping[str, Any], tree: Path, state: Path, time: ScriptTime, append: Any
) -> Any:
    """Build the tree's own client, as its composition root would, with the wanted cogs.

    Trees of other times are played as well: what their classes do not take is not given.
    """
    client = importlib.import_module("bot.client")
    recorders = importlib.import_module("bot.telemetry")
    people = importlib.import_module("bot.domain.people")
    clock = _Clock(time)
    recorder = _built(
        recorders.Recorder,
        journal=_Journal(append),
        clock=clock,
        root=tree,
        secret=b"rehearsal",
        commit=lambda: None,
    )
    identity = client.Identity(
        guild_id=int(world["guild"]),
        dev_channel_id=int(world["dev_channel"]),
        people=people.AllowList(),
    )
    made = _built(
        client.TheseusClient,
        root=tree,
        state=state,
        clock=clock,
        recorder=recorder,
        identity=identity,
        extensions=tuple(f"cogs.{name}" for name in world["cogs"]),
        guild_ready_timeout=0.01,
    )
    # Heartbeats go by the machine's time; without them the gateway is not dead, but in a play.
    made._connection.heartbeat_timeout = _NO_TIMEOUT
    return made


def _built(kind: Any, **given: Any) -> Any:
    taken = inspect.signature(kind).parameters
    return kind(**{name: value for name, value in given.items() if name in taken})
