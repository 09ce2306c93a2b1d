"""Merges pull requests, or explains what blocks a merge and how to fix it."""

from typing import Literal

from bot.adapters.forges.forgejo._answers import ForgejoBranch, ForgejoPull
from bot.adapters.forges.forgejo._api import ForgejoApi
from bot.adapters.forges.forgejo._pulls import LOOKS, ForgejoPulls
from bot.adapters.forges.shared.checks import CommitChecks
from bot.adapters.forges.shared.pull_publisher import get_merge_commit
from bot.adapters.forges.shared.refusal import Refusal, get_refusal
from bot.domain.errors import BaseMoved, ForgeConflict, ForgeError, ForgePending, ForgeRejected
from bot.ports.clock import Clock

Method = Literal["merge", "squash", "rebase"]

# Forgejo's own sentences: its API has no codes for them.
_TRY_LATER = "Please try again later"
_MOVED = ("head out of date", "merge push out of date")
_CHECKS = "status checks"
_BLOCKERS = {
    "enough approvals": "it lacks approving reviews",
    "requested changes": "a reviewer requested changes",
    "official review requests": "a requested review is missing",
    "behind the base branch": "its branch must be brought up to date with the base branch",
    "protected files": "it changes files that are protected there",
    "signed commits": "its commits need signatures",
    "not allowed to merge PR": "the token's account may not merge into the branch",
    "allowed merge style": "set forge.forgejo.merge_method to an allowed method",
}


class ForgejoMerger:
    """Merges one head, or raises an error that explains why Forgejo does not.

    It never sends `force_merge`, with which an administrator's token would bypass the rules.
    """

    def __init__(self, api: ForgejoApi, pulls: ForgejoPulls, clock: Clock, method: Method) -> None:
        self._api = api
        self._pulls = pulls
        self._clock = clock
        self._method = method

    async def __call__(
        self, pull: ForgejoPull, expected_head: str, expected_base: str | None = None
    ) -> tuple[ForgejoPull, str]:
        """Return the merged pull request and its merge commit.

        Forgejo merges into whatever the base branch is at that time. With `expected_base` the base
        is therefore checked just before each attempt, and `BaseMoved` is raised if it changed.

        Raises `ForgeConflict`, `ForgePending`, `ForgeRejected`, `ForgeUnavailable`.
        """
        for wait in LOOKS:
            merged = get_merge_commit(pull, expected_head)
            if merged is not None:
                return pull, merged
            branch = await self._pulls.get_branch(pull.base.label)
            _check_required(pull, await self._pulls.read_checks(pull.head.sha, branch))
            _check_base(pull, branch, expected_base)
            error = await self._merge(pull, expected_head)
            if error is not None:
                raise error from None
            pull = await self._pulls.get(pull.number)
            if not pull.is_merged:
                await self._clock.sleep(wait)  # Forgejo still looks whether it merges cleanly
                pull = await self._pulls.get(pull.number)
        merged = get_merge_commit(pull, expected_head)
        if merged is None:
            # Forgejo has the same answer for a conflict and for a look that has not ended.
            raise _build_conflict(pull)
        return pull, merged

    async def _merge(self, pull: ForgejoPull, expected_head: str) -> ForgeError | None:
        """Try to merge; return why it cannot succeed, or `None` if another look shows more."""
        body = {"Do": self._method, "head_commit_id": expected_head}
        doing = f"merge #{pull.number}"
        try:
            await self._api.add(f"pulls/{pull.number}/merge", body, doing=doing)
        except ForgeRejected as refused:
            refusal = get_refusal(refused)
            if refusal.status not in (404, 405, 409):
                return refused
            return await self._explain_refusal(pull, expected_head, refusal)
        return None

    async def _explain_refusal(
        self, pull: ForgejoPull, expected_head: str, refusal: Refusal
    ) -> ForgeError | None:
        number, message = pull.number, refusal.message
        now = await self._pulls.get(number)
        if get_merge_commit(now, expected_head) is not None:
            return None
        if _TRY_LATER in message or message in _MOVED:
            return None
        if refusal.status == 409:
            return _build_conflict(pull)
        if _CHECKS in message:
            checks = await self._pulls.read_checks(pull.head.sha, None)
            if checks.state != "failed":
                return ForgePending(f"#{number} is waiting for required checks: {message}")
            return ForgeRejected(f"Forgejo's required checks failed on #{number}: {message}")
        reason = next((text for part, text in _BLOCKERS.items() if part in message), message)
        return ForgeRejected(
            f"Forgejo did not merge #{number} into {pull.base.label}: {reason}. See {pull.html_url}"
        )


def _check_base(pull: ForgejoPull, branch: ForgejoBranch | None, expected: str | None) -> None:
    """Raise `BaseMoved` if the base branch moved since the merge was checked."""
    position = branch.commit.id if branch else "nowhere"
    if expected is not None and position != expected:
        raise BaseMoved(
            f"{pull.base.label} has moved to {position[:12]} since the merge was checked"
        )


def _check_required(pull: ForgejoPull, checks: CommitChecks) -> None:
    """Raise an error if a required check has failed or has not finished."""
    if checks.failing:
        raise ForgeRejected(
            f"Forgejo's required checks failed on #{pull.number}: {', '.join(checks.failing)}. "
            f"See {pull.html_url}"
        )
    if checks.missing:
        raise ForgePending(
            f"#{pull.number} is waiting for required checks: {', '.join(checks.missing)}"
        )


def _build_conflict(pull: ForgejoPull) -> ForgeConflict:
    return ForgeConflict(
        f"{pull.branch} and {pull.base.label} do not merge cleanly; Forgejo names the files at "
        f"{pull.html_url}"
    )
