"""What can change while the program runs, and what watches over it."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from functools import partial

from theseus_guard.completion import run_in_thread
from theseus_rehearsal.ports.sandbox import Sandbox
from theseus_rehearsal.sandbox import PlainSandbox

from bot.app.state_stores import StateStores
from bot.client import TheseusClient
from bot.client.cog_check import CogCheck
from bot.domain.errors import ConfigError, WorkspaceError
from bot.hot_reload.catalog import Catalog
from bot.hot_reload.cog_loader import CogLoader
from bot.hot_reload.committed_prompts import load_committed_prompts
from bot.hot_reload.content import ItemContent
from bot.hot_reload.drift import Drift, DriftCheck
from bot.hot_reload.drift_watch import DriftWatch
from bot.hot_reload.notices import ReloadNotices
from bot.hot_reload.registry import FileLiveRegistry
from bot.hot_reload.running_code import RunningCode
from bot.hot_reload.settings_loader import Apply, SettingsLoader
from bot.hot_reload.validation import Validation, decode_text
from bot.hot_reload.versions import SqlVersionRepository
from bot.hot_reload.watcher import FileWatcher
from bot.infra.database import SqlDatabase
from bot.infra.git import Git
from bot.ports.chat import Chat
from bot.ports.clock import Clock
from bot.settings import Settings, parse_config
from bot.telemetry import Recorder


class HotReload:
    """The registry, and what has it look whenever files are edited."""

    def __init__(
        self,
        registry: FileLiveRegistry,
        versions: SqlVersionRepository,
        settings: SettingsLoader,
        notices: ReloadNotices,
        watcher: FileWatcher,
        drift: DriftWatch,
        client: TheseusClient,
    ) -> None:
        self._registry = registry
        self._versions = versions
        self._settings = settings
        self._notices = notices
        self._watcher = watcher
        self._drift = drift
        self._client = client

    @property
    def registry(self) -> FileLiveRegistry:
        """The registry of what is live."""
        return self._registry

    @property
    def state_file(self) -> SqlDatabase:
        """The file of the versions, for those who watch over it."""
        return self._versions.database

    def follow(self, live: Mapping[str, Apply]) -> None:
        """Apply these sections of the configuration at each edit, without a restart."""
        self._settings.follow(live)

    async def run_forever(self) -> None:
        """Watch the files, once the client has its cogs, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._notices.run_forever())
            group.create_task(self._versions.run_forever())
            group.create_task(self._drift.run_forever())
            await self._registry.leave_out(await self._client.get_failed_cogs())
            await self._watcher.run_forever()


async def open_hot_reload(
    settings: Settings,
    clock: Clock,
    code: RunningCode,
    recorder: Recorder,
    sandbox: Sandbox,
    client: TheseusClient,
    chat: Chat,
    stores: StateStores,
    stack: AsyncExitStack,
) -> HotReload:
    """Find out what is live at the start. Raises `ConfigError` for a state that cannot be used."""
    root, config, code = settings.root, settings.config, code
    cogs = [each.removeprefix("cogs.") for each in config.cogs]
    catalog = Catalog(root, settings.config_file, cogs)
    versions = await stack.enter_async_context(stores.build_versions(config.versions.kept))
    # Cogs run in this very process next: without a sandbox, a plain child shields it well enough.
    sandbox = PlainSandbox() if sandbox.refusal else sandbox
    check = CogCheck(root, sandbox, config.cogs)
    read = partial(parse_config, source=str(settings.environment.theseus_config))
    loader = SettingsLoader(config, read)
    notices = ReloadNotices(recorder, chat, client.identity.dev_channel_id)
    registry = FileLiveRegistry(
        catalog,
        Validation(config=_find_config_flaw),
        versions,
        clock,
        commit=lambda: code.commit,
        loaders={
            "cog": CogLoader(lambda: client.runtime, check, recorder),
            "config": loader,
        },
        tell=notices,
    )
    code.attach(client.runtime, registry)
    await registry.start(await _load_committed(settings, code.commit))
    check_drift = await run_in_thread(DriftCheck, Git(root), code.started)
    left_behind = _list_drifted_files(await run_in_thread(check_drift.look))
    drift = DriftWatch(
        check_drift, chat, clock, client.identity.dev_channel_id,
        lambda: frozenset(code.awaiting_restart),
    )  # fmt: skip
    code.watch_drift(drift, left_behind)
    watcher = FileWatcher(catalog, registry.look)
    return HotReload(registry, versions, loader, notices, watcher, drift, client)


def _list_drifted_files(drift: Drift | None) -> tuple[str, ...]:
    """Return the core files that the checkout has in a later version than this process runs."""
    return drift.files if drift is not None else ()


async def _load_committed(settings: Settings, commit: str) -> Mapping[str, ItemContent] | None:
    try:
        return await run_in_thread(load_committed_prompts, Git(settings.root), commit)
    except WorkspaceError:
        return None  # the files count, as they are


def _find_config_flaw(_name: str, content: ItemContent) -> str:
    """Return what is wrong with a configuration, with file, line and key."""
    try:
        parse_config(decode_text(content), next(iter(content.files)))
    except ConfigError as error:
        return str(error)
    return ""
