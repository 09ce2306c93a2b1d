"""The workflow: it passes one signed order to a worker, and its signed outcome back.

The bot hosts it, and decides nothing in it.
"""

from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityCancellationType


@dataclass
class OrderRequest:
    """A signed order, and how long its parts may take, in seconds."""

    kind: str
    envelope: str
    queue: str
    attempts: int
    wait: float
    silence: float
    duration: float


@workflow.defn(name="theseus-order")
class OrderWorkflow:
    """Gives an order to whichever worker of a queue has time."""

    @workflow.run
    async def run(self, request: OrderRequest) -> str:
        """Return the signed outcome."""
        outcome: str = await workflow.execute_activity(
            request.kind,
            request.envelope,
            task_queue=request.queue,
            result_type=str,
            schedule_to_start_timeout=timedelta(seconds=request.wait),
            # Also of all attempts together: a worker that only pretends to work ends here.
            schedule_to_close_timeout=timedelta(seconds=request.wait + request.duration),
            start_to_close_timeout=timedelta(seconds=request.duration),
            heartbeat_timeout=timedelta(seconds=request.silence),
            retry_policy=RetryPolicy(
                initial_interval=timedelta(seconds=0.2), maximum_attempts=request.attempts
            ),
            cancellation_type=ActivityCancellationType.TRY_CANCEL,
        )
        return outcome
