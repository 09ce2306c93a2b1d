"""Implements the forge port with GitHub's API."""

from collections.abc import Collection
from contextlib import AsyncExitStack
from typing import Self

import structlog
from theseus_guard.git_settings import Private

from bot.adapters.forges.github._address import address_of
from bot.adapters.forges.github._answers import GithubComment, GithubPull, GithubUser, Repository
from bot.adapters.forges.github._api import Api
from bot.adapters.forges.github._comments import list_comments
from bot.adapters.forges.github._credentials import Credentials, build_git_header
from bot.adapters.forges.github._http import GithubHttp, create_client, fetch_status
from bot.adapters.forges.github._issues import answer_issue, list_discussions, list_issues
from bot.adapters.forges.github._pull_merger import Method, PullMerger
from bot.adapters.forges.github._pulls import GithubPulls
from bot.adapters.forges.shared.keyed_locks import KeyedLocks
from bot.adapters.forges.shared.marks import render_comment
from bot.adapters.forges.shared.pull_publisher import PullPublisher
from bot.adapters.forges.shared.push import Push
from bot.adapters.forges.shared.refusal import get_refusal
from bot.domain.change import MergeResult
from bot.domain.errors import ForgeError, ForgeRejected, ForgeUnavailable
from bot.domain.issue import ForgeDiscussion, ForgeIssue
from bot.domain.proposal import Comment, ForgeProposal, ProposalDraft
from bot.infra.git_remote import Way
from bot.infra.git_remotes import parse_remote
from bot.ports.clock import Clock

_log = structlog.stdlib.get_logger(__name__)

_READY = """mutation($id: ID!) {
  markPullRequestReadyForReview(input: {pullRequestId: $id}) { pullRequest { number } }
}"""


class GithubForge:
    """Implements `bot.ports.forge.Forge`; open it with `async with`.

    `repository` is `owner/name` (see `parse_repository`), `api_url` the API of a GitHub Enterprise
    instance. Only this object holds the credentials: other code gets a `Way` for git from
    `get_access`. Raises `ConfigError` for an invalid address.
    """

    def __init__(
        self,
        repository: str,
        credentials: Credentials,
        clock: Clock,
        *,
        api_url: str | None = None,
        draft: bool = True,
        labels: tuple[str, ...] = (),
        merge_method: Method = "merge",
        reviewers: Collection[str] = (),
    ) -> None:
        self._address = address_of(api_url)
        self._repository = repository
        self._credentials = credentials
        self._clock = clock
        self._draft = draft
        self._labels = labels
        self._method = merge_method
        self._reviewers = frozenset(login.lower().removeprefix("@") for login in reviewers)
        self._locks = KeyedLocks()
        self._stack = AsyncExitStack()

    def __repr__(self) -> str:
        return f"GithubForge({self._repository!r} on {self._address.host}, {self._credentials!r})"

    async def __aenter__(self) -> Self:
        self._web = await self._stack.enter_async_context(create_client(self._address))
        wire = GithubHttp(self._web, self._address, self._credentials, self._clock)
        self._api = Api(wire, self._address, self._repository, self._credentials)
        self._pulls = GithubPulls(self._api, self._clock, self._labels, draft=self._draft)
        self._opening = PullPublisher(self._pulls, self._build_push)
        self._merging = PullMerger(self._api, self._pulls, self._clock, self._method)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def open_proposal(self, draft: ProposalDraft) -> ForgeProposal:
        """Push the draft's branch and open its pull request, or update the run's existing one."""
        async with self._locks.hold(f"run {draft.run_id}"):
            await self._load_repository()
            return await self._pulls.build_proposal(await self._opening(draft))

    async def get_proposal(self, number: int) -> ForgeProposal:
        """Return the current state of the pull request."""
        return await self._pulls.build_proposal(await self._pulls.get(number))

    async def find(self, run_id: str) -> ForgeProposal | None:
        """Return the run's pull request in any state, or `None`."""
        await self._load_repository()
        pull = await self._pulls.find_by_run(run_id)
        return None if pull is None else await self._pulls.build_proposal(pull)

    async def merge(
        self, number: int, expected_head: str, result: MergeResult | None = None
    ) -> ForgeProposal:
        """Merge if the head is still the expected one and GitHub's own rules are satisfied."""
        async with self._locks.hold(f"pull {number}"):
            pull = await self._pulls.get(number)
            if pull.draft and pull.state == "open" and pull.head.sha == expected_head:
                pull = await self._publish(pull)
            base = result.base if result else None
            pull, commit = await self._merging(pull, expected_head, base)
            proposal = await self._pulls.build_proposal(pull)
            return proposal.replace(state="merged", merge_commit=commit, draft=False)

    async def close(self, number: int, reason: str) -> ForgeProposal:
        """Close the pull request without merging and comment with the reason; the branch stays."""
        pull = await self._pulls.get(number)
        if pull.is_merged:
            raise ForgeRejected(f"pull request #{number} is merged already")
        if pull.state == "open":
            pull = await self._pulls.change(number, {"state": "closed"}, doing=f"close #{number}")
            await self._say(number, reason)
        return await self._pulls.build_proposal(pull)

    async def publish(self, number: int) -> ForgeProposal:
        """Mark the pull request as ready for review; does nothing if it is no draft."""
        pull = await self._pulls.get(number)
        if pull.draft and pull.state == "open":
            pull = await self._publish(pull)
        return await self._pulls.build_proposal(pull)

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

        Raises `ForgeRejected` if the credentials may not push.
        """
        login = await self._login()
        repository = await self._load_repository()
        if repository.archived:
            raise ForgeRejected(
                f"{repository.full_name} is archived on GitHub, so I cannot push to it"
            )
        await self._check_push_access(repository)
        opened = await self._api.list_all(
            GithubPull, "pulls?state=open", doing="list pull requests", limit=100
        )
        count = f"{len(opened)}{'+' if len(opened) == 100 else ''}"
        return (
            f"GitHub {repository.full_name} as {login}, "
            f"default branch {repository.default_branch}, {count} open"
        )

    async def get_access(self, url: str) -> Way | None:
        """Return how git reaches a remote, or `None` if the remote is another repository.

        The result contains the token: pass it only to `GitCheckout` and `GitWorkspaces`.
        """
        remote = parse_remote(url)
        if remote is None or not self._address.is_host_of(remote):
            return None
        if remote.repository.lower() not in (
            self._repository.lower(),
            self._api.repository.lower(),
        ):
            return None
        return await self._build_access()

    async def _load_repository(self) -> Repository:
        """Read the repository, and use its current name from now on: it may have been renamed."""
        repository = await self._api.get(Repository, "", doing=f"read {self._repository}")
        self._api.use_repository(repository.full_name)
        return repository

    async def _build_push(self) -> Push:
        access, hint = await self._build_access(), self._credentials.fix_hint
        return Push(access, "GitHub", "Contents: read and write", hint)

    async def _build_access(self) -> Way:
        token = await self._api.get_token()
        config = {
            f"http.{self._address.web}/.extraHeader": build_git_header(token),
            "http.followRedirects": "false",
            "credential.helper": "",
        }
        if self._address.is_here:
            config["http.proxy"] = ""
        return Way(self._address.build_clone_url(self._api.repository), Private(config))

    async def _publish(self, pull: GithubPull) -> GithubPull:
        doing = f"take #{pull.number} out of draft"
        await self._api.mutate(_READY, doing=doing, id=pull.node_id)
        pull = await self._pulls.get(pull.number)
        return pull.model_copy(update={"draft": False})

    async def _say(self, number: int, text: str) -> None:
        """Post a comment. A failure is only logged, because the main action has succeeded."""
        path = "issues/{number}/comments"
        body = {"body": render_comment(text)}
        try:
            await self._api.send(GithubComment, "POST", path, body, doing="comment", number=number)
        except ForgeError as error:
            _log.warning("could not comment on #%s: %s", number, error)

    async def _login(self) -> str:
        try:
            return (await self._api.get(GithubUser, "/user", doing="see who I am")).login
        except ForgeRejected as refused:
            if get_refusal(refused).status != 403:  # an App's installation has no user account
                raise
            return self._credentials.name

    async def _check_push_access(self, repository: Repository) -> None:
        """Test push access through git's own HTTP: no API reports a fine-grained token's rights."""
        name, _, value = build_git_header(await self._api.get_token()).partition(": ")
        clone_url = self._address.build_clone_url(repository.full_name)
        url = f"{clone_url}/info/refs?service=git-receive-pack"
        status = await fetch_status(self._web, url, Private({name: value}))
        allowed = repository.permissions is None or repository.permissions.push
        if status in (401, 403, 404) or not allowed:
            raise ForgeRejected(
                f"the credentials can read {repository.full_name} but not push to it: they lack "
                f"the permission “Contents: read and write”; {self._credentials.fix_hint}"
            )
        if status >= 300:
            raise ForgeUnavailable(f"GitHub's git server failed with status {status}")
