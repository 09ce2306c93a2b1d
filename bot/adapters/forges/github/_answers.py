"""Models of GitHub's responses, with only the fields that are read."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class GithubObject(BaseModel):
    """A part of a response; unknown fields are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class GithubUser(GithubObject):
    """A user account."""

    login: str


class Permissions(GithubObject):
    """The permissions of the token's owner in a repository."""

    push: bool = False
    admin: bool = False


class Repository(GithubObject):
    """A repository."""

    full_name: str
    default_branch: str = "main"
    archived: bool = False
    permissions: Permissions | None = None


class RepositoryName(GithubObject):
    """The name of a repository."""

    full_name: str


class BranchEnd(GithubObject):
    """One end of a pull request. `repo` is `None` if the fork was deleted."""

    ref: str
    sha: str
    repo: RepositoryName | None = None


class GithubPull(GithubObject):
    """A pull request; in lists of pull requests `mergeable` is not known."""

    number: int
    node_id: str
    html_url: str
    state: Literal["open", "closed"]
    title: str
    body: str | None = None
    draft: bool = False
    merged_at: AwareDatetime | None = None
    merge_commit_sha: str | None = None
    mergeable: bool | None = None
    mergeable_state: str = "unknown"
    head: BranchEnd
    base: BranchEnd

    @property
    def is_merged(self) -> bool:
        """True if it is merged; only then is `merge_commit_sha` the commit on the base branch."""
        return self.merged_at is not None

    @property
    def branch(self) -> str:
        """The branch with the change."""
        return self.head.ref

    @property
    def head_commit(self) -> str:
        """The newest commit of the change."""
        return self.head.sha


class MergeAnswer(GithubObject):
    """The response to a merge."""

    sha: str
    merged: bool = True


class GithubCommitRef(GithubObject):
    """The commit that a ref points to."""

    sha: str


class Ref(GithubObject):
    """A branch with its full ref name."""

    ref: str
    object: GithubCommitRef


class AppName(GithubObject):
    """The App that made a check run."""

    id: int


class CheckRun(GithubObject):
    """A check by an App, such as GitHub Actions."""

    name: str
    status: str
    conclusion: str | None = None
    app: AppName | None = None


class WorkflowRun(GithubObject):
    """A run of GitHub Actions."""

    id: int


class GithubStatus(GithubObject):
    """A commit status, the older kind of check."""

    context: str
    state: str


class RequiredCheck(GithubObject):
    """A check that branch protection requires, from any App if `app_id` is `None` or -1."""

    context: str
    app_id: int | None = None


class RequiredChecks(GithubObject):
    """The checks that branch protection requires."""

    enforcement_level: str = "everyone"
    contexts: tuple[str, ...] = ()
    checks: tuple[RequiredCheck, ...] = ()


class BranchProtection(GithubObject):
    """The public part of branch protection."""

    required_status_checks: RequiredChecks | None = None


class GithubBranch(GithubObject):
    """A branch and its protection."""

    name: str
    protection: BranchProtection | None = None


class RuleCheck(GithubObject):
    """A check that a ruleset requires."""

    context: str
    integration_id: int | None = None


class RuleParameters(GithubObject):
    """The parameters of a rule that are read."""

    required_status_checks: tuple[RuleCheck, ...] = ()
    required_approving_review_count: int = 0
    require_code_owner_review: bool = False
    required_review_thread_resolution: bool = False


class GithubRule(GithubObject):
    """One rule that applies to a branch."""

    type: str
    parameters: RuleParameters | None = None


class GithubComment(GithubObject):
    """A comment on a pull request. `user` is `None` if the account was deleted."""

    id: int
    user: GithubUser | None = None
    body: str | None = None
    created_at: AwareDatetime


class PullOfIssue(GithubObject):
    """The mark of an issue that is a pull request."""


class GithubIssue(GithubObject):
    """An issue; GitHub's lists of issues contain pull requests too."""

    number: int
    html_url: str
    title: str
    body: str | None = None
    user: GithubUser | None = None
    created_at: AwareDatetime
    state: str = "open"
    pull_request: PullOfIssue | None = None


class LineComment(GithubComment):
    """A comment on a line of the change; `line` is `None` once the line is outdated."""

    path: str = ""
    line: int | None = None
    original_line: int | None = None


class GithubReview(GithubObject):
    """A review; a pending one is not submitted yet."""

    id: int
    user: GithubUser | None = None
    body: str | None = None
    state: str
    submitted_at: AwareDatetime | None = Field(default=None)
