"""Whether a shipped fix held: said in its thread, and shown on its card."""

from bot.domain.change import Undone
from bot.domain.history import History
from bot.domain.links import linked
from bot.domain.posts import Button, Post
from bot.domain.proposal import Outcome, Proposal
from bot.domain.run import Run
from bot.domain.watch import Judgement, Watch
from bot.presentation.cards._text import counted

_SAID: dict[Judgement, str] = {
    "fixed": "✅ **Fixed.** {fix} holds.",
    "not_fixed": "❌ **Not fixed.** {fix} did not make it go away.",
    "inconclusive": "🤷 **Inconclusive.** Nobody can say whether {fix} holds.",
    "regressed": "📉 **Regressed.** It is worse since {fix} came live.",
}
_SHORT: dict[Judgement, str] = {
    "fixed": "✅ **Watch** — fixed, it holds",
    "not_fixed": "❌ **Watch** — not fixed",
    "inconclusive": "🤷 **Watch** — inconclusive",
    "regressed": "📉 **Watch** — regressed",
}
_REVERT = "\nPress the button, or say “revert it”: I propose to take it back, and you decide."


def failed(outcome: Outcome | None) -> bool:
    """Whether a fix was watched and did not hold."""
    return outcome is not None and outcome.verdict in ("not_fixed", "regressed")


def outcome_post(run: Run, proposal: Proposal, outcome: Outcome) -> Post:
    """Return the verdict with its numbers; where the fix did not hold, with a way back."""
    fix = linked(f"#{proposal.number}", proposal.url)
    lines = [_SAID[outcome.verdict].format(fix=fix)]
    lines += [f"• {reason}" for reason in outcome.reasons]
    text, asker = "\n".join(lines), run.trigger.person.id
    if not failed(outcome):
        return Post(text=text)
    button = Button(label="Revert it", action="revert", arguments=(run.id,), style="danger")
    called = f"<@{asker}> " if asker else ""
    notify = (asker,) if asker else ()
    return Post(text=f"{called}{text}{_REVERT}", buttons=(button,), notify=notify)


def watch_line(history: History) -> str:
    """Return the card's line about the watch; nothing where nothing is watched."""
    if history.outcome is not None:
        return _SHORT[history.outcome.verdict]
    if history.watch is None:
        return ""
    return f"👀 **Watch** — {watched_until(history.watch)}"


def taken_back_line(undone: Undone) -> str:
    """Return how far a revert brings back what was before the merge, as git shows it."""
    told = f"{counted(len(undone.restored), 'file')} exactly as at `{undone.before[:7]}`"
    if undone.blended:
        names = ", ".join(f"`{name}`" for name in undone.blended[:5])
        told += f"; in {names} what came later stays"
    return told


def watched_until(watch: Watch) -> str:
    """Return when it is judged at the latest, as a chat shows it to each in their own time."""
    stamp = f"{watch.until.timestamp():.0f}"
    return f"judged <t:{stamp}:R> at the latest"
