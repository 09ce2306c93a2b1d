"""The queue of work over Temporal: the bot gives work, `theseus worker` does it."""

from bot.adapters.temporal_queue._bundles import StoredBundles
from bot.adapters.temporal_queue._connection import TemporalConnection, connect, load_connection
from bot.adapters.temporal_queue._envelopes import WorkerGroup
from bot.adapters.temporal_queue._queue import QueueLimits, TemporalQueue
from bot.adapters.temporal_queue._worker import TemporalWorker
from bot.adapters.temporal_queue._workflow_host import WorkflowHost

__all__ = [
    "QueueLimits",
    "StoredBundles",
    "TemporalConnection",
    "TemporalQueue",
    "TemporalWorker",
    "WorkerGroup",
    "WorkflowHost",
    "connect",
    "load_connection",
]
