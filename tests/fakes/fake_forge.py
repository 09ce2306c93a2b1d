"""A forge in memory, with git left out: heads are whatever the drafts say."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.domain.change import MergeResult
from bot.domain.errors import (
    BaseMoved,
    ForgeConflict,
    ForgeRejected,
    ForgeUnavailable,
    TheseusError,
)
from bot.domain.issue import ForgeDiscussion, ForgeIssue
from bot.domain.proposal import Comment, ForgeProposal, ProposalDraft
from bot.infra.forge_issues import parse_closed_issues


@dataclass
class FakeForge:
    """Implements `bot.ports.forge.Forge`.

    `push` simulates a commit added by hand, `add_conflict` a base that no longer merges with a
    branch, `fail_next` an error for the next call. `merges` lists the merge commits, oldest first.
    `on_merge` callbacks receive each merge, because the moving base branch is not stored here.
    `fetched` says whether a pushed head has been fetched; later proposals are assumed to be built
    on it. Each of `base_moves` is called in place of a merge, whose result then differs from the
    checked one; `trees` are the trees that merges were expected to have.
    """

    base_url: str = "http://forge.test"
    down: bool = False
    merges: list[str] = field(default_factory=list)
    drafts: list[ProposalDraft] = field(default_factory=list)
    on_merge: list[Callable[[ForgeProposal, str], None]] = field(default_factory=list)
    fetched: Callable[[str], bool] = field(default=lambda _head: False)
    base_moves: list[Callable[[], object]] = field(default_factory=list)
    trees: dict[str, str] = field(default_factory=dict)
    answers: dict[int, dict[str, str]] = field(default_factory=dict)
    _issues: dict[int, tuple[ForgeIssue, tuple[str, ...]]] = field(default_factory=dict)
    _closing: dict[int, str] = field(default_factory=dict)
    _pulls: dict[int, ForgeProposal] = field(default_factory=dict)
    _runs: dict[str, int] = field(default_factory=dict)
    _pushed: dict[str, str] = field(default_factory=dict)
    _clashing: set[str] = field(default_factory=set)
    _comments: dict[int, list[Comment]] = field(default_factory=dict)
    _errors: list[TheseusError] = field(default_factory=list)

    def push(self, branch: str, head: str | None = None) -> str:
        """Add another person's commit to a branch on the forge; return the new head."""
        number = next(n for n, pull in self._pulls.items() if pull.branch == branch)
        head = head or _compute_sha("pushed", branch, self._pulls[number].head)
        self._pulls[number] = self._pulls[number].replace(head=head)
        self._pushed[branch] = head
        return head

    def add_conflict(self, branch: str) -> None:
        """Make the base branch change the same lines as `branch`."""
        self._clashing.add(branch)

    def fail_next(self, error: TheseusError) -> None:
        """Make the next call raise `error`."""
        self._errors.append(error)

    def recover(self) -> None:
        """Raise no scripted errors any more."""
        self._errors.clear()
        self.down = False

    async def open_proposal(self, draft: ProposalDraft) -> ForgeProposal:
        """Open or update the run's proposal."""
        self._check()
        number = self._runs.get(draft.run_id)
        if number is None:
            self.drafts.append(draft)
            opened = self._insert(draft.run_id, draft.branch, draft.head, draft)
            self._closing[opened.number] = draft.body
            return opened
        pull = self._pulls[number]
        if pull.head == draft.head:
            return pull
        if pull.state != "open":
            raise ForgeRejected(f"pull request #{number} of this run is {pull.state} already")
        pushed = self._pushed.get(draft.branch)
        if pushed is not None and not self.fetched(pushed):
            raise ForgeConflict(f"branch {draft.branch} on the forge has commits of other people")
        self.drafts.append(draft)
        self._pulls[number] = pull.replace(head=draft.head, title=draft.title)
        return self._pulls[number]

    async def get_proposal(self, number: int) -> ForgeProposal:
        """Return the proposal as it is now."""
        self._check()
        if number not in self._pulls:
            raise ForgeRejected(f"the forge has no pull request #{number}")
        return self._pulls[number]

    async def find(self, run_id: str) -> ForgeProposal | None:
        """Return the run's proposal."""
        self._check()
        return self._pulls[self._runs[run_id]] if run_id in self._runs else None

    async def merge(
        self, number: int, expected_head: str, result: MergeResult | None = None
    ) -> ForgeProposal:
        """Merge if the head is still the expected one."""
        pull = await self.get_proposal(number)
        if pull.state == "closed":
            raise ForgeRejected(f"pull request #{number} was closed")
        if pull.head != expected_head:
            raise ForgeConflict(f"pull request #{number} stands at {pull.head[:12]}")
        if pull.state == "merged":
            return pull
        if pull.branch in self._clashing:
            raise ForgeConflict(f"{pull.branch} and {pull.base_branch} do not merge cleanly")
        if result is not None and self.base_moves:
            self.base_moves.pop(0)()
            raise BaseMoved(f"{pull.base_branch} has moved since the merge was checked")
        commit = _compute_sha("merge", pull.branch, pull.head)
        if result is not None:
            self.trees[commit] = result.tree
        self.merges.append(commit)
        for tell in self.on_merge:
            tell(pull, commit)
        self._pulls[number] = pull.replace(state="merged", merge_commit=commit)
        for closed in parse_closed_issues(self._closing.get(number, "")):
            self._issues.pop(closed, None)
        return self._pulls[number]

    async def close(self, number: int, reason: str) -> ForgeProposal:
        """Close without merging."""
        pull = await self.get_proposal(number)
        if pull.state == "merged":
            raise ForgeRejected(f"pull request #{number} is merged already")
        self._pulls[number] = pull.replace(state="closed")
        return self._pulls[number]

    async def publish(self, number: int) -> ForgeProposal:
        """Take the proposal out of draft."""
        pull = await self.get_proposal(number)
        self._pulls[number] = pull.replace(draft=False)
        return self._pulls[number]

    async def list_comments(self, number: int) -> tuple[Comment, ...]:
        """Return what `comment` said."""
        await self.get_proposal(number)
        return tuple(self._comments.get(number, ()))

    def add_comment(self, number: int, comment: Comment) -> None:
        """Add a comment of a person who may review."""
        self._comments.setdefault(number, []).append(comment)

    def show(self, number: int, **changes: object) -> None:
        """Change how the forge shows the proposal: `draft`, `checks`."""
        self._pulls[number] = self._pulls[number].replace(**changes)

    async def list_issues(self, label: str) -> tuple[ForgeIssue, ...]:
        """Return what `open_issue` opened, and no merge closed."""
        self._check()
        return tuple(issue for issue, labels in self._issues.values() if label in labels)

    async def list_discussions(self, limit: int) -> tuple[ForgeDiscussion, ...]:
        """Return the issues that were opened, and the proposals."""
        self._check()
        issues = [
            ForgeDiscussion(number=each.number, url=each.url, title=each.title, body=each.body)
            for each, _ in self._issues.values()
        ]
        bodies = {self._runs[each.run_id]: each.body for each in self.drafts}
        pulls = [
            ForgeDiscussion(
                number=each.number,
                url=each.url,
                title=each.title,
                body=bodies.get(each.number, ""),
                state="open" if each.state == "open" else "closed",
                is_proposal=True,
            )
            for each in self._pulls.values()
        ]
        found = sorted((*issues, *pulls), key=lambda each: -each.number)
        return tuple(found[:limit])

    async def answer_issue(self, number: int, text: str, key: str) -> None:
        """Keep the comment."""
        self._check()
        if number not in self.answers:
            raise ForgeRejected(f"the forge has no issue #{number}")
        self.answers[number].setdefault(key, text)

    def open_issue(self, issue: ForgeIssue, *labels: str) -> None:
        """Open an issue as another person."""
        self._issues[issue.number] = (issue, labels)
        self.answers[issue.number] = {}

    async def check_connection(self) -> str:
        """Return one line."""
        self._check()
        return f"fake forge: {len(self._pulls)} pull requests"

    def _insert(
        self, run_id: str, branch: str, head: str, like: ProposalDraft | ForgeProposal
    ) -> ForgeProposal:
        number = len(self._pulls) + 1
        self._runs[run_id] = number
        self._pulls[number] = ForgeProposal(
            number=number,
            url=f"{self.base_url}/forge/pulls/{number}",
            state="open",
            head=head,
            branch=branch,
            base_branch=like.base_branch,
            title=like.title,
        )
        return self._pulls[number]

    def _check(self) -> None:
        if self._errors:
            raise self._errors.pop(0)
        if self.down:
            raise ForgeUnavailable("the forge is down")


def _compute_sha(*words: str) -> str:
    return hashlib.sha1("\0".join(words).encode(), usedforsecurity=False).hexdigest()


def render(name: str, **values: str) -> str:
    """Return a pull request's text without a template."""
    return "\n".join(f"{key}: {value}" for key, value in values.items())
