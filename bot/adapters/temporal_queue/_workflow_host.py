"""Hosts the workflows of this process, as soon as the server can be reached."""

import asyncio
import secrets
from datetime import timedelta
from types import TracebackType

import structlog
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from bot.adapters.temporal_queue._connection import Connect
from bot.adapters.temporal_queue._workflow import OrderWorkflow
from bot.domain.queued_work import WorkUnavailable

_PROBE = timedelta(seconds=5)
_log = structlog.stdlib.get_logger(__name__)


class WorkflowHost:
    """Runs the workflows that this process has started, on a task queue of its own.

    It connects when a client is first wanted, so a server that is away keeps no one from starting.
    A process that ends takes its workflows with it: the step of a run that wanted the results is
    done again by the next process.
    """

    def __init__(self, connect: Connect) -> None:
        self.queue = f"theseus-bot-{secrets.token_hex(8)}"
        self._connect = connect
        self._connecting = asyncio.Lock()
        self._client: Client | None = None
        self._worker: Worker | None = None
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "WorkflowHost":
        """Return itself; nothing is connected yet."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop to host."""
        if self._worker is not None and self._running is not None:
            await self._worker.shutdown()
            await asyncio.gather(self._running, return_exceptions=True)

    async def get_client(self) -> Client:
        """Return the client, whose workflows are hosted here. Raises `WorkUnavailable`."""
        async with self._connecting:
            if self._running is not None and self._running.done():
                # The client outlives a server that is away; this is another error.
                _log.warning("work_host_ended", error=repr(self._running.exception()))
                self._client = None
            if self._client is None:
                self._client = await self._connect()
                self._worker = self._build_worker(self._client)
                self._running = asyncio.create_task(self._worker.run(), name="workflow host")
            return self._client

    async def probe(self) -> None:
        """Connect if need be, and ask whether the server answers. Raises `WorkUnavailable`."""
        client = await self.get_client()
        try:
            is_serving = await client.service_client.check_health(timeout=_PROBE)
        except RPCError as error:
            raise describe_outage(error) from error
        if not is_serving:
            raise WorkUnavailable("the Temporal server says that it does not serve")

    def _build_worker(self, client: Client) -> Worker:
        return Worker(
            client,
            task_queue=self.queue,
            workflows=[OrderWorkflow],
            # The usual one imports each workflow's package again, without most of what it needs.
            workflow_runner=UnsandboxedWorkflowRunner(),
        )


def describe_outage(error: RPCError) -> WorkUnavailable:
    """Return the error of a server that does not answer."""
    return WorkUnavailable("the Temporal server does not answer", detail=str(error))
