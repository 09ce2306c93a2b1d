"""The change of an engine, and the results of our own checks."""

from typing import ClassVar, Literal

from pydantic import Field
from theseus_guard import is_test_file
from theseus_guard.record import Record
from theseus_guard.records import FileChange, Finding
from theseus_rehearsal.behaviour import BehaviourDiff

from bot.domain.cost import Cost
from bot.domain.gates import GateResult
from bot.domain.part_notes import PartNote
from bot.domain.plausible_edit import PlausibleEdit
from bot.domain.proof import Proof
from bot.domain.trials import RevertTrial

Proven = Literal["", "call", "answer", "tests", "undo"]
"""How far a change is proven beyond its reproduction.

It was not examined (""), is proven for the failing call only, by tests that distinguish it from
wrong edits, or as the revert of a complete commit.
"""

STARTS = "the bot starts"
"""The name of the check that runs the complete bot once."""

ANSWERED = "what failed is answered"
"""The name of the check that replays the failing interaction, before and after the merge."""

REHEARSAL_CHECKS = frozenset({STARTS, ANSWERED})
"""Our own checks, which no configuration names."""


def rank_path(path: str) -> int:
    """Return where people read a changed file: code first, then texts, then tests."""
    if is_test_file(path):
        return 2
    return 1 if path.endswith((".md", ".rst", ".txt")) else 0


class Attempt(Record):
    """One attempt of the engine, as people read it."""

    summary: str
    result: str


class Grant(Record):
    """A file that the engine asked to own during its work, and was granted."""

    file: str
    reason: str


class EngineRemark(Record):
    """An engine's remark about a failing check or about an instruction."""

    about: str
    reason: str


class WrittenPart(Record):
    """One of the parts that a change was written in, in parallel.

    `alone` is true if its checks passed without the other parts, and `check_summary` is their
    result. `retry_reason` is why it was written again, on top of the other parts.
    """

    former_names: ClassVar = {"again": "retry_reason", "told": "check_summary"}

    name: str
    files: tuple[str, ...]
    alone: bool
    check_summary: str = ""
    retry_reason: str = ""


class ChangeSet(Cost):
    """Commits on the run's branch. Empty `files` means that nothing was changed.

    `cannot` is the engine's reason for making no change. `unrelated` are failing checks that it
    calls unrelated to its change, and `not_done` are instructions that the change does not follow;
    both are claims and decide nothing.

    `title` and `description` are the engine's text for the pull request. `review` is the text of
    its own reviewer, and `approved` the reviewer's verdict (`None` if there is none). None of them
    is a proof. `proven` is how far a rule-based engine proved the change, `reverted_commit` the
    commit that it claims to revert completely, `doubts` what it found against the change, and
    `plausible_edit` why an approver has to read it first. `stated` are people's answers that
    decided between edits, as sentences; `memo` is the engine's own data.
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
    keeps_output: bool = Field(
        default=False,
        description="the engine knows which output changes without being asked for, and keeps it",
    )
    instruction_count: int = Field(
        default=0, ge=0, description="the number of the run's instructions that the engine knew"
    )
    abandoned: tuple[int, ...] = Field(
        default=(), description="which of them, from 0, belong to revisions that were given up"
    )
    seconds: float = 0.0
    parts: tuple[WrittenPart, ...] = Field(
        default=(), description="the parts it was written in, in the order they were joined"
    )
    part_notes: tuple[PartNote, ...] = Field(
        default=(), description="the notes that the models of its parts left for each other"
    )


class CheckResult(Record):
    """One check as we ran it. `output` is raw, cut to its last 200,000 characters."""

    name: str
    status: Literal["passed", "failed", "timeout", "skipped", "undecided"]
    seconds: float = Field(ge=0)
    summary: str = Field(default="", description='counts: "14 passed"')
    command: str = ""
    output: str = ""

    @property
    def ok(self) -> bool:
        """True if it does not fail the change. An undecided check still blocks a merge."""
        return self.status in ("passed", "skipped", "undecided")

    @property
    def description(self) -> str:
        """The result as people read it; a rehearsal check has its own sentence."""
        return self.summary if self.name in REHEARSAL_CHECKS else f"{self.name} {self.status}"


class MergeResult(Record):
    """The result of merging one head into the branch at `base`: the `tree`."""

    base: str
    tree: str


class FullTier(Record):
    """The checks of the merge of one approved head, before it is made.

    `findings` are the diff guard's objections to the result as a change of `base`. `checks` are
    base's full checks of it (none if base configures none, or the forge runs them), whether the bot
    starts, and whether the failing interaction succeeds. If there are findings, no checks run.
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
        """True if nothing in it blocks a merge."""
        return not self.findings and not self.against

    @property
    def against(self) -> tuple[CheckResult, ...]:
        """The checks that block a merge: those that failed or could not decide."""
        return tuple(each for each in self.checks if not each.ok or each.status == "undecided")

    @property
    def is_undecided(self) -> bool:
        """True if only checks that could not decide block the merge."""
        return not self.findings and bool(self.against) and all(each.ok for each in self.checks)

    @property
    def result(self) -> MergeResult:
        """The only merge result that these checks are valid for."""
        return MergeResult(base=self.base, tree=self.tree)


class RevertResult(Record):
    """The result of reverting a merge, as read from git.

    `restored` files are exactly as before the merge; `blended` files keep later changes. With
    `conflicts`, nothing was changed, because git cannot separate the changes.
    """

    before: str = Field(description="the commit the merge was made on")
    restored: tuple[str, ...] = ()
    blended: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """All files that were changed."""
        return (*self.restored, *self.blended)


class Verdict(Record):
    """The result of verifying exactly one head. Without a passing verdict there is no proposal."""

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
        default=None, description="whether it can be reverted; none: this was not examined"
    )
    revert_result: RevertResult | None = Field(
        default=None, description="of a revert: git says that this head is just that, no more"
    )
    gates: tuple[GateResult, ...] = Field(default=(), description="what the quality gates found")

    @property
    def slowdowns(self) -> tuple[str, ...]:
        """What an approver has to accept before this head ships, as people read it."""
        return tuple(line for gate in self.gates if gate.needs_acceptance for line in gate.details)

    @property
    def has_objections(self) -> bool:
        """True if something speaks against the change that did not fail before it."""
        head = self.passing_on_head
        return (
            any(finding.blocking for finding in self.findings)
            or (head is not None and not head.ok)
            or any(not each.ok and each.name not in self.failing_before for each in self.checks)
            or any(not proof.holds for proof in self.proofs)
        )

    @property
    def objects_only_to_output(self) -> bool:
        """True if only output that changes without being asked for speaks against the change."""
        others = tuple(each for each in self.findings if each.rule != "behaviour")
        return self.has_objections and not self.replace(findings=others).has_objections

    @property
    def is_reproduced(self) -> bool:
        """True if the reproduction fails on base and passes on head."""
        base, head = self.failing_on_base, self.passing_on_head
        return bool(base and base.status == "failed" and head and head.status == "passed")

    @property
    def _is_proven_otherwise(self) -> bool:
        """True if there is no reproduction, but another proof."""
        return bool(self.proofs) and self.passing_on_head is None

    @property
    def is_pure_revert(self) -> bool:
        """True if it is a revert and nothing else."""
        return (
            self.revert_result is not None
            and not self.revert_result.conflicts
            and bool(self.revert_result.files)
        )

    @property
    def is_left_to_people(self) -> bool:
        """True if only answers that changed or became slower block the change."""
        others = tuple(each for each in self.findings if each.rule not in ("behaviour", "slower"))
        return not self.is_passing and self.replace(findings=others).is_passing

    @property
    def is_failing_as_before(self) -> bool:
        """True if everything that blocks the change failed before it too."""
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
        """True if this head may be proposed."""
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
