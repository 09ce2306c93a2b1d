"""Opens a run's pull request, or updates it to a new head; safe to repeat."""

from collections.abc import Awaitable, Callable

from bot.adapters.forges.github._answers import GithubPull
from bot.adapters.forges.github._pulls import GithubPulls
from bot.adapters.forges.shared.marks import run_in
from bot.adapters.forges.shared.push import Push
from bot.domain.errors import ForgeError, ForgeRejected
from bot.domain.proposal import ProposalDraft
from bot.infra.git_remote import Way
from bot.infra.threads import run_in_thread


class PullPublisher:
    """Publishes drafts.

    Each step first checks if it is done, so it is safe to repeat after a crash.
    """

    def __init__(
        self, pulls: GithubPulls, get_access: Callable[[], Awaitable[Way]], fix_hint: str
    ) -> None:
        self._pulls = pulls
        self._get_access = get_access
        self._fix_hint = fix_hint

    async def __call__(self, draft: ProposalDraft) -> GithubPull:
        """Return the run's pull request at the draft's head. Raises `ForgeError`."""
        pull = await self._pulls.find_by_branch(draft.branch) or await self._pulls.find_by_run(
            draft.run_id
        )
        if pull is not None and _is_published(pull, draft):
            return pull
        await self._push(draft)
        if pull is None:
            pull = await self._pulls.open(draft)
            await self._pulls.label(pull.number, draft)
            return pull
        before, pull = pull.head.sha, await self._pulls.refresh(pull, draft)
        return await self._pulls.wait_for_head(pull.number, draft.head, before)

    async def _push(self, draft: ProposalDraft) -> None:
        push = Push(await self._get_access(), self._fix_hint)
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


def _is_published(pull: GithubPull, draft: ProposalDraft) -> bool:
    """Return whether the head is already published. Raises `ForgeRejected` if it cannot be."""
    if pull.state == "closed":
        if pull.head.sha == draft.head:
            return True
        state = "merged" if pull.is_merged else "closed"
        raise ForgeRejected(f"pull request #{pull.number} of this run is already {state}")
    if pull.head.ref != draft.branch:
        raise ForgeRejected(
            f"pull request #{pull.number} of this run is on another branch, {pull.head.ref}"
        )
    return pull.head.sha == draft.head and run_in(pull.body) == (draft.run_id, draft.head)
