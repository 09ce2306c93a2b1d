"""Merges what was approved into a target's repository, and has the target deployed."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import ClassVar

from bot.domain.change import MergeResult
from bot.domain.errors import StaleApproval, WorkspaceError
from bot.domain.proposal import Approval, Proposal, Shipment
from bot.domain.target import LiveSource
from bot.domain.target_errors import DeploymentError
from bot.ports.clock import Clock
from bot.ports.deployment import Deployment
from bot.ports.forge import Forge
from bot.ports.workspace import Checkout

FindCommit = Callable[[], Awaitable[str | None]]
"""Returns the commit that the target is known to run, or `None`."""
Contains = Callable[[str, str], Awaitable[bool]]
"""Returns whether the second commit contains the first one, in the target's repository."""


class TargetVersion:
    """Implements `LiveVersion` for a target, by the source that its configuration names.

    Only the journal shows what really runs. A checkout shows what the next start would run, and
    people say what they see. `find_running` reads the journal, or what people have confirmed.
    """

    can_change: ClassVar[bool] = True

    def __init__(
        self,
        source: LiveSource,
        checkout: Checkout,
        find_running: FindCommit,
        contains: Contains,
    ) -> None:
        self._source = source
        self._checkout = checkout
        self._find_running = find_running
        self._contains = contains

    async def has_commit(self, commit: str) -> bool:
        """Return whether the target is known to run a commit."""
        if self._source == "checkout":
            return await self._checkout.has_commit(commit)
        running = await self._find_running()
        return running is not None and await self._contains(commit, running)

    def describe_missing(self) -> str:
        """Return how it will become known that a merged commit is live."""
        if self._source == "journal":
            return "I say so here once its journal shows the commit."
        return "Press the button once it runs."

    @property
    def needs_confirmation(self) -> bool:
        """True if only a person can say that a commit is live."""
        return self._source == "person"


class TargetDeployer:
    """Implements `ShipmentDeployer`: merges, updates the target's checkout, and deploys it."""

    def __init__(
        self,
        forge: Forge,
        checkout: Checkout,
        deployment: Deployment,
        version: TargetVersion,
        clock: Clock,
    ) -> None:
        self._forge = forge
        self._checkout = checkout
        self._deployment = deployment
        self._version = version
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()

    async def __call__(
        self, proposal: Proposal, approval: Approval, result: MergeResult | None
    ) -> Shipment:
        """Return what was merged, and whether it is live.

        What cannot be deployed stays merged; the shipment says what a person has to do. Raises
        `StaleApproval`, `ForgeError`, `WorkspaceError`.
        """
        if (approval.run_id, approval.head) != (proposal.run_id, proposal.head):
            raise StaleApproval("The approval was for another commit; nothing was merged.")
        merged = await self._forge.merge(proposal.number, approval.head, result)
        commit = merged.merge_commit or merged.head
        async with self._one_at_a_time:
            pending = await self._deploy(commit)
        is_live = not pending and await self._version.has_commit(commit)
        if not is_live and not pending:
            pending = self._version.describe_missing()
        elif not is_live and self._version.needs_confirmation:
            pending = f"{pending} {self._version.describe_missing()}"
        otherwise = False
        if result is not None and await self._is_known(commit):
            otherwise = await self._checkout.get_tree_id(commit) != result.tree
        return Shipment(
            run_id=proposal.run_id,
            approved_head=approval.head,
            merge_commit=commit,
            live_commit=commit if is_live else "unknown",
            undeployed=pending,
            otherwise=otherwise,
            needs_confirmation=self._version.needs_confirmation,
            at=self._clock.now(),
        )

    async def _deploy(self, commit: str) -> str:
        """Update the checkout and deploy; return what a person has to do, or ""."""
        try:
            await self._checkout.fast_forward(commit)
        except WorkspaceError as error:
            return f"It is not deployed: {error}"
        try:
            return await self._deployment.deploy(commit)
        except DeploymentError as error:
            return f"It is not deployed: {error}"

    async def _is_known(self, commit: str) -> bool:
        try:
            await self._checkout.get_tree_id(commit)
        except WorkspaceError:  # the checkout could not fetch it
            return False
        return True
