"""What is read of GitHub's answers. Everything else in them is left alone."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class GithubObject(BaseModel):
    """A part of an answer; what it does not name is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class GithubUser(GithubObject):
    """Somebody."""

    login: str


class Permissions(GithubObject):
    """What the token's owner may do in a repository."""

    push: bool = False
    admin: bool = False


class Repository(GithubObject):
    """A repository."""

    full_name: str
    default_branch: str = "main"
    archived: bool = False
    permissions: Permissions | None = None


class RepositoryName(GithubObject):
    """Just its name."""

    full_name: str


class BranchEnd(GithubObject):
    """One end of a pull request. `repo` is gone where a fork was deleted."""

    ref: str
    sha: str
    repo: RepositoryName | None = None


class GithubPull(GithubObject):
    """A pull request; in a list of them `mergeable` is not known."""

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
        """Whether it is merged; only then is `merge_commit_sha` the commit on the base branch."""
        return self.merged_at is not None


class MergeAnswer(GithubObject):
    """The answer to a merge."""

    sha: str
    merged: bool = True


class GithubCommitRef(GithubObject):
    """What a ref stands on."""

    sha: str


class Ref(GithubObject):
    """A branch, by its full name."""

    ref: str
    object: GithubCommitRef


class AppName(GithubObject):
    """The App that made a check run."""

    id: int


class CheckRun(GithubObject):
    """A check by an App, GitHub Actions among them."""

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
    """A check that branch protection wants. Without `app_id`, or with -1, anybody's counts."""

    context: str
    app_id: int | None = None


class RequiredChecks(GithubObject):
    """The checks that branch protection wants."""

    enforcement_level: str = "everyone"
    contexts: tuple[str, ...] = ()
    checks: tuple[RequiredCheck, ...] = ()


class BranchProtection(GithubObject):
    """What everybody may read of branch protection."""

    required_status_checks: RequiredChecks | None = None


class GithubBranch(GithubObject):
    """A branch and its protection."""

    name: str
    protection: BranchProtection | None = None


class RuleCheck(GithubObject):
    """A check that a ruleset wants."""

    context: str
    integration_id: int | None = None


class RuleParameters(GithubObject):
    """What is read of a rule's parameters."""

    required_status_checks: tuple[RuleCheck, ...] = ()
    required_approving_review_count: int = 0
    require_code_owner_review: bool = False
    required_review_thread_resolution: bool = False


class GithubRule(GithubObject):
    """One rule that applies to a branch."""

    type: str
    parameters: RuleParameters | None = None


class GithubComment(GithubObject):
    """A comment on a pull request. `user` is gone where the account was deleted."""

    id: int
    user: GithubUser | None = None
    body: str | None = None
    created_at: AwareDatetime


class PullOfIssue(GithubObject):
    """Says of an issue that it is a pull request."""


class GithubIssue(GithubObject):
    """An issue; in lists of them pull requests are issues too."""

    number: int
    html_url: str
    title: str
    body: str | None = None
    user: GithubUser | None = None
    created_at: AwareDatetime
    pull_request: PullOfIssue | None = None


class LineComment(GithubComment):
    """A comment on a line of the change; `line` is empty once the line is outdated."""

    path: str = ""
    line: int | None = None
    original_line: int | None = None


class GithubReview(GithubObject):
    """A review; a pending one has not been submitted."""

    id: int
    user: GithubUser | None = None
    body: str | None = None
    state: str
    submitted_at: AwareDatetime | None = Field(default=None)
