"""From a proven change to running code."""

from typing import Literal

from pydantic import AwareDatetime, Field

from bot.domain.names import Name
from bot.domain.people import Person
from bot.domain.record import Record
from bot.domain.watch import Comparison, Judgement

How = Literal["text", "reaction", "button", "slash"]


class ProposalDraft(Record):
    """What the forge is asked to open. `repository` is the path of a clone holding `branch`."""

    run_id: str
    repository: str
    branch: str
    head: str
    base_branch: str
    title: str
    body: str
    labels: tuple[str, ...] = ()


class Comment(Record):
    """What a listed person wrote about a proposal at the forge. `key` is unique at that forge."""

    key: str
    author: Name
    text: str
    file: str = ""
    line: int | None = None
    at: AwareDatetime


class ForgeProposal(Record):
    """A pull request as the forge sees it now."""

    number: int
    url: str = Field(description="the address of its page; empty: it has none people can open")
    state: Literal["open", "merged", "closed"]
    head: str
    branch: str
    base_branch: str
    title: str
    merge_commit: str | None = None
    draft: bool = Field(default=False, description="shown as not ready for review yet")
    checks: Literal["none", "pending", "passed", "failed"] = Field(
        default="none", description="the forge's own checks of this head; none: it has none"
    )


class Proposal(Record):
    """What people are asked to approve: one head of one pull request.

    `card_id` is the message that showed it; a newer proposal of the same run replaces this one.
    """

    run_id: str
    number: int
    url: str
    head: str
    base: str
    branch: str
    version: int = Field(default=1, ge=1)
    note: str = Field(default="", description="why there is a new card, when there is")
    card_id: int | None = None
    at: AwareDatetime


class Approval(Record):
    """One person's word for one head, with that of `others` where it takes several.

    The only thing that lets a run ship.
    """

    run_id: str
    proposal: int
    head: str
    person: Person
    others: tuple[Person, ...] = ()
    at: AwareDatetime
    how: How
    security_reviewed: bool = False


class Shipment(Record):
    """The merge, and what the running bot did with it."""

    run_id: str
    approved_head: str
    merge_commit: str
    live_commit: str
    reloaded: tuple[str, ...] = ()
    restart_needed: bool = False
    pending: str = Field(
        default="", description="what is missing until core code runs, and who does it; a sentence"
    )
    failed: dict[str, str] = Field(
        default_factory=dict, description="modules that kept their old code, and why"
    )
    earlier: tuple[str, ...] = Field(
        default=(), description="files and modules of changes before it that still run as they were"
    )
    otherwise: bool = Field(
        default=False, description="what landed has other files than the merge that was checked"
    )
    at: AwareDatetime

    @property
    def live(self) -> bool:
        """Whether all of this change runs."""
        return not self.failed and not self.restart_needed

    @property
    def summary(self) -> str:
        """Whether it runs, for people: "live at `f00d123`" only where all of that commit does."""
        if not self.live:
            return f"merged as `{self.merge_commit[:7]}`, not live yet"
        commit = f"`{self.live_commit[:7]}`"
        return f"live, but not yet all of {commit}" if self.earlier else f"live at {commit}"


class Outcome(Record):
    """Whether the fix held, once watched."""

    run_id: str
    verdict: Judgement
    reasons: tuple[str, ...] = ()
    comparison: Comparison | None = None
    at: AwareDatetime
