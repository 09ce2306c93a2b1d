"""A run's own card, and the posts when its change is merged and when it was judged."""

from typing import Literal

from bot.domain.budget import Cap
from bot.domain.change import RevertResult
from bot.domain.evidence import Evidence
from bot.domain.history import History
from bot.domain.links import format_link
from bot.domain.posts import Button, Card, Post
from bot.domain.proposal import Approval, Outcome, Proposal, Shipment
from bot.domain.run import Goal, Run, Stage, Status, Waiting
from bot.domain.run_state import ORDER
from bot.domain.use import UseWatch
from bot.domain.watch import Judgement, Watch
from bot.presentation.cards._candidates import describe_current_candidate
from bot.presentation.cards._ending import STATUS_MARKS, get_end_mark, is_without_failure
from bot.presentation.cards._live import (
    IDLE,
    STAGE_NAMES,
    LiveActivity,
    list_activity_lines,
    list_todo_lines,
)
from bot.presentation.cards._plain_text import to_plain_text
from bot.presentation.cards._text import (
    describe_wait,
    format_elapsed,
    format_reproduction_line,
    format_seconds,
    format_spending,
)
from bot.presentation.cards._use import describe_use_watch, use_text
from bot.presentation.counts import format_count
from bot.presentation.flags import describe_live_flag
from bot.presentation.markdown import escape_line
from bot.presentation.meanings import build_run_buttons
from bot.presentation.times import format_timestamp
from bot.presentation.titles import change_title

_VERBS: dict[Goal, str] = {
    "investigate": "Investigating",
    "fix": "Fixing",
    "change": "Changing",
    "revert": "Reverting",
}
Tone = Literal["neutral", "working", "good", "warning", "bad"]
_TONES: dict[Status, Tone] = {
    Status.DONE: "good",
    Status.WAITING: "warning",
    Status.CANCELLED: "neutral",
    Status.REJECTED: "neutral",
    Status.FAILED: "bad",
    Status.QUARANTINED: "bad",
}
_VERDICT_TEXTS: dict[Judgement, str] = {
    "fixed": "✅ **Fixed.** {fix} works.",
    "partial": "🟠 **Partly fixed.** {fix} fixed some of the simultaneous failures, but not all.",
    "not_fixed": "❌ **Not fixed.** The failure still occurs with {fix}.",
    "inconclusive": "🤷 **Inconclusive.** There is not enough data to say whether {fix} works.",
    "regressed": "📉 **Regressed.** It got worse since {fix} went live.",
}
_SHORT: dict[Judgement, str] = {
    "fixed": "✅ **Watch** — fixed",
    "partial": "🟠 **Watch** — partly fixed",
    "not_fixed": "❌ **Watch** — not fixed",
    "inconclusive": "🤷 **Watch** — inconclusive",
    "regressed": "📉 **Watch** — regressed",
}
_REVERT = "\nPress the button or say “revert it”. I then propose a revert, and you decide."
_NAMED = 3


def render_progress(
    run: Run, history: History, cap: Cap | None = None, live: LiveActivity = IDLE
) -> Post:
    """Return the card that is edited while the run works; `cap` is what the run may cost."""
    stages = ORDER[run.goal]
    lines = []
    for stage in stages:
        lines.append(_format_stage_line(run, history, stage, stages))
        if stage is run.stage and run.status is Status.RUNNING:
            lines += list_todo_lines(live.todos)
    lines += filter(None, [watch_line(history)])
    if not run.has_ended:
        lines += list_activity_lines(run, live)
    if run.reason:
        lines.append(f"\n{run.reason}")
    return Post(
        card=Card(
            title=f"{_VERBS[run.goal]}: {change_title(run, history)}",
            body="\n".join(lines),
            tone=_choose_tone(run, history),
            footer=f"run {run.id} · {format_elapsed(run)} · {format_spending(run, cap)}",
        ),
        buttons=_build_buttons(run),
    )


def _build_buttons(run: Run) -> tuple[Button, ...]:
    """Return the buttons of a run: to end it, and to say that it is not what was meant."""
    other = build_run_buttons(run)
    if run.has_ended:
        return other
    cancel = Button(label="Cancel", action="cancel", arguments=(run.id,))
    if not run.can_switch_engine:
        return (cancel, *other)
    return (
        Button(label="Let the offline engine try", action="fallback", arguments=(run.id,)),
        cancel,
        *other,
    )


def format_stage_note(run: Run, history: History, stage: Stage) -> str:
    """Return the card's note about a step; empty if there is none yet."""
    return _note(history, stage, run)


def _choose_tone(run: Run, history: History) -> Tone:
    if is_failed_fix(history.outcome):
        return "bad"
    if run.has_ended and is_without_failure(history):
        return "neutral"  # no failure is known, so the run is no failure either
    return _TONES.get(run.status, "working")


def _format_stage_line(run: Run, history: History, stage: Stage, stages: tuple[Stage, ...]) -> str:
    current = stages.index(run.stage) if run.stage in stages else len(stages)
    position = stages.index(stage)
    note = _note(history, stage, run)
    tail = f" — {note}" if note else ""
    if stage is Stage.DIAGNOSE and run.has_ended and is_without_failure(history):
        return f"{get_end_mark(run, history)} **{STAGE_NAMES[stage]}**{tail}"
    if position < current or run.status is Status.DONE:
        return f"✅ **{STAGE_NAMES[stage]}**{tail}"
    if position > current:
        return f"▫️ {STAGE_NAMES[stage]}"
    return f"{STATUS_MARKS[run.status]} **{STAGE_NAMES[stage]}**{tail}"


def _describe_evidence(evidence: Evidence) -> str:
    if evidence.context is not None:
        context = evidence.context
        commands = format_count(len(context.commands), "command")
        return f"{commands} and {format_count(len(context.named), 'file')} that may be involved"
    if evidence.slow:
        return "response times, recent and earlier"
    count = sum(group.count for group in evidence.groups)
    return format_count(count, "matching failure") if count else "no matching failure"


def _note(history: History, stage: Stage, run: Run) -> str:
    if stage is Stage.OBSERVE and history.evidence:
        return _describe_evidence(history.evidence)
    if stage in (Stage.DIAGNOSE, Stage.BRIEF, Stage.PLAN):
        return _describe_reasoning(history, stage)
    if stage is Stage.EXECUTE and history.change_set:
        change = history.change_set
        text = (
            f"{escape_line(change.summary, 120)} ({change.engine}, "
            f"{format_seconds(change.seconds)})"
        )
        return text + describe_current_candidate(run, history)
    if stage is Stage.VERIFY and history.verdict and history.verdict.round == run.round:
        return _describe_verdict(history)
    if stage is Stage.PROPOSE and run.waiting is Waiting.JUDGEMENT:
        return "found, not proven: an approver must review it"
    if stage is Stage.PROPOSE and history.proposal:
        opened = history.proposal
        return f"{format_link(f'#{opened.number}', opened.url)} `{opened.head[:7]}`"
    if stage is Stage.SHIP:
        if history.shipment:
            return history.shipment.summary
        return describe_wait(run) if run.status is Status.WAITING else ""
    return ""


def _describe_reasoning(history: History, stage: Stage) -> str:
    """Return what was found, understood or planned, and who wrote it."""
    diagnosis, brief, plan = history.diagnosis, history.brief, history.plan
    if stage is Stage.DIAGNOSE and diagnosis:
        return _add_author(escape_line(diagnosis.headline, 300), diagnosis.explained_by)
    if stage is Stage.BRIEF and brief:
        examples = format_count(len(brief.acceptances), "example")
        return _add_author(f"{escape_line(brief.understood, 300)} ({examples})", brief.written_by)
    if stage is Stage.PLAN and plan:
        shown = plan.demonstration
        proof = f"`{shown[0]}` fails: {shown[1]}" if shown else "no reproduction"
        return _add_author(proof, plan.written_by)
    return ""


def _add_author(text: str, author: str) -> str:
    """Return the text with its author, if a model and not a rule wrote it."""
    return f"{text} (by {author})" if author else text


def _describe_verdict(history: History) -> str:
    verdict, plan = history.verdict, history.plan
    if verdict is None:
        return ""
    passed = sum(check.status == "passed" for check in verdict.checks)
    text = f"{passed}/{len(verdict.checks)} checks"
    if plan and plan.demonstration:
        text += f", {format_reproduction_line(verdict, plan.demonstration[0])}"
    return text


def is_failed_fix(outcome: Outcome | None) -> bool:
    """Return whether a fix was watched and did not work."""
    return outcome is not None and outcome.verdict in ("not_fixed", "regressed")


def render_outcome(run: Run, proposal: Proposal, outcome: Outcome) -> Post:
    """Return the verdict with its numbers, and a revert button if the fix did not work."""
    fix = format_link(f"#{proposal.number}", proposal.url)
    lines = [_VERDICT_TEXTS[outcome.verdict].format(fix=fix)]
    lines += [f"• {reason}" for reason in outcome.reasons]
    text, asker = "\n".join(lines), run.trigger.person.id
    if not is_failed_fix(outcome):
        return Post(text=text)
    button = Button(label="Revert it", action="revert", arguments=(run.id,), style="danger")
    called = f"<@{asker}> " if asker else ""
    notify = (asker,) if asker else ()
    return Post(text=f"{called}{text}{_REVERT}", buttons=(button,), notify=notify)


def watch_line(history: History) -> str:
    """Return the card's line about the watch; empty if nothing is watched."""
    if history.outcome is not None:
        return _SHORT[history.outcome.verdict]
    if history.use_report is not None:
        return f"📊 **Use** — {use_text(history.use_report)}"
    if history.use_watch is not None:
        return f"👀 **Watch** — {describe_use_watch(history.use_watch)}"
    return f"👀 **Watch** — {format_watch_end(history.watch)}" if history.watch else ""


def format_revert_line(result: RevertResult) -> str:
    """Return which files a revert restores exactly, and which keep later changes."""
    text = f"{format_count(len(result.restored), 'file')} restored exactly to `{result.before[:7]}`"
    if result.blended:
        names = ", ".join(f"`{name}`" for name in result.blended[:5])
        text += f"; in {names}, later changes stay"
    return text


def describe_watch(watch: Watch | UseWatch) -> str:
    """Return a sentence about what is watched, and until when."""
    if isinstance(watch, UseWatch):
        return f"I watch {describe_use_watch(watch)}."
    return f"I watch whether it works: {format_watch_end(watch)}."


def format_watch_end(watch: Watch) -> str:
    """Return the latest time of the verdict, as a chat timestamp in the reader's time zone."""
    return f"verdict {format_timestamp(watch.until, 'R')} at the latest"


def render_shipment(
    proposal: Proposal,
    approval: Approval,
    shipment: Shipment,
    watch: Watch | UseWatch | None = None,
    *,
    flag: str = "",
) -> Post:
    """Return the announcement; it says "live" only if the running code contains the merge.

    With a `flag`, it also says how to switch on the change.
    """
    behind = f"\n{describe_live_flag(flag)}" if flag else ""
    merged = (
        f"Merged {format_link(f'#{proposal.number}', proposal.url)} as "
        f"`{shipment.merge_commit[:7]}`, approved by {_format_approvers(approval)} for "
        f"`{approval.head[:7]}`."
    )
    if shipment.failed and not shipment.restart_needed:
        reasons = "; ".join(f"`{module}`: {reason}" for module, reason in shipment.failed.items())
        return Post(text=f"⚠️ {merged} It is **not live**: {reasons}. The old code keeps running.")
    if shipment.undeployed:
        why = to_plain_text(shipment.undeployed, 600)
        text = f"🚢 {merged} It is not live yet. {why}"
        return Post(text=text, buttons=_build_live_buttons(shipment))
    if shipment.restart_needed:
        missing = (
            f": {shipment.pending}" if shipment.pending else " and is live after the next restart"
        )
        until = _describe_pending_restart(shipment)
        return Post(text=f"🚢 {merged} It changes core code{missing}.{until}{behind}")
    reloaded = ", ".join(f"`{module}`" for module in shipment.reloaded)
    tail = f" Reloaded {reloaded}, without a restart." if reloaded else ""
    if watch is not None:
        tail += f" {describe_watch(watch)}"
    if shipment.earlier:
        tail += f" {_describe_pending_changes(shipment)}"
    return Post(text=f"🚢 **{shipment.summary}**. {merged}{tail}{behind}")


def _build_live_buttons(shipment: Shipment) -> tuple[Button, ...]:
    if not shipment.needs_confirmation or shipment.live:
        return ()
    return (Button(label="It is live", action="live", arguments=(shipment.run_id,)),)


def _describe_pending_restart(shipment: Shipment) -> str:
    """Return which modules keep their old code until the restart: they may need the new core."""
    named = list(shipment.failed.items())[:_NAMED]
    modules = "; ".join(f"`{module}` ({reason})" for module, reason in named)
    return f" Until then the old code of {modules} keeps running." if modules else ""


def _describe_pending_changes(shipment: Shipment) -> str:
    """Return which earlier changes are not live yet."""
    named = ", ".join(f"`{each}`" for each in shipment.earlier[:_NAMED])
    more = len(shipment.earlier) - _NAMED
    named += f" and {more} more" if more > 0 else ""
    return f"Some earlier changes are not live until a restart or a corrected change: {named}."


def _format_approvers(approval: Approval) -> str:
    """Return the names of all approvers."""
    return " and ".join(person.name for person in (approval.person, *approval.others))
