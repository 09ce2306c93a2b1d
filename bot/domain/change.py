"""What an engine did, and what our own checks said of it."""

from typing import ClassVar, Literal

from pydantic import Field

from bot.domain.behaviour import BehaviourDiff, RevertTrial
from bot.domain.cost import Cost
from bot.domain.plausible_edit import PlausibleEdit
from bot.domain.proof import Proof
from bot.domain.record import Record

Proven = Literal["", "call", "answer", "tests", "undo"]
"""How far a change is proven beside its reproduction: not looked at, for the failing call only, by
tests that tell it from its wrong neighbours, or as a whole commit taken back."""

STARTS = "the bot starts"
"""The name of the check that plays the whole bot once."""

ANSWERED = "what failed is answered"
"""The name of the check that plays the failing interaction again, before the merge and after it."""

REHEARSAL_CHECKS = frozenset({STARTS, ANSWERED})
"""Checks of ours that play what no configuration names."""


class FileChange(Record):
    """One changed file, counted in lines."""

    path: str
    added: int = Field(ge=0)
    removed: int = Field(ge=0)
    status: Literal["added", "modified", "deleted", "renamed"] = "modified"


class Attempt(Record):
    """One thing the engine tried, for people."""

    summary: str
    result: str


class Grant(Record):
    """A file the engine asked to own while it worked, and was given."""

    file: str
    reason: str


class EngineRemark(Record):
    """What an engine says of something it was told of: a check that fails, or what people asked."""

    about: str
    reason: str


class WrittenPart(Record):
    """One of the parts a change was written in, side by side with the others.

    `alone` says whether it held without them, `told` what its checks said then. `again` is why it
    was written once more, on top of the others.
    """

    former_names: ClassVar = {"again": "retry_reason", "told": "check_summary"}

    name: str
    files: tuple[str, ...]
    alone: bool
    check_summary: str = ""
    retry_reason: str = ""


class ChangeSet(Cost):
    """Commits on the run's branch. Empty `files` means that nothing was changed.

    `cannot` is why the engine made no change, in its own words: an honest no. `unrelated` are
    failing checks that it says its change has nothing to do with, `not_done` what people asked of
    the change and is not in it; both are claims, and decide nothing.

    `title` and `description` are the engine's words for the pull request, `review` what its own
    reviewer said of the change, `approved` whether that was a yes (none: nobody could tell); none
    of them is proof of anything. `proven` is how far an engine of rules took the proof, `undoes`
    the commit it says that it takes back as a whole, `doubts` what it found itself that speaks
    against the change, `unproven` why an approver has to read it first. `stated` is what people
    answered that decided between edits, as sentences; `memo` is the engine's own, for later.
    """

    former_names: ClassVar = {
        "unproven": "plausible_edit",
        "heard": "instruction_count",
        "undoes": "reverted_commit",
    }

    base: str
    head: str
    branch: str
    engine: str
    summary: str
    files: tuple[FileChange, ...] = ()
    diff: str = ""
    attempts: tuple[Attempt, ...] = ()
    granted: tuple[Grant, ...] = ()
    cannot: str = ""
    unrelated: tuple[EngineRemark, ...] = ()
    not_done: tuple[EngineRemark, ...] = ()
    title: str = ""
    description: str = ""
    review: str = ""
    approved: bool | None = None
    proven: Proven = ""
    reverted_commit: str = ""
    doubts: tuple[str, ...] = ()
    plausible_edit: PlausibleEdit | None = None
    stated: tuple[str, ...] = ()
    memo: str = ""
    instruction_count: int = Field(
        default=0, ge=0, description="how many of the run's instructions it knew"
    )
    seconds: float = 0.0
    parts: tuple[WrittenPart, ...] = Field(
        default=(), description="what it was written in, in the order these were joined"
    )


class CheckResult(Record):
    """One check as we ran it. `output` is raw, at most 200,000 characters, tail kept."""

    name: str
    status: Literal["passed", "failed", "timeout", "skipped", "undecided"]
    seconds: float = Field(ge=0)
    summary: str = Field(default="", description='counts: "14 passed"')
    command: str = ""
    output: str = ""

    @property
    def ok(self) -> bool:
        """Whether it says nothing against the change; one that is undecided holds up a merge."""
        return self.status in ("passed", "skipped", "undecided")

    @property
    def description(self) -> str:
        """What came of it, for people; of what is played, its own sentence."""
        return self.summary if self.name in REHEARSAL_CHECKS else f"{self.name} {self.status}"


class Finding(Record):
    """Something the diff guard objects to. A blocking one stops the proposal."""

    rule: Literal[
        "protected_path",
        "immutable_path",
        "test_deleted",
        "test_weakened",
        "test_changed",
        "secret",
        "new_dependency",
        "ownership",
        "size",
        "unsafe_file",
        "shadowing",
        "empty",
        "unproven",
        "unjudged",
        "behaviour",
        "owed",
    ]
    path: str
    message: str
    blocking: bool
    kind: str = Field(default="", description="the class a guarded path is in: `policy`")

    @property
    def summary(self) -> str:
        """Return it as people read it, with the file it is about."""
        named = not self.path or self.path in self.message
        return self.message if named else f"`{self.path}`: {self.message}"


class MergeResult(Record):
    """What merging one head comes to: `tree`, where the branch merged into stands at `base`."""

    base: str
    tree: str


class FullTier(Record):
    """What was found of the merge of one approved head, before it was made.

    `findings` are what the diff guard has against the result as a change of `base`. `checks` are
    base's full ones on it (none where base configures none, or the forge runs them), whether the
    bot starts then, and whether what failed is answered; none at all where there are findings.
    """

    former_names: ClassVar = {"red_before": "failing_before"}

    head: str
    base: str = Field(default="", description="the newest commit of the branch merged into")
    tree: str = Field(default="", description="what merging both comes to, as git's tree")
    findings: tuple[Finding, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    failing_before: tuple[str, ...] = Field(
        default=(), description="names of failed checks that fail on base too"
    )

    @property
    def ok(self) -> bool:
        """Whether nothing in it stands in the way of a merge."""
        return not self.findings and not self.against

    @property
    def against(self) -> tuple[CheckResult, ...]:
        """The checks that hold up a merge: those that failed, and those that could not decide."""
        return tuple(each for each in self.checks if not each.ok or each.status == "undecided")

    @property
    def is_undecided(self) -> bool:
        """Whether all that stands in the way are checks that could not decide."""
        return not self.findings and bool(self.against) and all(each.ok for each in self.checks)

    @property
    def result(self) -> MergeResult:
        """The one merge that this holds for."""
        return MergeResult(base=self.base, tree=self.tree)


class RevertResult(Record):
    """What taking a merge back came to, as read from git.

    `restored` files are exactly as before the merge; in `blended` ones what came later stays. With
    `conflicts` nothing was changed: there the two cannot be told apart.
    """

    before: str = Field(description="the commit the merge was made on")
    restored: tuple[str, ...] = ()
    blended: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """Every file that was changed."""
        return (*self.restored, *self.blended)


class Verdict(Record):
    """What verification says of exactly one head. No green, no proposal."""

    former_names: ClassVar = {
        "undoes": "reverted_commit",
        "undone": "revert_result",
        "undo": "revert_trial",
        "green_on_head": "passing_on_head",
        "red_on_base": "failing_on_base",
        "red_before": "failing_before",
    }

    head: str
    round: int = Field(ge=1)
    checks: tuple[CheckResult, ...] = ()
    failing_before: tuple[str, ...] = Field(
        default=(), description="names of failed checks that fail on base too"
    )
    findings: tuple[Finding, ...] = ()
    failing_on_base: CheckResult | None = None
    passing_on_head: CheckResult | None = None
    proven: Proven = ""
    reverted_commit: str = Field(
        default="", description="the commit that git says this head takes back, with its tests"
    )
    sandbox: str = Field(default="", description="how the checks were confined, for people")
    proofs: tuple[Proof, ...] = Field(
        default=(), description="what proves it beside its reproduction, by kind"
    )
    behaviour: BehaviourDiff | None = Field(
        default=None, description="what changes for people; none: it was not looked at"
    )
    revert_trial: RevertTrial | None = Field(
        default=None, description="whether it can be taken back; none: that was not looked at"
    )
    revert_result: RevertResult | None = Field(
        default=None, description="of a revert: git says that this head is just that, no more"
    )

    @property
    def is_reproduced(self) -> bool:
        """Whether the reproduction failed on base and passes on head."""
        red, green = self.failing_on_base, self.passing_on_head
        return bool(red and red.status == "failed" and green and green.status == "passed")

    @property
    def _is_proven_otherwise(self) -> bool:
        """Whether something else than a reproduction proves it, of which there is none."""
        return bool(self.proofs) and self.passing_on_head is None

    @property
    def is_pure_revert(self) -> bool:
        """Whether it is a revert and nothing else, which claims no more than that."""
        return (
            self.revert_result is not None
            and not self.revert_result.conflicts
            and bool(self.revert_result.files)
        )

    @property
    def is_blocked_by_answers_only(self) -> bool:
        """Whether all that stands in the way are answers that change though nobody asked for it."""
        others = tuple(each for each in self.findings if each.rule != "behaviour")
        return not self.is_passing and self.replace(findings=others).is_passing

    @property
    def is_failing_as_before(self) -> bool:
        """Whether all that stands in the way was there before the change."""
        failed = {check.name for check in self.checks if not check.ok}
        blocked = any(finding.blocking for finding in self.findings)
        return (
            self.is_reproduced
            and not blocked
            and bool(failed)
            and failed <= set(self.failing_before)
        )

    @property
    def is_passing(self) -> bool:
        """Whether this head may be proposed."""
        return (
            all(check.ok for check in self.checks)
            and any(
                check.status == "passed"
                for check in self.checks
                if check.name not in REHEARSAL_CHECKS
            )
            and not any(finding.blocking for finding in self.findings)
            and all(proof.holds for proof in self.proofs)
            and (self.is_reproduced or self.is_pure_revert or self._is_proven_otherwise)
        )
