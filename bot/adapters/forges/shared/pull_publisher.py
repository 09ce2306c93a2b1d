"""Opens a run's pull request, or updates it to a new head; safe to repeat."""

from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

from theseus_guard.completion import run_in_thread

from bot.adapters.forges.shared.marks import run_in
from bot.adapters.forges.shared.push import Push
from bot.domain.errors import ForgeConflict, ForgeError, ForgeRejected
from bot.domain.proposal import ProposalDraft


class PullRequest(Protocol):
    """A pull request, as far as publishing and merging read it."""

    @property
    def number(self) -> int: ...

    @property
    def state(self) -> str: ...

    @property
    def body(self) -> str | None: ...

    @property
    def is_merged(self) -> bool: ...

    @property
    def branch(self) -> str: ...

    @property
    def head_commit(self) -> str: ...

    @property
    def merge_commit_sha(self) -> str | None: ...


P = TypeVar("P", bound=PullRequest)


class PullRequests(Protocol[P]):
    """The pull requests of one repository. All methods raise `ForgeError`."""

    async def find_for_draft(self, draft: ProposalDraft) -> P | None:
        """Return the run's pull request, or `None`."""
        ...

    async def get_head(self, branch: str) -> str | None:
        """Return the commit of a branch on the forge, or `None` if there is no such branch."""
        ...

    async def open(self, draft: ProposalDraft) -> P:
        """Open a draft's pull request; if another process was faster, return its pull request."""
        ...

    async def label(self, number: int, draft: ProposalDraft) -> None:
        """Add labels. A failure is only logged."""
        ...

    async def refresh(self, pull: P, draft: ProposalDraft) -> P:
        """Update the title and text to a draft with a new head."""
        ...

    async def wait_for_head(self, number: int, head: str, before: str) -> P:
        """Return the pull request with the head that was just pushed; the forge may lag behind."""
        ...


class PullPublisher(Generic[P]):
    """Publishes drafts.

    Each step first checks if it is done, so it is safe to repeat after a crash.
    """

    def __init__(self, pulls: PullRequests[P], build_push: Callable[[], Awaitable[Push]]) -> None:
        self._pulls = pulls
        self._build_push = build_push

    async def __call__(self, draft: ProposalDraft) -> P:
        """Return the run's pull request at the draft's head. Raises `ForgeError`."""
        pull = await self._pulls.find_for_draft(draft)
        if pull is not None and _is_published(pull, draft):
            return pull
        await self._push(draft)
        if pull is None:
            pull = await self._pulls.open(draft)
            await self._pulls.label(pull.number, draft)
            return pull
        before, pull = pull.head_commit, await self._pulls.refresh(pull, draft)
        return await self._pulls.wait_for_head(pull.number, draft.head, before)

    async def _push(self, draft: ProposalDraft) -> None:
        push = await self._build_push()
        present = await self._pulls.get_head(draft.branch)
        if present != draft.head:
            try:
                await run_in_thread(push, draft, present)
            except ForgeError:
                # The push may have succeeded although its response was lost, or another process
                # pushed it.
                if await self._pulls.get_head(draft.branch) != draft.head:
                    raise
        await run_in_thread(push.note, draft)


def _is_published(pull: PullRequest, draft: ProposalDraft) -> bool:
    """Return whether the head is already published. Raises `ForgeRejected` if it cannot be."""
    if pull.state == "closed":
        if pull.head_commit == draft.head:
            return True
        state = "merged" if pull.is_merged else "closed"
        raise ForgeRejected(f"pull request #{pull.number} of this run is already {state}")
    if pull.branch != draft.branch:
        raise ForgeRejected(
            f"pull request #{pull.number} of this run is on another branch, {pull.branch}"
        )
    return pull.head_commit == draft.head and run_in(pull.body) == (draft.run_id, draft.head)


def get_merge_commit(pull: PullRequest, expected_head: str) -> str | None:
    """Return the merge commit, or `None` if the pull request is open at the expected head.

    Raises `ForgeRejected` if it was closed and `ForgeConflict` if its head moved.
    """
    if pull.state == "closed" and not pull.is_merged:
        raise ForgeRejected(f"pull request #{pull.number} was closed")
    if pull.head_commit != expected_head:
        raise ForgeConflict(
            f"pull request #{pull.number} is at {pull.head_commit[:12]}, not at the approved "
            f"{expected_head[:12]}"
        )
    return (pull.merge_commit_sha or expected_head) if pull.is_merged else None
