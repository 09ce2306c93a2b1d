"""Pull requests of one repository: found, opened, changed, shown as our proposals."""

import logging
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from bot.adapters.github_forge._answers import GithubPull, Ref
from bot.adapters.github_forge._api import Api
from bot.adapters.github_forge._checks import CheckReader
from bot.adapters.github_forge._failures import GithubRefusal, get_refusal
from bot.adapters.github_forge._marks import format_title, render_body, run_in
from bot.domain.errors import ForgeError, ForgeRejected
from bot.domain.proposal import ForgeProposal, ProposalDraft
from bot.ports.clock import Clock

LOOKS = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Seconds between looks while GitHub brings a pull request up to date."""

_SEARCHED = 1_000  # pull requests looked through for one whose branch is gone
_OPEN = "open a pull request"

_log = logging.getLogger(__name__)


class GithubPulls:
    """Reads and writes them. A pull request from a fork is never ours: anybody can open one."""

    def __init__(self, api: Api, clock: Clock, labels: Sequence[str], *, draft: bool) -> None:
        self._api = api
        self.checks = CheckReader(api)
        self._clock = clock
        self._labels = tuple(labels)
        self._draft = draft

    async def get(self, number: int) -> GithubPull:
        """Return one; `ForgeRejected` if there is no such number."""
        doing = f"read pull request #{number}"
        found = await self._api.find(GithubPull, "pulls/{number}", doing=doing, number=number)
        if found is None:
            raise ForgeRejected(
                f"GitHub shows no pull request #{number} in {self._api.repository}; the number is "
                "wrong, or the credentials may not read pull requests there"
            )
        return found

    async def build_proposal(self, pull: GithubPull) -> ForgeProposal:
        """Return one as the port shows it."""
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

    async def find_by_branch(self, branch: str) -> GithubPull | None:
        """Return a branch's pull request: the open one, else the newest."""
        path = "pulls?state=all&head={owner}:{branch}"
        owner = self._api.repository.partition("/")[0]
        found = await self._api.list_all(
            GithubPull,
            path,
            doing="look for its pull request",
            owner=owner,
            branch=branch,
            limit=100,
        )
        return select_best(pull for pull in found if pull.head.ref == branch)

    async def find_by_run(self, run_id: str) -> GithubPull | None:
        """Return the run's pull request, also where its branch was deleted since."""
        prefix = f"theseus/{run_id}-"
        refs = await self._api.list_all(
            Ref, "git/matching-refs/heads/{+prefix}", doing="look for its branch", prefix=prefix
        )
        for ref in refs:
            found = await self.find_by_branch(ref.ref.removeprefix("refs/heads/"))
            if found is not None:
                return found
        every = await self._api.list_all(
            GithubPull, "pulls?state=all", doing="look for its pull request", limit=_SEARCHED
        )
        return select_best(
            pull
            for pull in every
            if pull.head.ref.startswith(prefix) or (run_in(pull.body) or ("",))[0] == run_id
        )

    async def get_head(self, branch: str) -> str | None:
        """Return where a branch stands on GitHub, `None` if it is not there."""
        ref = await self._api.find(
            Ref,
            "git/ref/heads/{+branch}",
            doing=f"read branch {branch}",
            branch=quote(branch, safe="/"),
        )
        return ref.object.sha if ref else None

    async def open(self, draft: ProposalDraft) -> GithubPull:
        """Open a draft's pull request; if another was quicker, return that one."""
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
                found = await self._find_concurrent(draft, refusal)
                if found is not None:
                    return found
                if body["draft"] and "draft" in refusal.message.lower():
                    body["draft"] = False  # this repository has none
                elif wait is None or "'head'" not in refusal.message:
                    raise
                else:  # the branch was pushed a moment ago, and is not seen everywhere yet
                    await self._clock.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    async def refresh(self, pull: GithubPull, draft: ProposalDraft) -> GithubPull:
        """Bring title and text up to a draft with a new head."""
        body = {"title": format_title(draft), "body": render_body(draft)}
        return await self.change(pull.number, body, doing="update its pull request")

    async def change(self, number: int, body: dict[str, Any], *, doing: str) -> GithubPull:
        """Change some of its fields."""
        return await self._api.send(
            GithubPull, "PATCH", "pulls/{number}", body, doing=doing, number=number
        )

    async def wait_for_head(self, number: int, head: str, before: str) -> GithubPull:
        """Return it at the head that was pushed a moment ago; GitHub may lag behind."""
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
        """Label it. A pull request without labels is one all the same."""
        labels = [*dict.fromkeys((*self._labels, *draft.labels))]
        if not labels:
            return
        path = "issues/{number}/labels"
        try:
            await self._api.add(path, {"labels": labels}, doing=f"label #{number}", number=number)
        except ForgeError as error:
            _log.warning("pull request #%s stays without labels: %s", number, error)

    async def _find_concurrent(
        self, draft: ProposalDraft, refused: GithubRefusal
    ) -> GithubPull | None:
        if "already exists" not in refused.message:
            return None
        found = await self.find_by_branch(draft.branch)
        return found if found is not None and found.state == "open" else None


def select_best(pulls: Iterable[GithubPull]) -> GithubPull | None:
    """Return the open one, else the newest; none of a fork's."""
    ours = [pull for pull in pulls if pull.head.repo and pull.head.repo == pull.base.repo]
    return max(ours, key=lambda pull: (pull.state == "open", pull.number), default=None)
