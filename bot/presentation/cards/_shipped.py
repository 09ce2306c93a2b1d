"""What is said when an approved change has been merged."""

from bot.domain.links import linked
from bot.domain.posts import Post
from bot.domain.proposal import Approval, Proposal, Shipment
from bot.domain.watch import Watch
from bot.presentation.cards._outcome import watched_until

_NAMED = 3


def shipped(
    proposal: Proposal, approval: Approval, shipment: Shipment, watch: Watch | None = None
) -> Post:
    """Return the announcement; "live" only when the running code contains the merge."""
    merged = (
        f"Merged {linked(f'#{proposal.number}', proposal.url)} as `{shipment.merge_commit[:7]}`, "
        f"approved by {_names(approval)} for `{approval.head[:7]}`."
    )
    if shipment.failed:
        reasons = "; ".join(f"`{module}`: {reason}" for module, reason in shipment.failed.items())
        return Post(text=f"⚠️ {merged} It is **not live**: {reasons}. The old code keeps running.")
    if shipment.restart_needed:
        return Post(text=f"🚢 {merged} It changes core code and is live after the next restart.")
    reloaded = ", ".join(f"`{module}`" for module in shipment.reloaded)
    tail = f" Reloaded {reloaded}, without a restart." if reloaded else ""
    if watch is not None:
        tail += f" I watch whether it holds: {watched_until(watch)}."
    if shipment.earlier:
        tail += f" {_left(shipment)}"
    return Post(text=f"🚢 **{shipment.told}**. {merged}{tail}")


def _left(shipment: Shipment) -> str:
    """Return what of earlier changes does not run yet."""
    named = ", ".join(f"`{each}`" for each in shipment.earlier[:_NAMED])
    more = len(shipment.earlier) - _NAMED
    named += f" and {more} more" if more > 0 else ""
    return f"Changed before and still as it was, until a restart or a mended change: {named}."


def _names(approval: Approval) -> str:
    """Return everybody whose word it is."""
    return " and ".join(person.name for person in (approval.person, *approval.others))
