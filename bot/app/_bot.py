"""The running bot: everything it is made of, opened in order and closed in reverse."""

import asyncio
import logging
import os
import re
import signal
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from typing import Any

from bot.adapters.discord_chat import DiscordChat
from bot.adapters.git_checkout import GitCheckout
from bot.adapters.git_workspace import GitWorkspaces
from bot.adapters.ndjson_journal import NdjsonJournal
from bot.adapters.sandbox import choose_sandbox
from bot.adapters.sandboxed_verifier import SandboxedVerifier
from bot.adapters.sqlite_memory import SqliteMemory
from bot.adapters.sqlite_store import SqliteOutbox, SqliteShelf, SqliteStore
from bot.adapters.system_clock import SystemClock
from bot.app._engines import Bench, Engines, MakeEngines, engines
from bot.app._forges import access_to, open_forge
from bot.app._lock import hold
from bot.client import Identity, TheseusClient, connect, point_discord_at
from bot.domain.errors import ConfigError, PortError
from bot.ports.agent import Budget
from bot.ports.clock import Clock
from bot.ports.forge import Forge
from bot.ports.journal import Journal
from bot.ports.memory import MemoryBook
from bot.ports.runtime import Adoption, Runtime
from bot.ports.sandbox import Sandbox
from bot.ports.verifier import Verifier
from bot.ports.workspace import Checkout
from bot.prompts import Prompts
from bot.self_improvement import Doors, Limits, SelfImprovementAgent, Stages
from bot.settings import Settings
from bot.stages.diagnose import Diagnose
from bot.stages.execute import Execute
from bot.stages.observe import Observe
from bot.stages.plan import MakePlan
from bot.stages.propose import Propose
from bot.stages.ship import Ship
from bot.stages.verify import Verify
from bot.telemetry import Recorder, load_secret, redact

_log = logging.getLogger(__name__)

Forever = Callable[[], Coroutine[Any, Any, None]]
_WARMING = "warmup"
# How often waiting proposals are looked at: the local forge is at hand, GitHub counts requests.
_SWEEPS = {"local": timedelta(seconds=5), "github": timedelta(seconds=15)}


class RunningCode:
    """Which commit this program runs; moves on when changed files are taken on."""

    def __init__(self, checkout: Checkout, commit: str) -> None:
        self._checkout = checkout
        self.commit = commit
        self.runtime: Runtime | None = None

    async def adopt(self, changed: Sequence[str]) -> Adoption:
        """Hand on to the client, then note the new commit. Implements `Runtime`."""
        if self.runtime is None:
            raise RuntimeError("files were adopted before there was a client")
        adoption = await self.runtime.adopt(changed)
        self.commit = await self._checkout.head()
        return adoption


async def run_bot(settings: Settings, *, make_engines: MakeEngines = engines) -> None:
    """Run until SIGTERM or SIGINT. Raises `ConfigError` with what to set, before connecting.

    `make_engines` chooses who writes changes.
    """
    token = _required_token(settings)
    environment = settings.environment
    point_discord_at(
        _text(environment.theseus_discord_api_url), _text(environment.theseus_discord_gateway_url)
    )
    async with AsyncExitStack() as stack:
        stack.enter_context(hold(settings.state))
        client, chat, agent, warm = await _build(settings, stack, make_engines)
        await _until_stopped(client, token, chat.run_forever, agent.run_forever, warm)


async def _build(
    settings: Settings, stack: AsyncExitStack, make_engines: MakeEngines
) -> tuple[TheseusClient, DiscordChat, SelfImprovementAgent, Forever]:
    clock = SystemClock()
    config, state = settings.config, settings.state
    forge = await stack.enter_async_context(await open_forge(settings, clock))
    access, followed = access_to(forge), config.forge
    checkout = GitCheckout(
        settings.root, remote=followed.remote, branch=followed.branch, access=access
    )
    code = RunningCode(checkout, await checkout.head())
    journal = await stack.enter_async_context(NdjsonJournal(state, redact=redact))
    recorder = Recorder(
        journal,
        clock,
        settings.root,
        load_secret(state / "pseudonyms.key"),
        lambda: code.commit,
        redact=redact,
    )
    store = await stack.enter_async_context(SqliteStore(state / "theseus.sqlite3"))
    outbox = await stack.enter_async_context(SqliteOutbox(state / "theseus.sqlite3"))
    shelf = await stack.enter_async_context(SqliteShelf(state / "theseus.sqlite3"))
    memory = await stack.enter_async_context(SqliteMemory(state / "memory.sqlite3", redact=redact))
    sandbox = await choose_sandbox(config.sandbox.kind, required=config.sandbox.required)
    client = TheseusClient(
        root=settings.root,
        state=state,
        clock=clock,
        recorder=recorder,
        identity=identity(settings),
        extensions=config.cogs,
    )
    code.runtime = client.runtime
    chat = DiscordChat(client, outbox, clock, redact)
    workspaces = GitWorkspaces(
        settings.root, state / "worktrees", remote=followed.remote, access=access
    )
    verifier = SandboxedVerifier(sandbox, state / "cache")
    chosen = make_engines(Bench(settings, sandbox, verifier, journal, store, memory, clock))
    stages = _stages(settings, journal, memory, checkout, forge, code, verifier, chosen, clock)
    doors = Doors(store, chat, forge, workspaces, clock, journal, recorder, shelf, memory)
    limits, owner = _limits(settings, sandbox, chosen), f"{os.uname().nodename}:{os.getpid()}"
    agent = SelfImprovementAgent(doors, stages, limits, owner=owner)
    client.agent, client.chat = agent, chat
    return client, chat, agent, partial(_warm, verifier, workspaces, checkout)


async def _warm(
    verifier: SandboxedVerifier, workspaces: GitWorkspaces, checkout: GitCheckout
) -> None:
    """Fill the checks' caches while nobody waits; the first run is then as fast as any other."""
    try:
        await workspaces.drop(_WARMING)
        async with workspaces.lend(_WARMING, base=await checkout.head()) as workspace:
            await verifier.warm(workspace)
        await workspaces.drop(_WARMING)
    except PortError as error:
        _log.info("the checks' caches stay cold: %s", error)


def _stages(
    settings: Settings,
    journal: Journal,
    memory: MemoryBook,
    checkout: Checkout,
    forge: Forge,
    runtime: Runtime,
    verifier: Verifier,
    chosen: Engines,
    clock: Clock,
) -> Stages:
    config = settings.config
    return Stages(
        observe=Observe(
            journal, checkout, clock, memory, lookback=timedelta(hours=config.runs.lookback_hours)
        ),
        diagnose=Diagnose(chosen.planner),
        plan=MakePlan(verifier, chosen.planner),
        execute=Execute(chosen.agent, clock, budget=chosen.budget),
        verify=Verify(verifier, protection=config.protection, find_secrets=find_secrets),
        propose=Propose(
            forge,
            clock,
            repository=str(settings.root),
            base_branch=config.forge.branch,
            render=Prompts(settings.root / "prompts").render,
        ),
        ship=Ship(forge, checkout, runtime, clock),
        stand_in=(
            Execute(chosen.stand_in, clock, budget=Budget(seconds=config.engine.seconds))
            if chosen.stand_in
            else None
        ),
    )


def _limits(settings: Settings, sandbox: Sandbox, chosen: Engines) -> Limits:
    config = settings.config
    return Limits(
        people=config.people,
        dev_channel_id=identity(settings).dev_channel_id,
        workers=config.runs.workers,
        rounds=config.runs.rounds,
        full_tier=not config.forge.runs_full_checks,
        lease=timedelta(seconds=config.runs.lease_seconds),
        sweep=_SWEEPS[config.forge.kind],
        question=timedelta(minutes=config.engine.question_minutes),
        forge_checks=timedelta(minutes=config.forge.github.checks_minutes),
        vital_signs=(
            f"**Sandbox** {sandbox.description}",
            f"**Engine** {chosen.told}",
        ),
    )


def identity(settings: Settings) -> Identity:
    """Return where the bot lives. Raises `ConfigError` when the dev channel is not set."""
    config = settings.config
    if config.discord.dev_channel_id is None:
        raise ConfigError(
            f"{settings.config_file}: discord.dev_channel_id is not set. Turn on Developer Mode in "
            "Discord, right-click your dev channel, choose “Copy Channel ID” and put it there."
        )
    return Identity(config.discord.guild_id, config.discord.dev_channel_id, config.people)


def _required_token(settings: Settings) -> str:
    token = settings.environment.discord_token
    if token is None:
        raise ConfigError(
            f"DISCORD_TOKEN is not set. Put it in {settings.root / '.env'} (see .env.example), or "
            "try `make demo`, which needs none."
        )
    return token.get_secret_value()


def find_secrets(text: str) -> list[str]:
    """Return the kinds of the secrets in a text, as the redactor sees them."""
    return re.findall(r"\[redacted:([\w-]+)\]", redact(text))


def _text(url: object | None) -> str | None:
    return None if url is None else str(url)


async def _until_stopped(client: TheseusClient, token: str, *forever: Forever) -> None:
    """Run the client and what works beside it, until a signal or until one of them fails."""
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with asyncio.TaskGroup() as group:
        working = [group.create_task(connect(client, token), name="discord")]
        working += [group.create_task(work()) for work in forever]
        await stopping.wait()
        _log.info("stopping")
        await client.close()
        for task in working:
            task.cancel()
