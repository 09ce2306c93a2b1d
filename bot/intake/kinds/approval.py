"""The approval of a proposal."""

from dataclasses import dataclass

from bot.authority.approvals import ApprovalRequest, Approvals
from bot.domain.intents import Intent
from bot.domain.people import Person
from bot.domain.proposal import Approval
from bot.intake.message import Message, Reply

INTENTS = (Intent.SHIP,)


@dataclass(frozen=True)
class Request:
    """The approval, bound to what the message refers to."""

    approval: ApprovalRequest


@dataclass(frozen=True, eq=False)
class Handler:
    """Approves the proposal that the text, the card or the thread refers to."""

    approvals: Approvals

    async def decide(self, message: Message) -> Request:
        """Return the approval that the message gives. Whether it counts is decided elsewhere."""
        slots, card = message.slots, message.card
        return Request(
            ApprovalRequest(
                person=message.person,
                how="text",
                run_id=card.run_id if card else slots.run,
                thread_id=message.thread_id,
                card_id=card.message_id if card else None,
                head=card.head if card else None,
                number=slots.pull_request,
                source_id=message.id,
                security_reviewed=slots.security_reviewed,
                slower_accepted=slots.slower_accepted,
                edited=message.edited_at is not None,
            )
        )

    async def perform(self, request: Request) -> Reply:
        """Approve, and return what the person reads."""
        return await approve(self.approvals, request.approval)


async def approve(approvals: Approvals, request: ApprovalRequest) -> str:
    """Approve for a person; return what they read. Raises what `Approvals.give` does.

    If more approvals are needed, the answer says how many there are.
    """
    run, approval, ships = await approvals.give(request)
    short = "" if ships or run.has_ended else await approvals.describe_missing(run.id)
    if short:
        return f"Noted, {request.person.name}, for `{approval.head[:7]}`: {short}"
    return describe_shipping(request.person, approval, ships=ships)


def describe_shipping(person: Person, approval: Approval, *, ships: bool) -> str:
    """Return what `person` reads after "ship it": that it ships, or who shipped it first."""
    head = f"`{approval.head[:7]}`"
    approvers = [approval.person, *approval.others]
    if ships or person.id in [each.id for each in approvers]:
        return f"Shipping {head}, approved by {' and '.join(each.name for each in approvers)}."
    return f"{approval.person.name} has already shipped {head}."
