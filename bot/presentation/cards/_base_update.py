"""The announcement of commits that the bot did not merge itself, such as a merge at the forge."""

from bot.domain.arrival import Arrival
from bot.domain.posts import Post
from bot.presentation.cards._plain_text import to_plain_text
from bot.presentation.counts import format_count

_NAMED = 5


def render_arrival(arrival: Arrival) -> Post:
    """Return the announcement; it says "live" only if the running code contains the commit."""
    commit, what = f"`{arrival.commit[:7]}`", format_count(len(arrival.files), "file")
    came = f"New commits arrived on the branch I follow ({what}). I did not merge them."
    if arrival.failed and not arrival.restart_needed:
        named = list(arrival.failed.items())[:_NAMED]
        reasons = "; ".join(
            f"`{to_plain_text(module)}`: {to_plain_text(reason)}" for module, reason in named
        )
        return Post(
            text=f"⚠️ {came} {commit} is **not live**: {reasons}. The old code keeps running."
        )
    reloaded = ", ".join(f"`{to_plain_text(module)}`" for module in arrival.reloaded[:_NAMED])
    tail = f" Reloaded {reloaded}, without a restart." if reloaded else ""
    if arrival.restart_needed:
        who = f" {arrival.pending}." if arrival.pending else ""
        who = who[:2].upper() + who[2:]
        tail += _describe_pending_restart(arrival)
        return Post(text=f"🚢 {came} {commit} is not live yet: it changes core code.{who}{tail}")
    return Post(text=f"🚢 **live at {commit}**. {came}{tail}")


def _describe_pending_restart(arrival: Arrival) -> str:
    """Return which modules keep their old code until the restart: they may need the new core."""
    named = list(arrival.failed.items())[:_NAMED]
    modules = "; ".join(
        f"`{to_plain_text(module)}` ({to_plain_text(reason)})" for module, reason in named
    )
    return f" Until then the old code of {modules} keeps running." if modules else ""
