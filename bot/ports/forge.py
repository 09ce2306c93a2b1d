"""The forge port: proposals and merges."""

from typing import Protocol

from bot.domain.change import MergeResult
from bot.domain.issue import ForgeDiscussion, ForgeIssue
from bot.domain.proposal import Comment, ForgeProposal, ProposalDraft


class Forge(Protocol):
    """A code host. Only this port has its credentials. All operations are idempotent per run.

    Raises `ForgeUnavailable` and `ForgePending` (a retry may help), `ForgeConflict` and
    `ForgeRejected`.
    """

    async def open_proposal(self, draft: ProposalDraft) -> ForgeProposal:
        """Push the draft's branch and open its proposal, or update the run's existing one.

        A second call with the same head changes nothing and returns the same number. A push that
        would drop commits of others on the branch raises `ForgeConflict`.
        """
        ...

    async def get_proposal(self, number: int) -> ForgeProposal:
        """Return the proposal as it is now. An unknown number raises `ForgeRejected`."""
        ...

    async def find(self, run_id: str) -> ForgeProposal | None:
        """Return the run's proposal, whatever its state; `None` if it never opened one."""
        ...

    async def merge(
        self, number: int, expected_head: str, result: MergeResult | None = None
    ) -> ForgeProposal:
        """Merge if the head is still `expected_head`; return the proposal with its `merge_commit`.

        With `result`, merge only if that gives exactly this tree. If the base branch has moved so
        that it does not, nothing is merged and `BaseMoved` is raised; a forge that cannot lock the
        branch checks this immediately before the merge. If it is already merged at that head, the
        same proposal is returned. A draft is first marked as ready.

        Raises `ForgeConflict` for another head or a merge conflict (nothing is merged),
        `ForgePending` while the forge's required checks run, and `ForgeRejected` if they failed or
        the proposal is closed.
        """
        ...

    async def close(self, number: int, reason: str) -> ForgeProposal:
        """Close without merging; a second call is harmless. A merged one raises `ForgeRejected`."""
        ...

    async def publish(self, number: int) -> ForgeProposal:
        """Mark a draft as ready for review; harmless if it is not a draft."""
        ...

    async def list_comments(self, number: int) -> tuple[Comment, ...]:
        """Return the comments of people who may review the proposal, oldest first.

        The forge's configuration says who may. Comments by others and by this bot are not returned.
        """
        ...

    async def list_issues(self, label: str) -> tuple[ForgeIssue, ...]:
        """Return the open issues with that label, oldest first, without proposals.

        Merging a proposal whose body has a line `Closes #12` closes issue 12.
        """
        ...

    async def list_discussions(self, limit: int) -> tuple[ForgeDiscussion, ...]:
        """Return the newest issues and proposals of the repository in any state, newest first."""
        ...

    async def answer_issue(self, number: int, text: str, key: str) -> None:
        """Comment on an issue, once for each `key`; a second call changes nothing.

        An unknown number raises `ForgeRejected`.
        """
        ...

    async def check_connection(self) -> str:
        """Return a line on the connection. Raises `ForgeUnavailable` if there is none."""
        ...
