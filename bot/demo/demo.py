"""The demo: the local Discord, a private home, and the bot as a process of its own."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from bot.demo.faults import Change, Living, MetFault, edited
from bot.demo.first_hint import met_hint, watch_hint
from bot.demo.forge_pages import ForgeReader, forge_routes
from bot.demo.scenario import DemoScenario, service_change
from bot.demo.traffic import VISITORS
from bot.demo.uncommitted_cogs import UncommittedCogs, uncommitted_cogs
from bot.demo.workspace import DemoPaths, DemoWorkspace, prepare
from bot.domain.errors import ConfigError
from local_discord.person import Person
from local_discord.server import LocalDiscord, LocalPerson

TOKEN = "local-demo-token"  # noqa: S105  known to nobody but this machine's loopback
PROGRAM = ("-m", "bot", "run", "--no-supervisor")
"""What starts a bot that is started again here, whenever it ends."""

_INHERITED = (
    "PATH", "HOME", "LANG", "TMPDIR", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL",
    "THESEUS_HTTP_PORT", "THESEUS_HTTP_TOKEN", "THESEUS_WEBHOOK_SECRET",
)  # fmt: skip
_RESTART_PAUSES = (0.5, 1.0, 2.0, 5.0)
_CLOSING_SECONDS = 10.0
_LOOK_SECONDS = 0.5
_AT_FORGE = ("alice", "bob")  # whose issues it takes: the visitor, as either


class OpenForge(ForgeReader, Protocol):
    """A forge that can be opened; the root knows which one it is."""

    async def __aenter__(self) -> Self:
        """Open its files."""
        ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close them."""
        ...


MakeForge = Callable[[DemoWorkspace, str], OpenForge]


@dataclass(frozen=True)
class DemoPlan:
    """What to show: a fault to meet, or a living one. The seed is for its visitors.

    `port` 0 picks a free one; `state` is the home's own unless it is set. `settings` replace keys
    of the configuration's sections; a living fault has its own. `program` starts the bot, which
    gets `variables` besides.
    """

    source: Path
    home: Path
    fault: MetFault | None
    port: int = 0
    engine: str = "auto"
    state: Path | None = None
    living: Living | None = None
    seed: int = 0
    settings: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    program: Sequence[str] = PROGRAM
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Demo:
    """A running demo. `bot` is the present bot process; it is started again when it ends.

    `dashboard` is the address of the bot's own pages, once it is online.
    """

    discord: LocalDiscord
    workspace: DemoWorkspace
    bot: "BotProcess"
    dashboard: str

    async def until_online(self, seconds: float = 90.0) -> None:
        """Wait until the bot is online.

        Raises `ConfigError` with the end of its log if it is not in time, or ends because of its
        settings: starting it again would not mend that.
        """
        async with Person(self.discord.base_url, "alice") as visitor:
            for _ in range(int(seconds / _LOOK_SECONDS)):
                with contextlib.suppress(TimeoutError):
                    await visitor.wait_for_bot(timeout=_LOOK_SECONDS)
                    return
                if self.bot.refused:
                    break
        log = (self.workspace.home / "bot.log").read_text(errors="replace").splitlines()
        tail = "\n".join(log[-1:] if self.bot.refused else log[-15:])
        raise ConfigError(f"The bot did not come online. Its log ends:\n{tail}")


@asynccontextmanager
async def demo(plan: DemoPlan, make_forge: MakeForge) -> AsyncIterator[Demo]:
    """Run the demo for as long as the context is entered.

    Raises `ConfigError` when the port is taken or the home cannot be made.
    """
    port = plan.port or _free_port()
    http_port = _dashboard_port()
    dashboard = f"http://127.0.0.1:{http_port}"
    workspace = DemoWorkspace.at(plan.home, plan.state)
    forge = make_forge(workspace, f"http://127.0.0.1:{port}")
    living = plan.living
    visitors = VISITORS if living else ()
    cogs = await uncommitted_cogs(plan.source)
    discord = LocalDiscord(
        (
            LocalPerson("alice", listed=True),
            *(LocalPerson(name, listed=False) for name in ("bob", *visitors)),
        ),
        token=TOKEN,
        port=port,
        hint=[
            *(watch_hint(living) if living else met_hint(plan.fault)),
            *cogs.told(),
            "",
            f"What the bot does, step by step: {dashboard}/",
        ],
        extra_routes=forge_routes(forge, _AT_FORGE),
    )
    demo_paths = DemoPaths(
        guild_id=discord.guild_id,
        dev_channel_id=discord.dev_channel_id,
        listed=(discord.people["alice"],),
        logins={name: discord.people[name] for name in _AT_FORGE},
        url=discord.base_url,
        engine=plan.engine,
        settings=living.settings if living else plan.settings,
        dashboard=dashboard,
    )
    async with AsyncExitStack() as stack:
        service = await service_change(living or plan.fault, stack)
        await _prepare(plan, workspace, demo_paths, service, cogs)
        await stack.enter_async_context(forge)
        try:
            await stack.enter_async_context(discord)
        except OSError as error:
            raise ConfigError(
                f"Port {port} cannot be used ({error.strerror}); choose another with --port."
            ) from error
        served = {"THESEUS_HTTP_PORT": str(http_port), **plan.variables}
        process = BotProcess(
            discord, workspace, plan.home / "bot.log", plan.program, variables=served
        )
        bot = await stack.enter_async_context(process)
        if living is not None:
            scenario = DemoScenario(living, discord.base_url, workspace, bot, seed=plan.seed)
            await stack.enter_async_context(scenario)
        yield Demo(discord, workspace, bot, dashboard)


async def _prepare(
    plan: DemoPlan,
    workspace: DemoWorkspace,
    demo_paths: DemoPaths,
    service: tuple[Change, ...],
    cogs: UncommittedCogs,
) -> None:
    """Make the home; what is to come live later must fit already."""
    living = plan.living
    later = living is not None and living.healthy_seconds > 0
    fault = living.fault if living is not None and not later else plan.fault
    await prepare(plan.source, workspace, fault, demo_paths, earlier=service, cogs=cogs)
    if later and living is not None and living.fault is not None:
        edited(living.fault, workspace.checkout)


def _dashboard_port() -> int:
    """Return the port the bot serves its own pages on: the one that is set, else a free one."""
    wanted = os.environ.get("THESEUS_HTTP_PORT", "")
    return int(wanted) if wanted.isdecimal() and wanted != "0" else _free_port()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class BotProcess:
    """The bot, running from its private checkout, and started again whenever it ends.

    `variables` are added to its environment.
    """

    def __init__(
        self,
        discord: LocalDiscord,
        workspace: DemoWorkspace,
        log: Path,
        program: Sequence[str] = PROGRAM,
        *,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self._program = tuple(program)
        self._variables = dict(variables or {})
        self._discord = discord
        self._workspace = workspace
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self.starts = 0
        self.refused = False
        """Whether it ended with exit code 2: a setting is wrong."""

    @property
    def pid(self) -> int | None:
        """The process id, while one runs."""
        alive = self._process is not None and self._process.returncode is None
        return self._process.pid if self._process and alive else None

    def restart(self) -> None:
        """Ask it to stop; it is started again when it did."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)

    def stop_everything(self) -> None:
        """Pass on the signal that stops everything."""
        if self.pid is not None:
            os.kill(self.pid, signal.SIGUSR1)

    async def __aenter__(self) -> Self:
        """Start it."""
        self._supervisor = asyncio.create_task(self._supervise(), name="bot supervisor")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Ask it to stop, and end it if it does not."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._supervisor
        await self._end()

    async def _supervise(self) -> None:
        while True:
            pause = _RESTART_PAUSES[min(self.starts, len(_RESTART_PAUSES) - 1)]
            self._process = await self._start()
            self.starts += 1
            self.refused = await self._process.wait() == 2
            await asyncio.sleep(pause)

    async def _start(self) -> asyncio.subprocess.Process:
        with self._log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                *self._program,
                cwd=self._workspace.checkout,
                env=self._environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _environment(self) -> dict[str, str]:
        inherited = {key: os.environ[key] for key in _INHERITED if key in os.environ}
        return inherited | {
            "DISCORD_TOKEN": self._discord.token,
            "THESEUS_DISCORD_API_URL": self._discord.api_url,
            "THESEUS_DISCORD_GATEWAY_URL": self._discord.gateway_url,
            "THESEUS_CONFIG": str(self._workspace.config),
            "THESEUS_STATE": str(self._workspace.state),
            **self._variables,
        }

    async def _end(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), _CLOSING_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
