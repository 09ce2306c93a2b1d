"""The repository's pull requests, and what happens to them by themselves when branches move."""

import itertools
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Literal

from tests.twins.git_host.records import (
    Account,
    Check,
    Comment,
    Grant,
    Issue,
    Label,
    LineComment,
    Pull,
    Review,
    Rules,
    Settings,
    Status,
)
from tests.twins.git_host.repository import Repository, Unmergeable

_CLOSING = re.compile(r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):? #(\d+)\b", re.IGNORECASE)


class World:
    """All that the twin knows. Every change goes through git or through here, one at a time."""

    def __init__(
        self, repository: Repository, owner: str, name: str, now: Callable[[], datetime]
    ) -> None:
        self.git = repository
        self.owner, self.name, self._now = Account(owner, 1, "Organization"), name, now
        self.founded = self.now()
        self.main = "main"
        self.settings = Settings()
        self.accounts: dict[str, Account] = {owner: self.owner}
        self.grants: dict[str, Grant] = {}
        self.pulls: dict[int, Pull] = {}
        self.issues: dict[int, Issue] = {}
        self.labels: dict[str, Label] = {}
        self.comments: list[Comment] = []
        self.reviews: list[Review] = []
        self.line_comments: list[LineComment] = []
        self.checks: list[Check] = []
        self.statuses: list[Status] = []
        self.rules: dict[str, Rules] = {}
        self._ids = itertools.count(1_000)
        self._numbers = itertools.count(1)

    def now(self) -> datetime:
        """Return the time in full seconds, as GitHub does."""
        return self._now().replace(microsecond=0)

    def allocate_id(self) -> int:
        """Return a unique id."""
        return next(self._ids)

    def take_number(self) -> int:
        """Return the next number; issues and pull requests share them."""
        return next(self._numbers)

    def get_account(self, login: str) -> Account:
        """Return an account; create it if it is new."""
        kind: Literal["User", "Bot"] = "Bot" if login.endswith("[bot]") else "User"
        return self.accounts.setdefault(login, Account(login, self.allocate_id(), kind))

    def change(self, **chosen: object) -> None:
        """Change the repository's settings."""
        self.settings = replace(self.settings, **chosen)  # type: ignore[arg-type]

    def label(self, name: str) -> Label:
        """Return a label, which is made if it is missing; names ignore case."""
        return self.labels.setdefault(name.casefold(), Label(self.allocate_id(), name))

    # ------------------------------------------------------------------- pull requests and branches

    def open(
        self,
        branch: str,
        base: str,
        author: Account,
        title: str,
        body: str | None,
        fork: tuple[Account, str] | None = None,
    ) -> Pull:
        """Open a pull request, from a branch here or in a fork, at a commit."""
        heads = self.git.list_heads()
        pull = Pull(
            id=self.allocate_id(),
            number=self.take_number(),
            title=title,
            body=body,
            branch=branch,
            base=base,
            author=author,
            head=fork[1] if fork else heads[branch],
            base_sha=heads[base],
            at=self.now(),
            fork=fork[0] if fork else None,
        )
        self.pulls[pull.number] = pull
        self.git.move(f"refs/pull/{pull.number}/head", pull.head)
        return pull

    def settle(self) -> None:
        """Bring every open pull request up to what the branches say."""
        open_ones = [pull for pull in self.pulls.values() if pull.open]
        if not open_ones:
            return
        heads = self.git.list_heads()
        for pull in open_ones:
            head = pull.head if pull.fork else heads.get(pull.branch)
            self._settle(pull, head, heads.get(pull.base))

    def _settle(self, pull: Pull, head: str | None, base: str | None) -> None:
        before = (pull.head, pull.base_sha)
        if base is None:
            self.close(pull)
            return
        moved, pull.base_sha = base != pull.base_sha, base
        arrived = moved and self.git.is_ancestor(base, head or pull.head)
        if head is not None and head != pull.head:
            pull.head = head
            self.git.move(f"refs/pull/{pull.number}/head", head)
        if arrived:
            self.record_merge(pull, self._find_merge_commit(pull.head, base), None)
        elif head is None or (head != before[0] and self.git.is_ancestor(base, head)):
            self.close(pull)
        elif (pull.head, pull.base_sha) != before:
            pull.updated = self.now()

    def _find_merge_commit(self, head: str, base: str) -> str:
        """Return the oldest commit on base's own line that contains `head`."""
        line = self.git.run_git("rev-list", "--first-parent", base, f"^{head}").splitlines()
        return next((each for each in reversed(line) if self.git.is_ancestor(each, head)), head)

    def close(self, pull: Pull) -> None:
        """Close it without merging."""
        pull.closed_at = pull.updated = self.now()

    def record_merge(self, pull: Pull, commit: str, by: Account | None) -> None:
        """Note that it was merged as `commit`."""
        pull.closed_at = pull.merged_at = pull.updated = self.now()
        pull.merge_commit, pull.merged_by, pull.draft = commit, by or self.owner, False
        for number in map(int, _CLOSING.findall(pull.body or "")):
            issue = self.issues.get(number)
            if issue is not None and issue.open:
                issue.closed_at = issue.updated = self.now()

    def merge_title(self, pull: Pull) -> str:
        """Return the first line of its merge commit."""
        owner = (pull.fork or self.owner).login
        return f"Merge pull request #{pull.number} from {owner}/{pull.branch}"

    def look(self, pull: Pull) -> bool | None:
        """Return whether it can be merged; the first call returns unknown, as at GitHub."""
        key = (pull.head, pull.base_sha)
        if not pull.open:
            return None
        if pull.looked_at != key:
            pull.looked_at, pull.mergeable = key, None
            self._try_merge(pull)
            return None
        pull.mergeable = pull.merge_commit is not None
        return pull.mergeable

    def _try_merge(self, pull: Pull) -> None:
        """Make the test merge that GitHub keeps at `refs/pull/N/merge`."""
        try:
            message = f"Merge {pull.head} into {pull.base_sha}"
            pull.merge_commit = self.git.merge(pull.base_sha, pull.head, message)
        except Unmergeable:
            pull.merge_commit = None
            return
        self.git.move(f"refs/pull/{pull.number}/merge", pull.merge_commit)

    # ------------------------------------------------------------------------- before a merge

    def get_merge_state(self, pull: Pull) -> str:
        """Return GitHub's `mergeable_state`."""
        known = pull.mergeable if pull.looked_at == (pull.head, pull.base_sha) else None
        if known is None or not pull.open:
            return "unknown"
        if not known:
            return "dirty"
        if pull.draft:
            return "draft"
        if self.is_behind(pull):
            return "behind"
        if self.list_objections(pull):
            return "blocked"
        return (
            "unstable" if set(self.collect_results(pull.head).values()) - {"success"} else "clean"
        )

    def is_behind(self, pull: Pull) -> bool:
        """Return whether its rules want base's newest commits in it, and it lacks some."""
        strict = self.rules.get(pull.base, Rules()).strict
        return strict and not self.git.is_ancestor(pull.head, pull.base_sha)

    def collect_results(self, head: str) -> dict[str, str]:
        """Return each check's newest result: success, failing or pending."""
        results: dict[str, str] = {}
        for check in (each for each in self.checks if each.head == head):
            results[check.name] = (
                "pending" if check.conclusion is None else "success" if check.fine else "failing"
            )
        for status in (each for each in self.statuses if each.head == head):
            known = {"success": "success", "pending": "pending"}
            results[status.name] = known.get(status.state, "failing")
        return results

    def list_objections(self, pull: Pull) -> list[str]:
        """Return the objections of the base branch's rules against a merge, in GitHub's words."""
        rules, said = self.rules.get(pull.base, Rules()), []
        results = {} if self.is_behind(pull) else self.collect_results(pull.head)
        missing = {
            name: results.get(name, "expected")
            for name in rules.checks
            if results.get(name) != "success"
        }
        if len(missing) == 1:
            ((name, state),) = missing.items()
            said.append(f'Required status check "{name}" is {state}.')
        elif missing:
            said.append(_format_missing(len(rules.checks), list(missing.values())))
        approvals = self.collect_approvals(pull)
        if "CHANGES_REQUESTED" in approvals.values() and rules.reviews:
            said.append("Changes have been requested.")
        elif list(approvals.values()).count("APPROVED") < rules.reviews:
            reviews = "review is" if rules.reviews == 1 else "reviews are"
            said.append(
                f"At least {rules.reviews} approving {reviews} required"
                " by reviewers with write access."
            )
        return said

    def collect_approvals(self, pull: Pull) -> dict[str, str]:
        """Return the current review of each reviewer."""
        return {
            review.author.login: review.state
            for review in self.reviews
            if review.number == pull.number and review.state != "COMMENTED"
        }


def _format_missing(count: int, missing: list[str]) -> str:
    states = {state: missing.count(state) for state in ("expected", "pending", "failing")}
    found = [f"{n} {state}" for state, n in states.items() if n]
    if len(found) == 1:
        return f"{len(missing)} of {count} required status checks are {found[0].split()[1]}."
    told = f"{', '.join(found[:-1])} and {found[-1]}"
    return f"{len(missing)} of {count} required status checks have not succeeded: {told}."
