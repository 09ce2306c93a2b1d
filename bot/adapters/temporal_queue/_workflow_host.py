"""Hosts the workflows of this process."""

import secrets
from types import TracebackType

from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from bot.adapters.temporal_queue._workflow import OrderWorkflow


class WorkflowHost:
    """Runs the workflows that this process has started, on a task queue of its own.

    A process that ends takes its workflows with it: the step of a run that wanted the results is
    done again by the next process.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self.queue = f"theseus-bot-{secrets.token_hex(8)}"
        self._worker = Worker(
            client,
            task_queue=self.queue,
            workflows=[OrderWorkflow],
            # The usual one imports each workflow's package again, without most of what it needs.
            workflow_runner=UnsandboxedWorkflowRunner(),
        )

    async def __aenter__(self) -> "WorkflowHost":
        """Start to host."""
        await self._worker.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop to host."""
        await self._worker.__aexit__(kind, error, trace)
