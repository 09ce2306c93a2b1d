"""A forge without an account: a bare repository on this machine, with pull requests in SQLite."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from theseus_guard.completion import run_in_thread
from theseus_observe.redaction import redact

from bot.domain.change import MergeResult
from bot.domain.errors import ForgeUnavailable
from bot.domain.evidence import Commit
from bot.domain.issue import ForgeDiscussion, ForgeIssue
from bot.domain.proposal import Comment, ForgeProposal, ProposalDraft
from bot.infra.forge_issues import Issues, ListedIssue
from bot.infra.forge_pulls import MIGRATIONS, Pulls
from bot.infra.forge_repository import BareRepository, make_bare
from bot.infra.git_remote import Way
from bot.infra.sqlite import Database
from bot.ports.clock import Clock


class LocalForge:
    """Implements `bot.ports.forge.Forge`; open it with `async with`.

    `bare` must exist (see `create_repository`). `base_url` is the address of its pages, without
    `/forge/`; if it is empty, no pages are served and proposals have no address. Every write holds
    the database's write lock, also while it runs git, so several processes may share one forge. If
    a process is killed in between, the next one completes its work.
    """

    def __init__(self, bare: Path, database: Path, clock: Clock, base_url: str = "") -> None:
        self._bare = BareRepository(bare)
        self._database = Database(database, MIGRATIONS, error=ForgeUnavailable)
        self._pulls = Pulls(self._bare, clock, base_url)
        self._issues = Issues(clock)

    @staticmethod
    async def create_repository(bare: Path, source: Path, *, branch: str = "main") -> None:
        """Create the bare repository from the head of a clone, unless it already exists."""
        await run_in_thread(make_bare, bare, source, branch)

    async def __aenter__(self) -> Self:
        await self._database.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._database.close()

    async def open_proposal(self, draft: ProposalDraft) -> ForgeProposal:
        """Publish the draft's branch and open its proposal, or update the run's existing one."""
        pulls = self._pulls
        redacted = draft.replace(title=redact(draft.title), body=redact(draft.body))
        return await self._database.write(lambda db: pulls.to_proposal(pulls.open(db, redacted)))

    async def get_proposal(self, number: int) -> ForgeProposal:
        """Return the current proposal, including manual pushes and merges."""
        pulls = self._pulls
        return await self._database.read(lambda db: pulls.to_proposal(pulls.get(db, number)))

    async def find(self, run_id: str) -> ForgeProposal | None:
        """Return the run's proposal in any state, or `None`."""
        pulls = self._pulls
        pull = await self._database.read(lambda db: pulls.find_by_run(db, run_id))
        return None if pull is None else await run_in_thread(pulls.to_proposal, pull)

    async def merge(
        self, number: int, expected_head: str, result: MergeResult | None = None
    ) -> ForgeProposal:
        """Merge if the head is still `expected_head`; repeated calls make only one merge commit."""
        pulls = self._pulls
        return await self._database.write(
            lambda db: pulls.to_proposal(pulls.merge(db, number, expected_head, result))
        )

    async def close(self, number: int, reason: str) -> ForgeProposal:
        """Close the proposal without merging; the branch stays."""
        pulls, redacted_reason = self._pulls, redact(reason)
        return await self._database.write(
            lambda db: pulls.to_proposal(pulls.close(db, number, redacted_reason))
        )

    async def publish(self, number: int) -> ForgeProposal:
        """Return the proposal unchanged: there are no drafts here."""
        return await self.get_proposal(number)

    async def list_comments(self, number: int) -> tuple[Comment, ...]:
        """Return no comments: this forge does not have any on proposals."""
        await self.get_proposal(number)
        return ()

    async def list_issues(self, label: str) -> tuple[ForgeIssue, ...]:
        """Return the open issues with that label."""
        return await self._database.read(lambda db: self._issues.list_labelled(db, label))

    async def list_discussions(self, limit: int) -> tuple[ForgeDiscussion, ...]:
        """Return the newest issues and proposals."""
        issues = await self._database.read(lambda db: self._issues.list_newest_texts(db, limit))
        pulls = [
            ForgeDiscussion(
                number=each.number,
                url=self._pulls.get_url(each.number),
                title=each.title,
                body=each.body,
                state="open" if each.state == "open" else "closed",
                is_proposal=True,
            )
            for each in await self._database.read(lambda db: self._pulls.list_newest(db, limit))
        ]
        return tuple(sorted((*issues, *pulls), key=lambda each: -each.number)[:limit])

    async def answer_issue(self, number: int, text: str, key: str) -> None:
        """Post one comment on an issue for each `key`; later calls with the same key do nothing."""
        redacted = redact(text)
        await self._database.write(lambda db: self._issues.answer(db, number, redacted, key))

    async def open_issue(
        self, title: str, body: str, author: str, labels: Sequence[str]
    ) -> ForgeIssue:
        """Open an issue under any author's name: there are no logins here."""
        return await self._database.write(
            lambda db: self._issues.open(db, title, body, author, labels)
        )

    async def list_all_issues(self, *, limit: int = 100) -> tuple[ListedIssue, ...]:
        """Return issues with their comments, newest first."""
        return await self._database.read(lambda db: self._issues.list_newest(db, limit))

    async def check_connection(self) -> str:
        """Return a line with the forge's folder, its commits and its proposals."""
        commits = await run_in_thread(self._bare.check)
        pulls = await self.list_proposals(limit=1000)
        waiting = sum(pull.state == "open" for pull in pulls)
        return f"local forge at {self._bare.folder}: {commits}, {waiting} open of {len(pulls)}"

    async def get_access(self, url: str) -> Way | None:
        """Return `None`: git reaches a folder without credentials."""
        return None

    async def list_proposals(self, *, limit: int = 100) -> tuple[ForgeProposal, ...]:
        """Return proposals, newest first."""
        pulls = self._pulls
        return await self._database.read(
            lambda db: tuple(pulls.to_proposal(pull) for pull in pulls.list_newest(db, limit))
        )

    async def get_body(self, number: int) -> str:
        """Return a proposal's description as it was written."""
        pull = await self._database.read(lambda db: self._pulls.get(db, number))
        return pull.body

    async def get_run_id(self, number: int) -> str:
        """Return the id of the run that a proposal belongs to."""
        pull = await self._database.read(lambda db: self._pulls.get(db, number))
        return pull.run_id

    async def list_commits(self, number: int) -> Sequence[Commit]:
        """Return a proposal's commits, oldest first."""
        pulls = self._pulls
        base, head = await self._database.read(lambda db: pulls.get_span(pulls.get(db, number)))
        return await run_in_thread(self._bare.list_commits, base, head)

    async def get_diff(self, number: int) -> str:
        """Return a proposal's unified diff."""
        pulls = self._pulls
        base, head = await self._database.read(lambda db: pulls.get_span(pulls.get(db, number)))
        return await run_in_thread(self._bare.get_diff, base, head)
