"""The forge port: where proposals live and merges happen."""

from typing import Protocol

from bot.domain.change import MergeResult
from bot.domain.issue import ForgeIssue
from bot.domain.proposal import Comment, ForgeProposal, ProposalDraft


class Forge(Protocol):
    """A code host. Only this port holds its credentials. Everything is idempotent by run.

    Raises `ForgeUnavailable` and `ForgePending` (again may help), `ForgeConflict`, `ForgeRejected`.
    """

    async def open_proposal(self, draft: ProposalDraft) -> ForgeProposal:
        """Publish the draft's branch and open its proposal, or update the one this run has.

        Called again with the same head it changes nothing and returns the same number. A push that
        would drop commits somebody else added to the branch raises `ForgeConflict`.
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
        """Merge if the head is still `expected_head`; return it with `merge_commit`.

        With `result`, only where merging comes to just that: the base branch has moved otherwise,
        nothing is merged, and `BaseMoved` is raised. A forge that cannot hold the branch still
        looks in the moment before. Already merged at that head: returns the same. Another head, or
        a change that does not merge cleanly: `ForgeConflict`, nothing merged. Closed:
        `ForgeRejected`. The forge's own required checks still running: `ForgePending`; failed:
        `ForgeRejected`. A draft is taken
        out of draft first.
        """
        ...

    async def close(self, number: int, reason: str) -> ForgeProposal:
        """Close without merging; again is harmless. A merged one raises `ForgeRejected`."""
        ...

    async def publish(self, number: int) -> ForgeProposal:
        """Take the proposal out of draft; harmless where it is in none."""
        ...

    async def list_comments(self, number: int) -> tuple[Comment, ...]:
        """Return what people who may review wrote on the proposal, oldest first.

        Who may is the forge's configuration; what anybody else wrote is not returned, nor what
        this bot wrote itself.
        """
        ...

    async def list_issues(self, label: str) -> tuple[ForgeIssue, ...]:
        """Return the open issues with that label, oldest first; proposals are not among them.

        Merging a proposal whose body says `Closes #12` on a line of its own closes issue 12.
        """
        ...

    async def answer_issue(self, number: int, text: str, key: str) -> None:
        """Comment on an issue, once for each `key`: again changes nothing.

        An unknown number raises `ForgeRejected`.
        """
        ...

    async def check_connection(self) -> str:
        """Return one line on what it is connected to; raises `ForgeUnavailable` if it is not."""
        ...
