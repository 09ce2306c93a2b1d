"""Proposals, approvals and shipments: from a proven change to running code."""

from typing import Literal

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record

from bot.domain.names import Name
from bot.domain.people import Person
from bot.domain.watch import Comparison, Judgement

How = Literal["text", "reaction", "button", "slash", "page"]


class ProposalDraft(Record):
    """The data for opening a pull request.

    `repository` is the path of a clone that has `branch`.
    """

    run_id: str
    repository: str
    branch: str
    head: str
    base_branch: str
    title: str
    body: str
    labels: tuple[str, ...] = ()


class Comment(Record):
    """A listed person's comment on a proposal at the forge. `key` is unique at that forge."""

    key: str
    author: Name
    text: str
    file: str = ""
    line: int | None = None
    at: AwareDatetime


class ForgeProposal(Record):
    """A pull request as the forge shows it now."""

    number: int
    url: str = Field(description="the address of its page; empty if people cannot open one")
    state: Literal["open", "merged", "closed"]
    head: str
    branch: str
    base_branch: str
    title: str
    merge_commit: str | None = None
    draft: bool = Field(default=False, description="shown as not ready for review yet")
    checks: Literal["none", "pending", "passed", "failed"] = Field(
        default="none",
        description="the forge's own checks of this head; `none` if it has no checks",
    )


class Proposal(Record):
    """One head of one pull request that people are asked to approve.

    `card_id` is the message that shows it. A newer proposal of the same run replaces this one.
    """

    run_id: str
    number: int
    url: str
    head: str
    base: str
    branch: str
    version: int = Field(default=1, ge=1)
    note: str = Field(default="", description="why there is a new card, if there is one")
    card_id: int | None = None
    at: AwareDatetime


class Approval(Record):
    """One person's approval of one head, with `others` if several approvals are needed.

    A run can ship only with an approval.
    """

    run_id: str
    proposal: int
    head: str
    person: Person
    others: tuple[Person, ...] = ()
    at: AwareDatetime
    how: How
    security_reviewed: bool = False
    accepted_slowdowns: tuple[str, ...] = Field(
        default=(), description="the measured slowdowns of this head that the person accepted"
    )


class Shipment(Record):
    """The merge, and how the running bot loaded it."""

    run_id: str
    approved_head: str
    merge_commit: str
    live_commit: str
    reloaded: tuple[str, ...] = ()
    restart_needed: bool = False
    pending: str = Field(
        default="",
        description="what must happen before core code runs, and who does it; a sentence",
    )
    failed: dict[str, str] = Field(
        default_factory=dict, description="modules that still run their old code, and why"
    )
    earlier: tuple[str, ...] = Field(
        default=(), description="files and modules of earlier changes that still run old code"
    )
    undeployed: str = Field(
        default="", description="why a target does not run the merge yet; sentences"
    )
    needs_confirmation: bool = Field(
        default=False, description="only a person can say when a target runs the merge"
    )
    otherwise: bool = Field(
        default=False, description="the merged tree differs from the merge that was checked"
    )
    at: AwareDatetime

    @property
    def live(self) -> bool:
        """True if all of this change runs."""
        return not self.failed and not self.restart_needed and not self.undeployed

    @property
    def summary(self) -> str:
        """The status as people read it.

        It is "live at `f00d123`" only if all of that commit runs.
        """
        if not self.live:
            return f"merged as `{self.merge_commit[:7]}`, not live yet"
        commit = f"`{self.live_commit[:7]}`"
        return f"live, but not yet all of {commit}" if self.earlier else f"live at {commit}"


class Outcome(Record):
    """Whether the fix held, once it has been watched."""

    run_id: str
    verdict: Judgement
    reasons: tuple[str, ...] = ()
    comparison: Comparison | None = None
    at: AwareDatetime
