"""The queue of work: this machine, or workers on others."""

import importlib.util
from contextlib import AsyncExitStack
from pathlib import Path

from bot.adapters.agreed_queue import AgreedQueue
from bot.adapters.folder_artefacts import FolderArtefacts
from bot.adapters.local_pool import LocalPool
from bot.domain.errors import ConfigError
from bot.infra.git import Git
from bot.infra.injector import Injector
from bot.ports.clock import Clock
from bot.ports.work_queue import WorkQueue
from bot.settings import Settings, read_worker_tokens


async def open_work(
    injector: Injector, settings: Settings, stack: AsyncExitStack, version: str
) -> None:
    """Open the configured queue. Raises `ConfigError`, and `WorkUnavailable` without a server."""
    leader = injector.build(LocalPool)
    if settings.config.work.queue != "temporal":
        injector.add(leader, WorkQueue)
        return
    groups = await _open_groups(settings, stack, version)
    orders = settings.config.work.orders
    injector.add(AgreedQueue(leader, groups, injector.get(Clock), orders), WorkQueue)


async def _open_groups(
    settings: Settings, stack: AsyncExitStack, version: str
) -> list[tuple[str, WorkQueue]]:
    """Connect to Temporal, and return a queue for each group of workers."""
    ensure_temporal()
    from bot.adapters import temporal_queue as temporal

    tokens, config = read_worker_tokens(settings), settings.config.work
    secret = settings.environment.theseus_temporal_api_key

    def locate(file: Path | None) -> Path | None:
        return settings.root / file.expanduser() if file else None

    connection = temporal.TemporalConnection(
        config.address,
        config.namespace,
        authority=locate(config.authority),
        certificate=locate(config.certificate),
        key=locate(config.key),
        api_key=secret.get_secret_value() if secret else None,
        is_encrypted=config.encrypted,
    )
    artefacts = FolderArtefacts(settings.root / config.artefacts)
    await artefacts.remove_older(config.keep_hours * 3_600)
    client = await temporal.connect(connection)
    host = await stack.enter_async_context(temporal.WorkflowHost(client))
    limits = temporal.QueueLimits(
        wait=config.wait_seconds, silence=config.silence_seconds, orders=config.orders
    )
    bundles = temporal.StoredBundles(Git(settings.root), artefacts)
    return [
        (
            name,
            temporal.TemporalQueue(
                host, artefacts, bundles, temporal.WorkerGroup(name, token), version, limits
            ),
        )
        for name, token in tokens.items()
    ]


def ensure_temporal() -> None:
    """Raise `ConfigError` if the client for Temporal is not installed."""
    if importlib.util.find_spec("temporalio") is None:
        raise ConfigError(
            "Temporal's client is not installed; install it with `uv sync --extra temporal` "
            "(or `pip install 'theseus[temporal]'`)."
        )
