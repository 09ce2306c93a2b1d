"""The process of one script: the tree's bot, in turns, on the script's Discord server."""

import asyncio
import base64
import gc
import importlib
import traceback
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from . import network
from .cog_bot import CogBot
from .full_bot import FullBot
from .line_trace import LineTrace
from .lines import LineSocket
from .script_time import ScriptTime
from .seeds import Seeds
from .state_files import compute_digests, read_contents
from .stepped_loop import SteppedLoop

TOKEN = "rehearsal"  # noqa: S105 - the script's Discord accepts any token
_MESSAGE_CHARS = 2_000


class TreeBot:
    """Runs from the first order to the one that ends it; see `ControlChannel` for the orders."""

    def __init__(self, channel: LineSocket, tree: Path, time: ScriptTime, seeds: Seeds) -> None:
        self._channel = channel
        self._tree = tree
        self._time = time
        self._seeds = seeds
        self._bot: CogBot | FullBot | None = None
        self._stopped = False
        self._trace: LineTrace | None = None

    def run(self) -> None:
        """Set everything up by the first order, and run the bot until it must end."""
        world = self._channel.receive()
        if world is None:
            return
        gc.disable()  # garbage collection would depend on what else happened in this process
        self._time.move_to(float(world["seconds"]))
        self._time.begin(datetime.fromisoformat(world["starts"]))
        self._seeds.begin(int(world["seed"]))
        network.install(Path(world["sockets"]))
        with suppress(ModuleNotFoundError):  # trees of older versions log without structlog
            importlib.import_module("bot.infra.standard_logs").use_standard_logging()
        state = Path(world["state"])
        state.mkdir(parents=True, exist_ok=True)
        for name, content in world["files"].items():
            path = state / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(base64.b64decode(content))
        if world.get("trace"):
            self._trace = LineTrace(self._tree, world["trace"])
            self._trace.start()
        loop = SteppedLoop(self._time, self._turn)
        asyncio.set_event_loop(loop)
        loop.run_until_complete(self._run(world, state))

    async def _run(self, world: Mapping[str, Any], state: Path) -> None:
        try:
            if world["cogs"]:
                self._bot = CogBot(self._tree, state, self._time, self._report_failure, TOKEN)
            else:
                self._bot = FullBot(self._tree, state, self._report_failure, TOKEN)
            await self._bot.run(world)
            if not self._stopped:
                self._channel.send({"failed": "the bot ended by itself"})
            if self._trace is not None:
                self._channel.send({"lines": self._trace.stop()})
            if world["keep"] and world["cogs"]:
                self._channel.send({"kept": read_contents(state)})
            # A full bot's own files do not belong to cogs, and contain the machine's times.
            self._channel.send({"files": compute_digests(state) if world["cogs"] else {}})
        except BaseException as error:  # noqa: BLE001 - the tree's code may raise anything
            traceback.print_exc()
            reason = "".join(traceback.format_exception_only(error)).strip()
            self._channel.send({"failed": reason[:_MESSAGE_CHARS]})

    # ---------------------------------------------------------------- in turns

    def _turn(self, next_timer: float | None) -> None:
        client = self._bot.client if self._bot is not None else None
        ready = client is not None and client.is_ready()
        self._channel.send({"idle": next_timer, "ready": ready, "seconds": self._time.seconds})
        order = self._channel.receive()
        if order is None:
            raise SystemExit("the rehearsal has ended")
        self._time.move_to(float(order["seconds"]))
        if order.get("end") and self._bot is not None:
            self._stopped = True
            self._bot.stop()
        if order.get("reload") and client is not None:
            file = f"cogs/{order['reload']}.py"
            loop = asyncio.get_event_loop()
            self._reloading = loop.create_task(client.runtime.adopt([file]))

    def _report_failure(self, action: Any) -> None:
        """Report a failure. Other records are not needed: the server knows what they say."""
        error = action.error
        if error is None:
            return
        frames = [f"{frame.file}:{frame.function}" for frame in error.frames]
        report = {
            "event": action.event,
            "error": error.exception,
            "at": frames[-1] if frames else "",
            "message": error.message[:_MESSAGE_CHARS],
        }
        self._channel.send({"error": report})
