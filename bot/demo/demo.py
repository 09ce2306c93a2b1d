"""Runs the demo: the local Discord, a private home, and the bot in a separate process."""

import contextlib
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from local_discord.person import Person
from local_discord.server import LocalDiscord, LocalPerson

from bot.demo.bot_process import SUPERVISED, BotProcess
from bot.demo.core_break import CoreBreak
from bot.demo.core_page import PATH, CorePage
from bot.demo.faults import Change, Living, MetFault, apply_edits
from bot.demo.first_hint import build_fault_hint, build_request_hint, build_watch_hint
from bot.demo.forge_pages import ForgeReader, forge_routes
from bot.demo.newcomer import MEMBERS, join_newcomer
from bot.demo.scenario import DemoScenario, start_service
from bot.demo.second_act import SuggestedStep, build_next_steps, offer_second_act
from bot.demo.traffic import VISITORS
from bot.demo.uncommitted_cogs import UncommittedCogs, find_uncommitted_cogs
from bot.demo.workers import DemoWorkers
from bot.demo.workspace import DemoPaths, DemoWorkspace, prepare
from bot.domain.errors import ConfigError
from bot.infra.free_port import find_free_port

TOKEN = "local-demo-token"  # noqa: S105  not a secret: the local Discord listens on loopback only

_LOOK_SECONDS = 0.5
_MAINTAINERS = "maintainers"
_MODERATES = ("manage_messages", "kick_members")
_ABOUT_DASHBOARD = "What the bot does, step by step: {}/"
_NEXT_REQUEST = "add a /coinflip command"
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
    """The options of a demo: its fault, and how it runs.

    Port 0 picks a free port. `state` defaults to the state folder of the home. `settings` replace
    keys in sections of the configuration; a `living` fault has its own. `program` is the command
    that starts the bot, with the additional environment `variables`. `request` is the request that
    the page suggests. `workers` are processes that replay and check for the bot; 0: it does so.
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
    program: Sequence[str] = SUPERVISED
    variables: Mapping[str, str] = field(default_factory=dict)
    request: str = ""
    workers: int = 0


@dataclass
class Demo:
    """A running demo. `bot` is the present bot process; it is started again when it ends.

    `dashboard` is the address of the bot's own pages, once it is online.
    """

    discord: LocalDiscord
    workspace: DemoWorkspace
    bot: BotProcess
    dashboard: str

    async def wait_until_online(self, seconds: float = 240.0) -> None:
        """Wait until the bot is online.

        Raises `ConfigError` with the end of its log if it is not online in time, or if it ends
        because of its settings, which a restart would not fix.
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
async def start_demo(plan: DemoPlan, make_forge: MakeForge) -> AsyncIterator[Demo]:
    """Run the demo for as long as the context is entered.

    Raises `ConfigError` when the port is taken or the home cannot be made.
    """
    port = plan.port or find_free_port()
    http_port = _choose_dashboard_port()
    dashboard = f"http://127.0.0.1:{http_port}"
    workspace = DemoWorkspace.from_home(plan.home, plan.state)
    forge = make_forge(workspace, f"http://127.0.0.1:{port}")
    living = plan.living
    visitors = VISITORS if living else ()
    cogs = await find_uncommitted_cogs(plan.source)
    core_page = CorePage(CoreBreak(workspace))
    workers = DemoWorkers(plan.home, workspace.checkout, plan.workers) if plan.workers else None
    discord = LocalDiscord(
        _build_people(visitors),
        token=TOKEN,
        port=port,
        hint=[*_build_hint(plan, workers, cogs), _ABOUT_DASHBOARD.format(dashboard)],
        extra_routes=(*forge_routes(forge, _AT_FORGE, dashboard), *core_page.list_routes()),
    )
    core_page.discord = discord
    demo_paths = DemoPaths(
        guild_id=discord.guild_id,
        dev_channel_id=discord.dev_channel_id,
        listed=(discord.people["alice"],),
        listed_roles=tuple(discord.find_role_ids(_MAINTAINERS)),
        logins={name: discord.people[name] for name in _AT_FORGE},
        url=discord.base_url,
        engine=plan.engine,
        settings=_choose_settings(plan, workers),
        dashboard=dashboard,
    )
    async with AsyncExitStack() as stack:
        service = await start_service(living or plan.fault, stack)
        await _prepare(plan, workspace, demo_paths, service, cogs)
        await stack.enter_async_context(forge)
        try:
            await stack.enter_async_context(discord)
        except OSError as error:
            raise ConfigError(
                f"Port {port} cannot be used ({error.strerror}); choose another with --port."
            ) from error
        served = {"THESEUS_HTTP_PORT": str(http_port), **plan.variables}
        if workers is not None:
            served |= (await stack.enter_async_context(workers)).variables
        process = BotProcess(
            discord, workspace, plan.home / "bot.log", plan.program, variables=served
        )
        bot = await stack.enter_async_context(process)
        if living is not None:
            scenario = DemoScenario(living, discord.base_url, workspace, bot, seed=plan.seed)
            await stack.enter_async_context(scenario)
        running = Demo(discord, workspace, bot, dashboard)
        await stack.enter_async_context(join_newcomer(discord))
        await stack.enter_async_context(
            offer_second_act(discord, _list_next_steps(plan, discord.base_url))
        )
        yield running


def _build_people(visitors: Sequence[str]) -> tuple[LocalPerson, ...]:
    """Return the server's members: roles and rights as a community has them."""
    moderator = LocalPerson(
        "carol", listed=False, roles=(MEMBERS, "moderators"), permissions=_MODERATES
    )
    return (
        LocalPerson("alice", listed=True, roles=(_MAINTAINERS,)),
        LocalPerson("bob", listed=False, roles=(MEMBERS,)),
        moderator,
        *(LocalPerson(name, listed=False, roles=(MEMBERS,)) for name in visitors),
    )


def _build_hint(
    plan: DemoPlan, workers: DemoWorkers | None, cogs: UncommittedCogs
) -> Iterator[str]:
    if plan.living is not None:
        yield from build_watch_hint(plan.living)
    elif plan.request and plan.fault is None:
        yield from build_request_hint(plan.request)
    else:
        yield from build_fault_hint(plan.fault)
    yield from cogs.describe()
    yield ""
    if workers is not None:
        yield workers.hint


def _choose_settings(
    plan: DemoPlan, workers: DemoWorkers | None
) -> Mapping[str, Mapping[str, object]]:
    settings = plan.living.settings if plan.living else plan.settings
    return settings if workers is None else {**settings, "work": workers.settings}


def _list_next_steps(plan: DemoPlan, address: str) -> list[SuggestedStep]:
    with_key = plan.engine == "auto" and bool(os.environ.get("ANTHROPIC_API_KEY"))
    has_model = bool(plan.request) or plan.engine == "claude" or with_key
    # Without a supervisor, nothing would roll a broken core back.
    core_page = address + PATH if tuple(plan.program) == SUPERVISED else ""
    request = plan.request or _NEXT_REQUEST
    return build_next_steps(request, has_model=has_model, core_page=core_page)


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
        apply_edits(living.fault, workspace.checkout)


def _choose_dashboard_port() -> int:
    """Return the port the bot serves its own pages on: the one that is set, else a free one."""
    wanted = os.environ.get("THESEUS_HTTP_PORT", "")
    return int(wanted) if wanted.isdecimal() and wanted != "0" else find_free_port()
