"""The queues of the groups of workers. Imported late: the client for Temporal is an extra."""

from contextlib import AsyncExitStack
from pathlib import Path

import structlog

from bot.adapters.temporal_queue import (
    QueueLimits,
    StoredBundles,
    TemporalConnection,
    TemporalQueue,
    WorkerGroup,
    WorkflowHost,
    load_connection,
)
from bot.app.artefacts import open_artefacts
from bot.domain.errors import StoreError
from bot.infra.git import Git
from bot.settings import Settings, get_store_keys, read_worker_tokens

_log = structlog.stdlib.get_logger(__name__)


async def open_groups(
    settings: Settings, stack: AsyncExitStack, version: str
) -> tuple[WorkflowHost, tuple[TemporalQueue, ...]]:
    """Return the connection, which is not there yet, and a queue for each group of workers.

    Raises `ConfigError`.
    """
    config = settings.config.work
    connect = await load_connection(_build_connection(settings))
    host = await stack.enter_async_context(WorkflowHost(connect))
    artefacts = open_artefacts(config, settings.root, get_store_keys(settings))
    try:
        await artefacts.remove_older(config.keep_hours * 3_600)
    except StoreError as error:  # while the store is away, the bot does the work
        _log.warning("artefacts_not_removed", error=str(error))
    limits = QueueLimits(
        wait=config.wait_seconds, silence=config.silence_seconds, orders=config.orders
    )
    bundles = StoredBundles(Git(settings.root), artefacts)
    return host, tuple(
        TemporalQueue(host, artefacts, bundles, WorkerGroup(name, token), version, limits)
        for name, token in read_worker_tokens(settings).items()
    )


def _build_connection(settings: Settings) -> TemporalConnection:
    config, secret = settings.config.work, settings.environment.theseus_temporal_api_key

    def locate(file: Path | None) -> Path | None:
        return settings.root / file.expanduser() if file else None

    return TemporalConnection(
        config.address,
        config.namespace,
        authority=locate(config.authority),
        certificate=locate(config.certificate),
        key=locate(config.key),
        api_key=secret.get_secret_value() if secret else None,
        is_encrypted=config.encrypted,
    )
