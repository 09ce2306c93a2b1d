"""Models of Forgejo's responses, with only the fields that are read."""

import re
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

DRAFT = "WIP: "
"""What Forgejo knows a draft by: there is no other mark of it than the title."""

_DRAFTS = re.compile(r"(?:WIP:|\[WIP\])\s*", re.IGNORECASE)


class ForgejoObject(BaseModel):
    """A part of a response; unknown fields are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class ForgejoUser(ForgejoObject):
    """A user account."""

    login: str


class ForgejoPermissions(ForgejoObject):
    """The permissions of the token's owner in a repository."""

    push: bool = False
    admin: bool = False


class ForgejoRepository(ForgejoObject):
    """A repository."""

    full_name: str
    default_branch: str = "main"
    archived: bool = False
    permissions: ForgejoPermissions | None = None


class ForgejoBranchEnd(ForgejoObject):
    """One end of a pull request. `label` is the branch, also after it was deleted."""

    label: str
    sha: str
    repo_id: int


class ForgejoPull(ForgejoObject):
    """A pull request."""

    number: int
    html_url: str
    state: Literal["open", "closed"]
    title: str
    body: str | None = None
    draft: bool = False
    merged: bool = False
    merge_commit_sha: str | None = None
    head: ForgejoBranchEnd
    base: ForgejoBranchEnd

    @property
    def is_merged(self) -> bool:
        """True if it is merged; only then is there a `merge_commit_sha`."""
        return self.merged

    @property
    def branch(self) -> str:
        """The branch with the change."""
        return self.head.label

    @property
    def head_commit(self) -> str:
        """The newest commit of the change."""
        return self.head.sha

    @property
    def plain_title(self) -> str:
        """The title without the mark of a draft."""
        return remove_draft_mark(self.title)


class BranchCommit(ForgejoObject):
    """The commit of a branch."""

    id: str


class ForgejoBranch(ForgejoObject):
    """A branch and the public part of its protection."""

    commit: BranchCommit
    enable_status_check: bool = False
    status_check_contexts: tuple[str, ...] | None = None


class ForgejoStatus(ForgejoObject):
    """A commit status, the only kind of check."""

    context: str
    status: str


class ForgejoLabel(ForgejoObject):
    """A label."""

    name: str


class ForgejoComment(ForgejoObject):
    """A comment on an issue or pull request. `user` is `None` if the account was deleted."""

    id: int
    user: ForgejoUser | None = None
    body: str | None = None
    created_at: AwareDatetime


class ForgejoLineComment(ForgejoComment):
    """A comment on a line of the change: of the new file, or else of the old one."""

    path: str = ""
    position: int = 0
    original_position: int = 0


class ForgejoReview(ForgejoObject):
    """A review; a pending one is not submitted yet."""

    id: int
    user: ForgejoUser | None = None
    body: str | None = None
    state: str
    dismissed: bool = False
    comments_count: int = 0
    submitted_at: AwareDatetime


class ForgejoIssue(ForgejoComment):
    """An issue."""

    number: int
    html_url: str
    title: str
    state: str = "open"
    labels: tuple[ForgejoLabel, ...] | None = None


def remove_draft_mark(title: str) -> str:
    """Return a title without the mark of a draft."""
    mark = _DRAFTS.match(title)
    return title[mark.end() :] if mark else title
