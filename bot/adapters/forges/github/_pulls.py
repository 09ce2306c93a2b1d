"""Finds, opens and changes pull requests of one repository, and converts them to proposals."""

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

import structlog

from bot.adapters.forges.github._answers import GithubPull, Ref
from bot.adapters.forges.github._api import Api
from bot.adapters.forges.github._checks import CheckReader
from bot.adapters.forges.shared.marks import format_title, render_body, run_in
from bot.adapters.forges.shared.refusal import Refusal, get_refusal
from bot.domain.errors import ForgeError, ForgeRejected
from bot.domain.proposal import ForgeProposal, ProposalDraft
from bot.ports.clock import Clock

LOOKS = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Seconds between looks while GitHub brings a pull request up to date."""

_SEARCHED = 1_000  # pull requests searched for one whose branch was deleted
_OPEN = "open a pull request"

_log = structlog.stdlib.get_logger(__name__)


class GithubPulls:
    """Reads and writes pull requests. One from a fork is ignored: anyone can open one."""

    def __init__(self, api: Api, clock: Clock, labels: Sequence[str], *, draft: bool) -> None:
        self._api = api
        self.checks = CheckReader(api)
        self._clock = clock
        self._labels = tuple(labels)
        self._draft = draft

    async def get(self, number: int) -> GithubPull:
        """Return a pull request. Raises `ForgeRejected` if the number does not exist."""
        doing = f"read pull request #{number}"
        pull = await self._api.find(GithubPull, "pulls/{number}", doing=doing, number=number)
        if pull is None:
            raise ForgeRejected(
                f"GitHub has no pull request #{number} in {self._api.repository}: the number is "
                "wrong, or the credentials have no permission to read pull requests there"
            )
        return pull

    async def build_proposal(self, pull: GithubPull) -> ForgeProposal:
        """Convert a pull request to the port's proposal, with the state of its checks."""
        checks = await self.checks(pull.head.sha, pull.base.ref)
        state = "merged" if pull.is_merged else pull.state
        return ForgeProposal(
            number=pull.number,
            url=pull.html_url,
            state=state,
            head=pull.head.sha,
            branch=pull.head.ref,
            base_branch=pull.base.ref,
            title=pull.title,
            merge_commit=pull.merge_commit_sha if pull.is_merged else None,
            draft=pull.draft and state == "open",
            checks=checks.state,
        )

    async def find_for_draft(self, draft: ProposalDraft) -> GithubPull | None:
        """Return the run's pull request, or `None`."""
        return await self.find_by_branch(draft.branch) or await self.find_by_run(draft.run_id)

    async def find_by_branch(self, branch: str) -> GithubPull | None:
        """Return a branch's pull request: the open one, else the newest, or `None`."""
        path = "pulls?state=all&head={owner}:{branch}"
        owner = self._api.repository.partition("/")[0]
        pulls = await self._api.list_all(
            GithubPull,
            path,
            doing="look for its pull request",
            owner=owner,
            branch=branch,
            limit=100,
        )
        return select_best(pull for pull in pulls if pull.head.ref == branch)

    async def find_by_run(self, run_id: str) -> GithubPull | None:
        """Return the run's pull request, even if its branch was deleted."""
        prefix = f"theseus/{run_id}-"
        refs = await self._api.list_all(
            Ref, "git/matching-refs/heads/{+prefix}", doing="look for its branch", prefix=prefix
        )
        for ref in refs:
            match = await self.find_by_branch(ref.ref.removeprefix("refs/heads/"))
            if match is not None:
                return match
        every = await self._api.list_all(
            GithubPull, "pulls?state=all", doing="look for its pull request", limit=_SEARCHED
        )
        return select_best(
            pull
            for pull in every
            if pull.head.ref.startswith(prefix) or (run_in(pull.body) or ("",))[0] == run_id
        )

    async def get_head(self, branch: str) -> str | None:
        """Return the commit of a branch on GitHub, or `None` if the branch does not exist."""
        ref = await self._api.find(
            Ref,
            "git/ref/heads/{+branch}",
            doing=f"read branch {branch}",
            branch=quote(branch, safe="/"),
        )
        return ref.object.sha if ref else None

    async def open(self, draft: ProposalDraft) -> GithubPull:
        """Open a draft's pull request; if another process was faster, return its pull request."""
        body = {
            "title": format_title(draft),
            "head": draft.branch,
            "base": draft.base_branch,
            "body": render_body(draft),
            "draft": self._draft,
        }
        for wait in (*LOOKS, None):
            try:
                return await self._api.send(GithubPull, "POST", "pulls", body, doing=_OPEN)
            except ForgeRejected as refused:
                refusal = get_refusal(refused)
                if refusal.status != 422:
                    raise
                existing = await self._find_concurrent(draft, refusal)
                if existing is not None:
                    return existing
                if body["draft"] and "draft" in refusal.message.lower():
                    body["draft"] = False  # this repository does not support drafts
                elif wait is None or "'head'" not in refusal.message:
                    raise
                else:  # the branch was pushed a moment ago, and is not seen everywhere yet
                    await self._clock.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    async def refresh(self, pull: GithubPull, draft: ProposalDraft) -> GithubPull:
        """Update the title and text to a draft with a new head."""
        body = {"title": format_title(draft), "body": render_body(draft)}
        return await self.change(pull.number, body, doing="update its pull request")

    async def change(self, number: int, body: dict[str, Any], *, doing: str) -> GithubPull:
        """Change some fields of a pull request."""
        return await self._api.send(
            GithubPull, "PATCH", "pulls/{number}", body, doing=doing, number=number
        )

    async def wait_for_head(self, number: int, head: str, before: str) -> GithubPull:
        """Return the pull request with the head that was just pushed; GitHub may lag behind."""
        for wait in LOOKS:
            pull = await self.get(number)
            if pull.head.sha != before or before == head:
                return pull
            await self._clock.sleep(wait)
        pull = await self.get(number)
        if pull.head.sha != before:
            return pull
        return pull.model_copy(update={"head": pull.head.model_copy(update={"sha": head})})

    async def label(self, number: int, draft: ProposalDraft) -> None:
        """Add labels. A failure is only logged: the pull request works without them."""
        labels = [*dict.fromkeys((*self._labels, *draft.labels))]
        if not labels:
            return
        path = "issues/{number}/labels"
        try:
            await self._api.add(path, {"labels": labels}, doing=f"label #{number}", number=number)
        except ForgeError as error:
            _log.warning("could not label pull request #%s: %s", number, error)

    async def _find_concurrent(self, draft: ProposalDraft, refused: Refusal) -> GithubPull | None:
        if "already exists" not in refused.message:
            return None
        pull = await self.find_by_branch(draft.branch)
        return pull if pull is not None and pull.state == "open" else None


def select_best(pulls: Iterable[GithubPull]) -> GithubPull | None:
    """Return the open pull request, else the newest; those from forks are ignored."""
    own = [pull for pull in pulls if pull.head.repo and pull.head.repo == pull.base.repo]
    return max(own, key=lambda pull: (pull.state == "open", pull.number), default=None)
