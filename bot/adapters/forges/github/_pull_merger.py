"""Merges pull requests, or explains what blocks a merge and how to fix it."""

from typing import Literal

from bot.adapters.forges.github._answers import (
    GithubPull,
    GithubReview,
    GithubRule,
    MergeAnswer,
    Repository,
)
from bot.adapters.forges.github._api import Api
from bot.adapters.forges.github._checks import list_rules
from bot.adapters.forges.github._pulls import LOOKS, GithubPulls
from bot.adapters.forges.shared.checks import CommitChecks
from bot.adapters.forges.shared.pull_publisher import get_merge_commit
from bot.adapters.forges.shared.refusal import Refusal, get_refusal
from bot.domain.errors import BaseMoved, ForgeConflict, ForgeError, ForgePending, ForgeRejected
from bot.ports.clock import Clock

Method = Literal["merge", "squash", "rebase"]

_TRIES = 4  # merges, as the base branch may move in between
_WAITING = ("is expected", "are expected", "pending", "in progress", "are queued")

_RULES = {
    "merge_queue": "merges go through the merge queue; queue it on GitHub",
    "required_signatures": "its commits need signatures",
    "required_deployments": "a deployment has to succeed first",
    "workflows": "a required workflow has not passed",
    "code_scanning": "code scanning has not passed",
    "update": "only certain people may change the branch; let the bot's account bypass that rule",
}


class PullMerger:
    """Merges one head, or raises an error that explains why GitHub does not."""

    def __init__(self, api: Api, pulls: GithubPulls, clock: Clock, method: Method) -> None:
        self._api = api
        self._pulls = pulls
        self._clock = clock
        self._method = method

    async def __call__(
        self, pull: GithubPull, expected_head: str, expected_base: str | None = None
    ) -> tuple[GithubPull, str]:
        """Return the merged pull request and its merge commit.

        GitHub merges into whatever the base branch is at that time. With `expected_base` the base
        is therefore checked just before each attempt, and `BaseMoved` is raised if it changed.

        Raises `ForgeConflict`, `ForgePending`, `ForgeRejected`, `ForgeUnavailable`.
        """
        for wait in LOOKS[:_TRIES]:
            merged = get_merge_commit(pull, expected_head)
            if merged is not None:
                return pull, merged
            pull = await self._wait_until_mergeable(pull, expected_head)
            if pull.is_merged:
                continue
            await self._check_rules(pull)
            await self._check_base(pull, expected_base)
            try:
                return pull, await self._merge(pull, expected_head)
            except ForgeRejected as refused:
                refusal = get_refusal(refused)
                if refusal.status not in (405, 409, 422):
                    raise
                error = await self._explain_refusal(pull.number, expected_head, refusal)
                if error is not None:
                    raise error from None
            await self._clock.sleep(wait)  # the base branch moved, or another merge is in progress
            pull = await self._pulls.get(pull.number)
        merged = get_merge_commit(pull, expected_head)
        if merged is None:
            raise ForgePending(f"GitHub has not yet decided whether #{pull.number} can be merged")
        return pull, merged

    async def _check_base(self, pull: GithubPull, expected_base: str | None) -> None:
        """Raise `BaseMoved` if the base branch moved since the merge was checked."""
        if expected_base is None:
            return
        base = await self._pulls.get_head(pull.base.ref)
        if base != expected_base:
            position = (base or "nowhere")[:12]
            raise BaseMoved(f"{pull.base.ref} has moved to {position} since the merge was checked")

    async def _wait_until_mergeable(self, pull: GithubPull, expected_head: str) -> GithubPull:
        """Poll until GitHub knows whether it merges cleanly; asking makes GitHub compute it."""
        for wait in LOOKS:
            if pull.is_merged or pull.mergeable is not None:
                break
            await self._clock.sleep(wait)
            pull = await self._pulls.get(pull.number)
            get_merge_commit(pull, expected_head)  # raises if the head moved
        return pull

    async def _merge(self, pull: GithubPull, expected_head: str) -> str:
        merged = await self._api.send(
            MergeAnswer,
            "PUT",
            "pulls/{number}/merge",
            {"sha": expected_head, "merge_method": self._method},
            doing=f"merge #{pull.number}",
            number=pull.number,
        )
        return merged.sha

    async def _check_rules(self, pull: GithubPull) -> None:
        """Raise an error if the branch's rules block the merge.

        GitHub itself would let an administrator's token bypass them.
        """
        if pull.mergeable is False or pull.mergeable_state == "dirty":
            raise _build_conflict(pull)
        checks = await self._pulls.checks(pull.head.sha, pull.base.ref)
        _check_required(pull, checks)
        if pull.mergeable_state == "behind":
            raise ForgeRejected(
                f"{pull.base.ref} requires #{pull.number} to be up to date; update the branch at "
                f"{pull.html_url}, then approve the new head"
            )
        if pull.mergeable_state == "blocked":
            await self._raise_blockers(pull, checks)

    async def _explain_refusal(
        self, number: int, expected_head: str, refused: Refusal
    ) -> ForgeError | None:
        """Return why a merge was refused; `None` if it should be tried again."""
        pull = await self._pulls.get(number)
        if get_merge_commit(pull, expected_head) is not None:
            return None
        message = refused.message
        if "Base branch was modified" in message or "already in progress" in message:
            return None
        if pull.mergeable is False:
            return _build_conflict(pull)
        if "not mergeable" in message:
            return None
        if "merge queue" in message:
            return ForgePending(
                f"{pull.base.ref} is merged by a merge queue: add #{number} to it at "
                f"{pull.html_url}, and I go on once it is merged"
            )
        if "not allowed on this repository" in message:
            return ForgeRejected(
                f"GitHub did not merge #{number}: {message} Set forge.github.merge_method to an "
                "allowed method."
            )
        if any(phrase in message for phrase in _WAITING) and "failing" not in message:
            return ForgePending(f"GitHub does not merge #{number} yet: {message}")
        return ForgeRejected(f"GitHub did not merge #{number}: {message} See {pull.html_url}")

    async def _raise_blockers(self, pull: GithubPull, checks: CommitChecks) -> None:
        """Raise an error with what blocks a pull request; return if no blocker is visible."""
        rules = await list_rules(self._api, pull.base.ref)
        blockers = [*await self._list_missing_reviews(pull, rules)]
        blockers += [_RULES[rule.type] for rule in rules if rule.type in _RULES]
        if self._method == "merge" and any(r.type == "required_linear_history" for r in rules):
            blockers.append(
                "the branch allows no merge commits; set forge.github.merge_method to squash or "
                "rebase"
            )
        if any(r.parameters and r.parameters.required_review_thread_resolution for r in rules):
            blockers.append("every conversation on it must be resolved")
        if checks.sees == "nothing":
            blockers.append(
                "my credentials cannot read its checks; give them “Checks: read” (a GitHub App) or "
                "“Actions: read” (a token)"
            )
        if not blockers:
            repository = await self._api.get(Repository, "", doing="read the repository")
            if repository.permissions is None or not repository.permissions.admin:
                return
            blockers.append("a rule is not satisfied, perhaps a missing review")
        raise ForgeRejected(
            f"{pull.base.ref} is protected, and #{pull.number} may not be merged yet: "
            f"{'; '.join(blockers)}. See {pull.html_url}"
        )

    async def _list_missing_reviews(
        self, pull: GithubPull, rules: tuple[GithubRule, ...]
    ) -> tuple[str, ...]:
        """Return the reviews that are missing, described for people."""
        reviews = await self._api.list_all(
            GithubReview, "pulls/{number}/reviews?", doing="read its reviews", number=pull.number
        )
        states: dict[str, str] = {}
        for review in reviews:
            if review.user is not None and review.state != "COMMENTED":
                states[review.user.login] = review.state
        against = [login for login, state in states.items() if state == "CHANGES_REQUESTED"]
        if against:
            return (f"{', '.join(against)} requested changes and must approve or be dismissed",)
        needed = max(
            (r.parameters.required_approving_review_count for r in rules if r.parameters),
            default=0,
        )
        approvals = list(states.values()).count("APPROVED")
        if approvals < needed:
            return (f"it has {approvals} of {needed} approving reviews; anyone with write access "
                    "can add one",)  # fmt: skip
        if any(rule.parameters and rule.parameters.require_code_owner_review for rule in rules):
            return ("a code owner must approve it",)
        return ()


def _check_required(pull: GithubPull, checks: CommitChecks) -> None:
    """Raise an error if a required check has failed or has not finished."""
    if checks.failing:
        raise ForgeRejected(
            f"GitHub's required checks failed on #{pull.number}: {', '.join(checks.failing)}. "
            f"See {pull.html_url}/checks"
        )
    if checks.missing and checks.sees != "nothing":
        blind = "" if checks.sees == "all" else "; my token can read only checks of GitHub Actions"
        raise ForgePending(
            f"#{pull.number} is waiting for required checks: {', '.join(checks.missing)}{blind}"
        )


def _build_conflict(pull: GithubPull) -> ForgeConflict:
    return ForgeConflict(
        f"{pull.head.ref} and {pull.base.ref} do not merge cleanly; GitHub names the files at "
        f"{pull.html_url}"
    )
