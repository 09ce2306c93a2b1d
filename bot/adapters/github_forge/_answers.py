"""What is read of GitHub's answers. Everything else in them is left alone."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class Answer(BaseModel):
    """A part of an answer; what it does not name is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class User(Answer):
    """Somebody."""

    login: str


class Permissions(Answer):
    """What the token's owner may do in a repository."""

    push: bool = False
    admin: bool = False


class Repository(Answer):
    """A repository."""

    full_name: str
    default_branch: str = "main"
    archived: bool = False
    permissions: Permissions | None = None


class RepositoryName(Answer):
    """Just its name."""

    full_name: str


class End(Answer):
    """One end of a pull request. `repo` is gone where a fork was deleted."""

    ref: str
    sha: str
    repo: RepositoryName | None = None


class Pull(Answer):
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
    head: End
    base: End

    @property
    def merged(self) -> bool:
        """Whether it is merged; only then is `merge_commit_sha` the commit on the base branch."""
        return self.merged_at is not None


class Merged(Answer):
    """The answer to a merge."""

    sha: str
    merged: bool = True


class Target(Answer):
    """What a ref stands on."""

    sha: str


class Ref(Answer):
    """A branch, by its full name."""

    ref: str
    object: Target


class AppName(Answer):
    """The App that made a check run."""

    id: int


class CheckRun(Answer):
    """A check by an App, GitHub Actions among them."""

    name: str
    status: str
    conclusion: str | None = None
    app: AppName | None = None


class WorkflowRun(Answer):
    """A run of GitHub Actions."""

    id: int


class Status(Answer):
    """A commit status, the older kind of check."""

    context: str
    state: str


class RequiredCheck(Answer):
    """A check that branch protection wants. Without `app_id`, or with -1, anybody's counts."""

    context: str
    app_id: int | None = None


class RequiredChecks(Answer):
    """The checks that branch protection wants."""

    enforcement_level: str = "everyone"
    contexts: tuple[str, ...] = ()
    checks: tuple[RequiredCheck, ...] = ()


class BranchProtection(Answer):
    """What everybody may read of branch protection."""

    required_status_checks: RequiredChecks | None = None


class Branch(Answer):
    """A branch and its protection."""

    name: str
    protection: BranchProtection | None = None


class RuleCheck(Answer):
    """A check that a ruleset wants."""

    context: str
    integration_id: int | None = None


class RuleParameters(Answer):
    """What is read of a rule's parameters."""

    required_status_checks: tuple[RuleCheck, ...] = ()
    required_approving_review_count: int = 0
    require_code_owner_review: bool = False
    required_review_thread_resolution: bool = False


class Rule(Answer):
    """One rule that applies to a branch."""

    type: str
    parameters: RuleParameters | None = None


class Written(Answer):
    """A comment on a pull request. `user` is gone where the account was deleted."""

    id: int
    user: User | None = None
    body: str | None = None
    created_at: AwareDatetime


class LineComment(Written):
    """A comment on a line of the change; `line` is empty once the line is outdated."""

    path: str = ""
    line: int | None = None
    original_line: int | None = None


class Review(Answer):
    """A review; a pending one has not been submitted."""

    id: int
    user: User | None = None
    body: str | None = None
    state: str
    submitted_at: AwareDatetime | None = Field(default=None)
