"""Finds, opens and changes pull requests of one repository, and converts them to proposals."""

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

import structlog

from bot.adapters.forges.forgejo._answers import (
    DRAFT,
    ForgejoBranch,
    ForgejoLabel,
    ForgejoPull,
    ForgejoStatus,
)
from bot.adapters.forges.forgejo._api import ForgejoApi, quote_branch
from bot.adapters.forges.shared.checks import (
    CheckOutcome,
    CommitChecks,
    RequiredContext,
    State,
)
from bot.adapters.forges.shared.marks import format_title, render_body, run_in
from bot.adapters.forges.shared.refusal import get_refusal
from bot.domain.errors import ForgeError, ForgeRejected
from bot.domain.proposal import ForgeProposal, ProposalDraft
from bot.ports.clock import Clock

LOOKS = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Seconds between looks while Forgejo brings a pull request up to date."""

_SEARCHED = 1_000  # pull requests searched for one of a run
_COLOR = "#ededed"
_OPEN = "open a pull request"

_log = structlog.stdlib.get_logger(__name__)


class ForgejoPulls:
    """Reads and writes pull requests. One from a fork is ignored: anyone can open one."""

    def __init__(
        self, api: ForgejoApi, clock: Clock, labels: Sequence[str], *, draft: bool
    ) -> None:
        self._api = api
        self._clock = clock
        self._labels = tuple(labels)
        self._draft = draft

    async def get(self, number: int) -> ForgejoPull:
        """Return a pull request. Raises `ForgeRejected` if the number does not exist."""
        doing = f"read pull request #{number}"
        pull = await self._api.find(ForgejoPull, f"pulls/{number}", doing=doing)
        if pull is None:
            raise ForgeRejected(
                f"Forgejo has no pull request #{number} in {self._api.repository}: the number is "
                "wrong, or the token may not read pull requests there"
            )
        return pull

    async def build_proposal(self, pull: ForgejoPull) -> ForgeProposal:
        """Convert a pull request to the port's proposal, with the state of its checks."""
        branch = await self.get_branch(pull.base.label)
        checks = await self.read_checks(pull.head.sha, branch)
        state = "merged" if pull.is_merged else pull.state
        return ForgeProposal(
            number=pull.number,
            url=pull.html_url,
            state=state,
            head=pull.head.sha,
            branch=pull.branch,
            base_branch=pull.base.label,
            title=pull.plain_title,
            merge_commit=pull.merge_commit_sha if pull.is_merged else None,
            draft=pull.draft and state == "open",
            checks=checks.state,
        )

    async def read_checks(self, head: str, base: ForgejoBranch | None) -> CommitChecks:
        """Return the checks of a commit, and which of them its base branch requires.

        A required name may be a pattern: `ci/*`.
        """
        statuses = await self._api.list_all(
            ForgejoStatus, f"commits/{head}/status", key="statuses", doing="read its checks"
        )
        required = (base.status_check_contexts or ()) if base and base.enable_status_check else ()
        return CommitChecks(
            tuple(CheckOutcome(each.context, _map_status(each.status)) for each in statuses),
            tuple(RequiredContext(name, is_pattern=True) for name in required),
        )

    async def get_branch(self, branch: str) -> ForgejoBranch | None:
        """Return a branch, or `None` if it does not exist."""
        path = f"branches/{quote_branch(branch)}"
        return await self._api.find(ForgejoBranch, path, doing=f"read branch {branch}")

    async def get_head(self, branch: str) -> str | None:
        """Return the commit of a branch on Forgejo, or `None` if the branch does not exist."""
        found = await self.get_branch(branch)
        return found.commit.id if found else None

    async def find_for_draft(self, draft: ProposalDraft) -> ForgejoPull | None:
        """Return the run's pull request: the one of its branch, else any that was the run's."""
        path = f"pulls/{quote(draft.base_branch, safe='')}/{quote_branch(draft.branch)}"
        pull = await self._api.find(ForgejoPull, path, doing="look for its pull request")
        return pull or await self.find_by_run(draft.run_id)

    async def find_by_run(self, run_id: str) -> ForgejoPull | None:
        """Return the run's pull request, even if its branch was deleted."""
        every = await self._api.list_all(
            ForgejoPull, "pulls", doing="look for its pull request", limit=_SEARCHED, state="all"
        )
        return _select_best(
            pull
            for pull in every
            if pull.branch.startswith(f"theseus/{run_id}-")
            or (run_in(pull.body) or ("",))[0] == run_id
        )

    async def open(self, draft: ProposalDraft) -> ForgejoPull:
        """Open a draft's pull request; if another process was faster, return its pull request."""
        body = {
            "title": f"{DRAFT if self._draft else ''}{format_title(draft)}",
            "head": draft.branch,
            "base": draft.base_branch,
            "body": render_body(draft),
        }
        for wait in (*LOOKS, None):
            try:
                return await self._api.send(ForgejoPull, "POST", "pulls", body, doing=_OPEN)
            except ForgeRejected as refused:
                status = get_refusal(refused).status
                existing = await self.find_for_draft(draft) if status == 409 else None
                if existing is not None:
                    return existing
                if wait is None or status != 404:
                    raise
                # The branch was pushed a moment ago, and Forgejo's database does not have it yet.
                await self._clock.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    async def refresh(self, pull: ForgejoPull, draft: ProposalDraft) -> ForgejoPull:
        """Update the title and text to a draft with a new head."""
        title = f"{DRAFT if pull.draft else ''}{format_title(draft)}"
        body = {"title": title, "body": render_body(draft)}
        return await self.change(pull.number, body, doing="update its pull request")

    async def change(self, number: int, body: dict[str, Any], *, doing: str) -> ForgejoPull:
        """Change some fields of a pull request."""
        return await self._api.send(ForgejoPull, "PATCH", f"pulls/{number}", body, doing=doing)

    async def wait_for_head(self, number: int, head: str, before: str) -> ForgejoPull:
        """Return the pull request with the head that was just pushed; Forgejo may lag behind."""
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
        doing = f"label #{number}"
        try:
            # Forgejo ignores the names of labels that the repository does not have.
            known = await self._api.list_all(ForgejoLabel, "labels", doing=doing)
            for name in set(labels) - {each.name for each in known}:
                await self._api.add("labels", {"name": name, "color": _COLOR}, doing=doing)
            await self._api.add(f"issues/{number}/labels", {"labels": labels}, doing=doing)
        except ForgeError as error:
            _log.warning("could not label pull request #%s: %s", number, error)


def _map_status(status: str) -> State:
    states: dict[str, State] = {"success": "passed", "pending": "pending"}
    return states.get(status, "failed")


def _select_best(pulls: Iterable[ForgejoPull]) -> ForgejoPull | None:
    """Return the open pull request, else the newest; those from forks are ignored."""
    own = [pull for pull in pulls if pull.head.repo_id == pull.base.repo_id]
    return max(own, key=lambda pull: (pull.state == "open", pull.number), default=None)
