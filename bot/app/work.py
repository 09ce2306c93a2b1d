"""The queue of work: this machine, or workers on others."""

import importlib.util
from contextlib import AsyncExitStack

from bot.adapters.agreed_queue import AgreedQueue
from bot.adapters.local_pool import LocalPool
from bot.domain.errors import ConfigError
from bot.infra.injector import Injector
from bot.monitoring.work_watch import WorkServer
from bot.ports.clock import Clock
from bot.ports.work_queue import WorkQueue
from bot.settings import Settings


async def open_work(
    injector: Injector, settings: Settings, stack: AsyncExitStack, version: str
) -> None:
    """Open the configured queue; a server that is away is asked later. Raises `ConfigError`."""
    leader = injector.build(LocalPool)
    if settings.config.work.queue != "temporal":
        injector.add(leader, WorkQueue)
        return
    ensure_temporal()
    from bot.app.temporal_work import open_groups

    host, queues = await open_groups(settings, stack, version)
    groups = [(queue.group, queue) for queue in queues]
    orders = settings.config.work.orders
    injector.add(AgreedQueue(leader, groups, injector.get(Clock), orders), WorkQueue)
    injector.add(host, WorkServer)


def ensure_temporal() -> None:
    """Raise `ConfigError` if the client for Temporal is not installed."""
    if importlib.util.find_spec("temporalio") is None:
        raise ConfigError(
            "Temporal's client is not installed; install it with `uv sync --extra temporal` "
            "(or `pip install 'theseus[temporal]'`)."
        )
