"""What the twin stores besides the repository: accounts, pull requests, comments, checks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

ACTIONS = 15_368
"""The id of the app that GitHub Actions is."""

TOKEN_PERMISSIONS: Mapping[str, Literal["read", "write"]] = {
    "metadata": "read",
    "contents": "write",
    "pull_requests": "write",
    "issues": "write",
    "statuses": "read",
    "actions": "read",
}
"""What a person's fine-grained token has. There is no permission for checks among them."""

Verdict = Literal["APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED"]


@dataclass
class Account:
    """A user, organization or bot."""

    login: str
    id: int
    kind: Literal["User", "Organization", "Bot"] = "User"


@dataclass
class Label:
    """A label of the repository."""

    id: int
    name: str
    color: str = "ededed"
    description: str | None = None


@dataclass
class Pull:
    """A pull request. `head` follows the branch for as long as it is open."""

    id: int
    number: int
    title: str
    body: str | None
    branch: str
    base: str
    author: Account
    head: str
    base_sha: str
    at: datetime
    draft: bool = False
    labels: list[Label] = field(default_factory=list)
    updated: datetime = field(init=False)
    closed_at: datetime | None = None
    merged_at: datetime | None = None
    merged_by: Account | None = None
    merge_commit: str | None = None
    looked_at: tuple[str, str] | None = None
    mergeable: bool | None = None
    fork: Account | None = None

    def __post_init__(self) -> None:
        """Set the time of the last change to the time of opening."""
        self.updated = self.at

    @property
    def open(self) -> bool:
        """True if it is neither closed nor merged."""
        return self.closed_at is None

    @property
    def node_id(self) -> str:
        """Its name in GraphQL."""
        return f"PR_{self.id}"


@dataclass
class Issue:
    """An issue that is no pull request."""

    id: int
    number: int
    title: str
    body: str | None
    author: Account
    at: datetime
    labels: list[Label] = field(default_factory=list)
    updated: datetime = field(init=False)
    closed_at: datetime | None = None

    def __post_init__(self) -> None:
        """Set the time of the last change to the time of opening."""
        self.updated = self.at

    @property
    def open(self) -> bool:
        """True if it is not closed."""
        return self.closed_at is None


@dataclass
class Comment:
    """A comment on an issue or pull request."""

    id: int
    number: int
    author: Account
    association: str
    text: str
    at: datetime
    edited_at: datetime | None = None


@dataclass
class Review:
    """A review of one head."""

    id: int
    number: int
    author: Account
    association: str
    state: Verdict
    text: str
    head: str
    at: datetime


@dataclass
class LineComment:
    """A comment on a line of a pull request's change."""

    id: int
    number: int
    review: int
    author: Account
    association: str
    path: str
    line: int | None
    text: str
    head: str
    at: datetime
    answers: int | None = None


@dataclass
class Check:
    """A check run of one commit; no conclusion while it runs."""

    id: int
    head: str
    name: str
    conclusion: str | None
    at: datetime
    app: int = ACTIONS

    @property
    def progress(self) -> str:
        """The progress of the check run."""
        return "in_progress" if self.conclusion is None else "completed"

    @property
    def fine(self) -> bool:
        """True if the check run found no problem."""
        return self.conclusion in ("success", "neutral", "skipped")


@dataclass
class Status:
    """A commit status, the older kind of check."""

    id: int
    head: str
    name: str
    state: str
    description: str | None
    at: datetime
    author: Account


@dataclass(frozen=True)
class Rules:
    """What a branch asks of a merge. A ruleset is seen elsewhere than a branch protection."""

    checks: tuple[str, ...] = ()
    reviews: int = 0
    strict: bool = False
    linear: bool = False
    ruleset: bool = False
    queue: bool = False


@dataclass(frozen=True)
class Settings:
    """What the repository's owner has chosen."""

    private: bool = True
    drafts: bool = True
    methods: frozenset[str] = frozenset({"merge", "squash", "rebase"})
    deletes_branches: bool = False


@dataclass(frozen=True)
class Grant:
    """The account of a token and its permissions. `app` tokens belong to no user."""

    account: Account
    permissions: Mapping[str, Literal["read", "write"]]
    app: bool = False
    until: datetime | None = None
