"""Implements the forge port with Forgejo's API."""

from collections.abc import Collection
from contextlib import AsyncExitStack
from typing import Self
from urllib.parse import urlsplit

import structlog
from pydantic import SecretStr
from theseus_guard.git_settings import Private

from bot.adapters.forges.forgejo._answers import (
    ForgejoPull,
    ForgejoRepository,
    ForgejoUser,
    remove_draft_mark,
)
from bot.adapters.forges.forgejo._api import FIX_HINT, ForgejoApi, create_client, is_here
from bot.adapters.forges.forgejo._discussion import (
    add_comment,
    answer_issue,
    list_comments,
    list_discussions,
    list_issues,
)
from bot.adapters.forges.forgejo._pull_merger import ForgejoMerger, Method
from bot.adapters.forges.forgejo._pulls import ForgejoPulls
from bot.adapters.forges.shared.keyed_locks import KeyedLocks
from bot.adapters.forges.shared.pull_publisher import PullPublisher
from bot.adapters.forges.shared.push import Push
from bot.domain.change import MergeResult
from bot.domain.errors import ForgeError, ForgeRejected, ForgeUnavailable
from bot.domain.issue import ForgeDiscussion, ForgeIssue
from bot.domain.proposal import Comment, ForgeProposal, ProposalDraft
from bot.infra.git_remote import Way
from bot.infra.git_remotes import parse_remote
from bot.ports.clock import Clock

PERMISSION = "repository: read and write"

_log = structlog.stdlib.get_logger(__name__)


class ForgejoForge:
    """Implements `bot.ports.forge.Forge`; open it with `async with`.

    `address` is the server's, such as `https://codeberg.org`, and `repository` is `owner/name`.
    Only this object holds the token: other code gets a `Way` for git from `get_access`.
    """

    def __init__(
        self,
        address: str,
        repository: str,
        token: SecretStr,
        clock: Clock,
        *,
        draft: bool = True,
        labels: tuple[str, ...] = (),
        merge_method: Method = "merge",
        reviewers: Collection[str] = (),
    ) -> None:
        self._address = address
        self._repository = repository
        self._token = token
        self._clock = clock
        self._draft = draft
        self._labels = labels
        self._method = merge_method
        self._reviewers = frozenset(login.lower().removeprefix("@") for login in reviewers)
        self._locks = KeyedLocks()
        self._stack = AsyncExitStack()

    def __repr__(self) -> str:
        return f"ForgejoForge({self._repository!r} on {urlsplit(self._address).netloc})"

    async def __aenter__(self) -> Self:
        web = await self._stack.enter_async_context(create_client(self._address))
        self._api = ForgejoApi(web, self._address, self._repository, self._token, self._clock)
        self._pulls = ForgejoPulls(self._api, self._clock, self._labels, draft=self._draft)
        self._opening = PullPublisher(self._pulls, self._build_push)
        self._merging = ForgejoMerger(self._api, self._pulls, self._clock, self._method)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def open_proposal(self, draft: ProposalDraft) -> ForgeProposal:
        """Push the draft's branch and open its pull request, or update the run's existing one."""
        async with self._locks.hold(f"run {draft.run_id}"):
            return await self._pulls.build_proposal(await self._opening(draft))

    async def get_proposal(self, number: int) -> ForgeProposal:
        """Return the current state of the pull request."""
        return await self._pulls.build_proposal(await self._pulls.get(number))

    async def find(self, run_id: str) -> ForgeProposal | None:
        """Return the run's pull request in any state, or `None`."""
        pull = await self._pulls.find_by_run(run_id)
        return None if pull is None else await self._pulls.build_proposal(pull)

    async def merge(
        self, number: int, expected_head: str, result: MergeResult | None = None
    ) -> ForgeProposal:
        """Merge if the head is still the expected one and Forgejo's own rules are satisfied."""
        async with self._locks.hold(f"pull {number}"):
            pull = await self._pulls.get(number)
            if pull.head.sha == expected_head:
                pull = await self._publish(pull)
            base = result.base if result else None
            pull, commit = await self._merging(pull, expected_head, base)
            proposal = await self._pulls.build_proposal(pull)
            return proposal.replace(merge_commit=commit)

    async def close(self, number: int, reason: str) -> ForgeProposal:
        """Close the pull request without merging and comment with the reason; the branch stays."""
        pull = await self._pulls.get(number)
        if pull.is_merged:
            raise ForgeRejected(f"pull request #{number} is merged already")
        if pull.state == "open":
            pull = await self._pulls.change(number, {"state": "closed"}, doing=f"close #{number}")
            try:
                await add_comment(self._api, number, reason)
            except ForgeError as error:  # the main action has succeeded
                _log.warning("could not comment on #%s: %s", number, error)
        return await self._pulls.build_proposal(pull)

    async def publish(self, number: int) -> ForgeProposal:
        """Mark the pull request as ready for review; does nothing if it is no draft."""
        return await self._pulls.build_proposal(await self._publish(await self._pulls.get(number)))

    async def list_comments(self, number: int) -> tuple[Comment, ...]:
        """Return the configured reviewers' comments on it, oldest first."""
        if not self._reviewers:
            return ()
        return await list_comments(self._api, number, self._reviewers)

    async def list_issues(self, label: str) -> tuple[ForgeIssue, ...]:
        """Return the open issues with that label."""
        return await list_issues(self._api, label)

    async def list_discussions(self, limit: int) -> tuple[ForgeDiscussion, ...]:
        """Return the newest issues and pull requests."""
        return await list_discussions(self._api, limit)

    async def answer_issue(self, number: int, text: str, key: str) -> None:
        """Post one comment on an issue for each `key`; later calls with the same key do nothing."""
        async with self._locks.hold(f"issue {number}"):
            await answer_issue(self._api, number, text, key)

    async def check_connection(self) -> str:
        """Return a line about the repository, our login and open pull requests.

        Raises `ForgeRejected` if the token may not push.
        """
        login = (await self._api.get(ForgejoUser, "/user", doing="see who I am")).login
        repository = await self._api.get(ForgejoRepository, "", doing=f"read {self._repository}")
        if repository.archived:
            raise ForgeRejected(
                f"{repository.full_name} is archived on Forgejo, so I cannot push to it"
            )
        await self._check_push_access(repository)
        opened = await self._api.list_all(
            ForgejoPull, "pulls", doing="list pull requests", limit=100, state="open"
        )
        count = f"{len(opened)}{'+' if len(opened) == 100 else ''}"
        return (
            f"Forgejo {repository.full_name} as {login}, "
            f"default branch {repository.default_branch}, {count} open"
        )

    async def get_access(self, url: str) -> Way | None:
        """Return how git reaches a remote, or `None` if the remote is another repository.

        The result contains the token: pass it only to `GitCheckout` and `GitWorkspaces`.
        """
        remote, here = parse_remote(url), urlsplit(self._address)
        if remote is None or remote.host not in (here.netloc.lower(), here.hostname):
            return None
        if remote.repository.lower() != self._repository.lower():
            return None
        return self._build_access()

    def _build_access(self) -> Way:
        config = {
            f"http.{self._address}/.extraHeader": self._api.build_git_header(),
            "http.followRedirects": "false",
            "credential.helper": "",
        }
        if is_here(self._address):
            config["http.proxy"] = ""
        return Way(f"{self._address}/{self._repository}.git", Private(config))

    async def _build_push(self) -> Push:
        return Push(self._build_access(), "Forgejo", PERMISSION, FIX_HINT)

    async def _publish(self, pull: ForgejoPull) -> ForgejoPull:
        """Take the mark of a draft out of the title."""
        if not pull.draft or pull.state != "open":
            return pull
        body = {"title": remove_draft_mark(pull.title)}
        return await self._pulls.change(
            pull.number, body, doing=f"take #{pull.number} out of draft"
        )

    async def _check_push_access(self, repository: ForgejoRepository) -> None:
        """Test push access through git's own HTTP: no API reports the scopes of a token."""
        status = await self._api.probe_push()
        allowed = repository.permissions is None or repository.permissions.push
        if status in (401, 403, 404) or not allowed:
            raise ForgeRejected(
                f"the token can read {repository.full_name} but not push to it: it lacks the "
                f"permission “{PERMISSION}”; {FIX_HINT}"
            )
        if status >= 300:
            raise ForgeUnavailable(f"Forgejo's git server failed with status {status}")
