"""Merging: what stands in the way, and who can mend it."""

from typing import Literal

from bot.adapters.github_forge._answers import (
    GithubPull,
    GithubReview,
    GithubRule,
    MergeAnswer,
    Repository,
)
from bot.adapters.github_forge._api import Api
from bot.adapters.github_forge._checks import GithubChecks, list_rules
from bot.adapters.github_forge._failures import GithubRefusal, get_refusal
from bot.adapters.github_forge._pulls import LOOKS, GithubPulls
from bot.domain.errors import BaseMoved, ForgeConflict, ForgeError, ForgePending, ForgeRejected
from bot.ports.clock import Clock

Method = Literal["merge", "squash", "rebase"]

_TRIES = 4
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
    """Merges one head, and explains why not."""

    def __init__(self, api: Api, pulls: GithubPulls, clock: Clock, method: Method) -> None:
        self._api = api
        self._pulls = pulls
        self._clock = clock
        self._method = method

    async def __call__(
        self, pull: GithubPull, expected_head: str, expected_base: str | None = None
    ) -> tuple[GithubPull, str]:
        """Return the merged pull request and its merge commit.

        GitHub merges into whatever its base branch is by then: with `expected_base` a look is
        taken in the moment before, every time, and `BaseMoved` raised.

        Raises `ForgeConflict`, `ForgePending`, `ForgeRejected`, `ForgeUnavailable`.
        """
        for wait in LOOKS[:_TRIES]:
            done = _get_merge_commit(pull, expected_head)
            if done is not None:
                return pull, done
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
            await self._clock.sleep(wait)  # the base branch moved, or another merge is under way
            pull = await self._pulls.get(pull.number)
        done = _get_merge_commit(pull, expected_head)
        if done is None:
            raise ForgePending(f"GitHub cannot say yet whether #{pull.number} can be merged")
        return pull, done

    async def _check_base(self, pull: GithubPull, expected_base: str | None) -> None:
        """Raise where the base branch is not the commit that the merge was checked with."""
        if expected_base is None:
            return
        base = await self._pulls.get_head(pull.base.ref)
        if base != expected_base:
            where = (base or "nowhere")[:12]
            raise BaseMoved(f"{pull.base.ref} has moved to {where} since the merge was checked")

    async def _wait_until_mergeable(self, pull: GithubPull, expected_head: str) -> GithubPull:
        """Look until GitHub knows whether it merges cleanly; it finds out when asked."""
        for wait in LOOKS:
            if pull.is_merged or pull.mergeable is not None:
                break
            await self._clock.sleep(wait)
            pull = await self._pulls.get(pull.number)
            _get_merge_commit(pull, expected_head)  # raises where it moved
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
        """Raise where the branch's rules say no: GitHub lets an administrator's token pass them."""
        if pull.mergeable is False or pull.mergeable_state == "dirty":
            raise _build_conflict(pull)
        checks = await self._pulls.checks(pull.head.sha, pull.base.ref)
        _check_required(pull, checks)
        if pull.mergeable_state == "behind":
            raise ForgeRejected(
                f"{pull.base.ref} wants #{pull.number} to be up to date with it; update the branch "
                f"at {pull.html_url}, then approve the new head"
            )
        if pull.mergeable_state == "blocked":
            await self._raise_blockers(pull, checks)

    async def _explain_refusal(
        self, number: int, expected_head: str, refused: GithubRefusal
    ) -> ForgeError | None:
        """Return why a merge was refused; `None`: try again."""
        pull = await self._pulls.get(number)
        if _get_merge_commit(pull, expected_head) is not None:
            return None
        words = refused.message
        if "Base branch was modified" in words or "already in progress" in words:
            return None
        if pull.mergeable is False:
            return _build_conflict(pull)
        if "not mergeable" in words:
            return None
        if "not allowed on this repository" in words:
            return ForgeRejected(
                f"GitHub did not merge #{number}: {words} Set forge.github.merge_method to a way "
                "it allows."
            )
        if any(each in words for each in _WAITING) and "failing" not in words:
            return ForgePending(f"GitHub does not merge #{number} yet: {words}")
        return ForgeRejected(f"GitHub did not merge #{number}: {words} See {pull.html_url}")

    async def _raise_blockers(self, pull: GithubPull, checks: GithubChecks) -> None:
        """Raise what a blocked pull request lacks; nothing found: let GitHub say it."""
        rules = await list_rules(self._api, pull.base.ref)
        lacking = [*await self._list_missing_reviews(pull, rules)]
        lacking += [_RULES[rule.type] for rule in rules if rule.type in _RULES]
        if self._method == "merge" and any(r.type == "required_linear_history" for r in rules):
            lacking.append(
                "the branch takes no merge commits; set forge.github.merge_method to squash or "
                "rebase"
            )
        if any(r.parameters and r.parameters.required_review_thread_resolution for r in rules):
            lacking.append("every conversation on it has to be resolved")
        if checks.sees == "nothing":
            lacking.append(
                "the credentials cannot see its checks; give them “Checks: read” (a GitHub App) or "
                "“Actions: read” (a token)"
            )
        if not lacking:
            shown = await self._api.get(Repository, "", doing="read the repository")
            if shown.permissions is None or not shown.permissions.admin:
                return
            lacking.append("a rule is not kept, a missing review perhaps")
        raise ForgeRejected(
            f"{pull.base.ref} is protected, and #{pull.number} may not be merged yet: "
            f"{'; '.join(lacking)}. See {pull.html_url}"
        )

    async def _list_missing_reviews(
        self, pull: GithubPull, rules: tuple[GithubRule, ...]
    ) -> tuple[str, ...]:
        """Return what is lacking in reviews."""
        reviews = await self._api.list_all(
            GithubReview, "pulls/{number}/reviews?", doing="read its reviews", number=pull.number
        )
        standing: dict[str, str] = {}
        for review in reviews:
            if review.user is not None and review.state != "COMMENTED":
                standing[review.user.login] = review.state
        against = [login for login, state in standing.items() if state == "CHANGES_REQUESTED"]
        if against:
            return (f"{', '.join(against)} asked for changes and has to approve or be dismissed",)
        wanted = max(
            (r.parameters.required_approving_review_count for r in rules if r.parameters),
            default=0,
        )
        given = list(standing.values()).count("APPROVED")
        if given < wanted:
            return (f"it has {given} of {wanted} approving reviews; somebody with write access "
                    "can give one",)  # fmt: skip
        if any(rule.parameters and rule.parameters.require_code_owner_review for rule in rules):
            return ("a code owner has to approve it",)
        return ()


def _get_merge_commit(pull: GithubPull, expected_head: str) -> str | None:
    """Return the merge commit, `None` while it is open at that head; raise anything else."""
    if pull.state == "closed" and not pull.is_merged:
        raise ForgeRejected(f"pull request #{pull.number} was closed")
    if pull.head.sha != expected_head:
        raise ForgeConflict(
            f"pull request #{pull.number} stands at {pull.head.sha[:12]}, not at the approved "
            f"{expected_head[:12]}"
        )
    return (pull.merge_commit_sha or expected_head) if pull.is_merged else None


def _check_required(pull: GithubPull, checks: GithubChecks) -> None:
    """Raise where a required check has failed or has not ended."""
    if checks.failing:
        raise ForgeRejected(
            f"GitHub's required checks failed on #{pull.number}: {', '.join(checks.failing)}. "
            f"See {pull.html_url}/checks"
        )
    if checks.missing and checks.sees != "nothing":
        blind = "" if checks.sees == "all" else "; a token sees only those of GitHub Actions"
        raise ForgePending(
            f"#{pull.number} waits for GitHub's required checks: {', '.join(checks.missing)}{blind}"
        )


def _build_conflict(pull: GithubPull) -> ForgeConflict:
    return ForgeConflict(
        f"{pull.head.ref} and {pull.base.ref} do not merge cleanly; GitHub names the files at "
        f"{pull.html_url}"
    )
