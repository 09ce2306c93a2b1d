"""A forge that only the process that leads can change."""

from bot.domain.change import MergeResult
from bot.domain.errors import ForgeUnavailable, StoreError
from bot.domain.issue import ForgeDiscussion, ForgeIssue
from bot.domain.proposal import Comment, ForgeProposal, ProposalDraft
from bot.ports.forge import Forge
from bot.ports.leadership import Fence


class FencedForge:
    """Implements `Forge`: asks the fence before each change, which raises `LeadershipLost`."""

    def __init__(self, forge: Forge, fence: Fence) -> None:
        self._forge = forge
        self._fence = fence

    async def open_proposal(self, draft: ProposalDraft) -> ForgeProposal:
        """Open or update it."""
        await self._check()
        return await self._forge.open_proposal(draft)

    async def merge(
        self, number: int, expected_head: str, result: MergeResult | None = None
    ) -> ForgeProposal:
        """Merge it."""
        await self._check()
        return await self._forge.merge(number, expected_head, result)

    async def close(self, number: int, reason: str) -> ForgeProposal:
        """Close it."""
        await self._check()
        return await self._forge.close(number, reason)

    async def publish(self, number: int) -> ForgeProposal:
        """Take it out of draft."""
        await self._check()
        return await self._forge.publish(number)

    async def answer_issue(self, number: int, text: str, key: str) -> None:
        """Comment on an issue."""
        await self._check()
        await self._forge.answer_issue(number, text, key)

    async def get_proposal(self, number: int) -> ForgeProposal:
        """Return the proposal."""
        return await self._forge.get_proposal(number)

    async def find(self, run_id: str) -> ForgeProposal | None:
        """Return the run's proposal."""
        return await self._forge.find(run_id)

    async def list_comments(self, number: int) -> tuple[Comment, ...]:
        """Return its comments."""
        return await self._forge.list_comments(number)

    async def list_issues(self, label: str) -> tuple[ForgeIssue, ...]:
        """Return the open issues."""
        return await self._forge.list_issues(label)

    async def list_discussions(self, limit: int) -> tuple[ForgeDiscussion, ...]:
        """Return the newest discussions."""
        return await self._forge.list_discussions(limit)

    async def check_connection(self) -> str:
        """Return a line on the connection."""
        return await self._forge.check_connection()

    async def _check(self) -> None:
        try:
            await self._fence.check_lead()
        except StoreError as error:
            raise ForgeUnavailable(f"Nothing is changed at the forge: {error}") from error
