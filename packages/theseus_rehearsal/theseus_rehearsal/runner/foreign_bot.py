"""One script's run of a bot that knows nothing of this: its own program, loop, and client."""

import asyncio
import base64
import gc
import importlib
import os
import runpy
import sys
import traceback
import types
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial, wraps
from pathlib import Path
from typing import Any

from .foreign_commands import describe_commands, register_commands
from .line_tracer import LineTracer
from .lines import LineSocket
from .refused_network import RefusedNetwork
from .script_time import ScriptTime
from .seeds import Seeds
from .state_files import compute_database_digests
from .stepped_loop import SteppedLoop

TOKEN = "rehearsal"  # noqa: S105 - the script's Discord accepts this one
_MESSAGE_CHARS = 2_000
_OLDEST = (2, 3)
_FILE, _MODULE, _FACTORY = "file", "module", "factory"


class ForeignBot:
    """Runs from the first order to the one that ends it; see `ControlChannel` for the orders.

    `start` is how the bot starts: a kind (`file`, `module`, `factory`), a name, and arguments.
    """

    def __init__(
        self,
        channel: LineSocket,
        start: Sequence[str],
        time: ScriptTime,
        seeds: Seeds,
        *,
        own_socket: str = "",
    ) -> None:
        self._channel = channel
        self._start = start
        self._time = time
        self._seeds = seeds
        self._refused = RefusedNetwork(lambda place: channel.send({"wanted": place}), own_socket)
        self._client: Any = None
        self._stopped = False
        self._tracer: LineTracer | None = None
        self._task: asyncio.Task[Any] | None = None

    def run(self) -> None:
        """Set everything up by the first order, and run the bot until it must end."""
        world = self._channel.receive()
        if world is None:
            return
        try:
            self._prepare(world)
            self._run_program()
            if not self._stopped:
                reason = "it ended by itself" if self._client else "it ended without a login"
                self._channel.send({"failed": self._refused.explain(reason)})
        except SystemExit as end:
            if not self._stopped:
                self._channel.send({"failed": self._refused.explain(_describe_exit(end))})
        except BaseException as error:  # noqa: BLE001 - the bot's code may raise anything
            if not self._stopped:
                traceback.print_exc()
                self._channel.send({"failed": self._refused.explain(_describe(error))})
        digests = compute_database_digests(Path(world["state"]))
        self._channel.send({"files": digests})
        self._leave()

    def _prepare(self, world: Mapping[str, Any]) -> None:
        gc.disable()  # garbage collection would depend on what else happened in this process
        self._time.move_to(float(world["seconds"]))
        self._time.begin(datetime.fromisoformat(world["starts"]))
        self._seeds.begin(int(world["seed"]))
        folder = Path(world["state"])
        for name, content in world["files"].items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(base64.b64decode(content))
        _set_variables(folder / ".env", world)
        self._replace_loops()
        self._replace_login(folder, world)
        self._refused.install()
        if world["traces_steps"]:
            self._tracer = LineTracer(folder)
            self._tracer.begin()

    def _replace_loops(self) -> None:
        """Give every event loop of the main thread the script's time."""
        build = partial(SteppedLoop, self._time, self._turn)

        class SteppedPolicy(asyncio.DefaultEventLoopPolicy):
            _loop_factory = staticmethod(build)

        asyncio.set_event_loop_policy(SteppedPolicy())
        keep = lambda *_arguments, **_options: None  # noqa: E731
        asyncio.set_event_loop_policy = asyncio.events.set_event_loop_policy = keep
        # uvloop's loops could not be stepped.
        fast: Any = types.ModuleType("uvloop")
        fast.install, fast.run, fast.new_event_loop = keep, asyncio.run, build
        fast.EventLoopPolicy, fast.Loop = SteppedPolicy, SteppedLoop
        sys.modules["uvloop"] = fast

    def _replace_login(self, folder: Path, world: Mapping[str, Any]) -> None:
        """Make every client log in at the script's Discord, whichever token it has."""
        discord = _import_discord()
        network: Any = importlib.import_module(f"{__package__}.network")
        network.install(Path(world["sockets"]))
        observe = importlib.import_module("theseus_observe")
        login: Callable[..., Awaitable[None]] = discord.Client.login

        @wraps(login)
        async def login_here(client: Any, _token: Any = None) -> None:
            self._client = client
            network.disable_heartbeats(client)
            journal = folder.parent / f"{folder.name}-journal"
            observe.attach(client, queue=self, root=folder, folder=journal, stalls=False)
            await login(client, TOKEN)

        discord.Client.login = login_here

    def add(self, build: Callable[[], dict[str, Any]], *, urgent: bool = False) -> None:
        """Pass a record of theseus_observe on (it is the queue of its records)."""
        fields = build()
        outbox: Any = importlib.import_module("theseus_observe.outbox")  # the bot's own copy
        self._channel.send({"record": outbox.format_line(fields).decode("ascii")})
        error = fields.get("error") if urgent else None
        self._channel.send({"ran": str(fields["event"]), "outcome": str(fields["outcome"])})
        if error is None:
            return
        frames = [
            {"file": frame.file, "line": frame.line, "function": frame.function}
            for frame in error.frames
        ]
        report = {
            "event": str(fields["event"]),
            "error": error.exception,
            "at": f"{frames[-1]['file']}:{frames[-1]['function']}" if frames else "",
            "message": error.message[:_MESSAGE_CHARS],
            "frames": frames,
        }
        self._channel.send({"error": report})

    def _run_program(self) -> None:
        kind, name, *arguments = self._start
        sys.argv[:] = [name, *arguments]
        if kind == _FILE:
            path = Path(name).resolve()
            sys.path.insert(0, str(path.parent))
            runpy.run_path(str(path), run_name="__main__")
            return
        sys.path.insert(0, str(Path.cwd()))
        if kind == _MODULE:
            runpy.run_module(name, run_name="__main__", alter_sys=True)
            return
        module, _, function = name.partition(":")
        client = getattr(importlib.import_module(module), function)()
        if asyncio.iscoroutine(client):
            asyncio.run(_run_created(client))
        else:
            client.run(TOKEN)

    # ---------------------------------------------------------------- in turns

    def _turn(self, next_timer: float | None) -> None:
        client = self._client
        ready = client is not None and client.is_ready()
        if self._tracer is not None and (lines := self._tracer.take()):
            self._channel.send({"lines": lines})
        self._channel.send({"idle": next_timer, "ready": ready, "seconds": self._time.seconds})
        order = self._channel.receive()
        if order is None:
            self._leave()
            return
        self._time.move_to(float(order["seconds"]))
        if order.get("end"):
            self._stopped = True
            if client is None:
                self._leave()
            self._task = asyncio.get_event_loop().create_task(self._close())
        if order.get("register"):
            self._task = asyncio.get_event_loop().create_task(register_commands(client))
        if order.get("reload"):
            self._task = asyncio.get_event_loop().create_task(self._reload(str(order["reload"])))

    async def _close(self) -> None:
        """Report the commands, which the bot may have loaded at any time, and stop it."""
        try:
            self._channel.send({"commands": await describe_commands(self._client)})
        except Exception as error:  # noqa: BLE001 - a bot's own classes may raise anything
            self._channel.send({"failed": f"its commands cannot be listed: {_describe(error)}"})
        finally:
            await self._client.close()

    async def _reload(self, name: str) -> None:
        """Reload the extension of that name, in whichever package it is."""
        loaded = getattr(self._client, "extensions", {})
        for each in [each for each in loaded if name in (each, each.rpartition(".")[2])]:
            await self._client.reload_extension(each)

    def _leave(self) -> None:
        """End the process, whichever threads and tasks the bot still has."""
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


async def _run_created(creation: Awaitable[Any]) -> None:
    await (await creation).start(TOKEN)


def _import_discord() -> Any:
    """Return discord.py. Raises `RuntimeError` for forks and versions that cannot be run."""
    discord: Any = importlib.import_module("discord")
    found = getattr(discord, "version_info", None)
    version = (found.major, found.minor) if found else (0, 0)
    if not hasattr(discord, "app_commands") or version < _OLDEST:
        title, number = getattr(discord, "__title__", "discord"), discord.__version__
        raise RuntimeError(f"it uses {title} {number}, not discord.py 2.3 or newer")
    importlib.import_module("discord.ext.commands")
    return discord


def _set_variables(file: Path, world: Mapping[str, Any]) -> None:
    """Fill in the ids of the script's server, and write the variables to `.env` too."""
    ids = {name: str(world[name]) for name in ("guild", "dev_channel", "owner")}
    lines = []
    for name in os.environ.pop("REHEARSAL_VARIABLES", "").split():
        value = os.environ[name]
        for each, number in ids.items():
            value = value.replace(f"{{{each}}}", number)
        os.environ[name] = value
        lines.append(f"{name}={value}\n")
    file.write_text("".join(lines), encoding="utf-8")


def _describe_exit(end: SystemExit) -> str:
    return f"it exited with: {end.code}" if isinstance(end.code, str) else f"it exited ({end.code})"


def _describe(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name:
        missing = (
            f"neither the commit nor its Python ({sys.executable}) has a module {error.name!r}"
        )
        return f"{missing}: install what the bot needs, or add the file"
    if isinstance(error, EOFError):
        return "it asks for input on the terminal"
    if isinstance(error, FileNotFoundError) and error.filename:
        return f"it needs the file {error.filename}, which the commit does not have"
    if isinstance(error, KeyError) and _is_raised_by(error, os.__file__):
        return f"it needs the variable {error.args[0]}"
    return "".join(traceback.format_exception_only(type(error), error)).strip()[:_MESSAGE_CHARS]


def _is_raised_by(error: BaseException, file: str) -> bool:
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and frames[-1].filename in (file, "<frozen os>")
