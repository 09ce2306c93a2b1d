"""Answers about one run: its cause, cost, risk, proof, watch, people and changes."""

from collections.abc import Callable, Mapping

from theseus_guard import is_test_file
from theseus_guard.records import FileChange

from bot.domain.budget import Cap
from bot.domain.change import ChangeSet, Verdict, rank_path
from bot.domain.history import History
from bot.domain.intents import Topic
from bot.domain.links import format_link
from bot.domain.people import ITSELF
from bot.domain.proposal import Outcome
from bot.domain.run import Run, Status
from bot.domain.watch import Judgement
from bot.presentation.cards import (
    describe_watch,
    format_spending,
    format_status,
    list_not_done_lines,
    run_line,
    to_plain_text,
    use_text,
)
from bot.presentation.markdown import escape_line
from bot.presentation.times import format_timestamp
from bot.presentation.titles import change_title
from bot.proof import compute_risk, label

_FILES = 6
_REASONS = 4
_HELD: dict[Judgement, str] = {
    "fixed": "✅ It works: the failure has not been seen since.",
    "partial": "🟠 It works in part: of several faults at once, not all are gone.",
    "not_fixed": "❌ It did not work: the failure was seen again.",
    "inconclusive": "🤷 It has been used too little to say whether it works.",
    "regressed": "📉 It got worse since this went live.",
}
_NOT_WANTED = frozenset(
    {Status.FAILED, Status.CANCELLED, Status.REJECTED, Status.QUARANTINED},
)


def format_run(run: Run, history: History) -> str:
    """Return the name of the run that an answer is about: `#7 “the dice” (run k7m2xq)`."""
    title = f"“{to_plain_text(change_title(run, history))}”"
    if history.proposal is None:
        return f"Run `{run.id}` {title}"
    number = format_link(f"#{history.proposal.number}", history.proposal.url)
    return f"{number} {title} (run `{run.id}`)"


def _list_causes(run: Run, history: History, cap: Cap) -> list[str]:
    """Return the cause or the request, the reason for this change, and why the run ended."""
    lines, diagnosis, plan, change = [], history.diagnosis, history.plan, history.change_set
    if history.brief is not None:
        lines.append(f"Asked for: {escape_line(history.brief.request, 300)}")
        lines.append(f"Understood: {escape_line(history.brief.understood, 300)}")
    elif diagnosis is not None:
        lines.append(f"Cause: {escape_line(diagnosis.summary, 700)}")
    if plan is not None and plan.solution:
        lines.append(f"Reason: {escape_line(plan.solution, 500)}")
    if change is not None:
        lines.append(f"The change: {escape_line(change.summary, 300)}")
        dropped = [
            f"{escape_line(e.summary, 80)} ({escape_line(e.result, 80)})"
            for e in change.attempts[:3]
        ]
        lines += [f"Also tried: {'; '.join(dropped)}"] if dropped else []
    for each in (history.instructions.items if history.instructions else ())[:3]:
        lines.append(f"{to_plain_text(each.by, 40)} asked of it: {escape_line(each.text, 200)}")
    if run.status in _NOT_WANTED and run.reason:
        lines.append(f"It ended: {run.reason}")
    return lines or [f"There is no cause on record yet: it is {format_status(run)}."]


def _list_costs(run: Run, history: History, cap: Cap) -> list[str]:
    if not (run.cost_usd or run.tokens_in or run.tokens_out):
        return [f"It has cost {format_spending(run)}: it used no paid model."]
    more = "" if run.has_ended else f" so far; it is {format_status(run)}"
    return [f"It has cost {format_spending(run, cap)}{more}."]


def _list_risks(run: Run, history: History, cap: Cap) -> list[str]:
    """Return the planned risk, the guard's findings, what replays showed, and how to roll back."""
    change, plan, verdict = history.change_set, history.plan, history.verdict
    if change is None:
        return [f"There is no change yet that could break anything: it is {format_status(run)}."]
    lines = []
    if plan is not None and verdict is not None:
        parts = (
            f"Risk: {compute_risk(plan, verdict)}.",
            label(verdict),
            escape_line(plan.impact, 300),
        )
        lines.append(" ".join(filter(None, parts)))
    files = [f"`{each.path}`" for each in _sort_files(change) if not is_test_file(each.path)]
    more = f" and {len(files) - _FILES} more" if len(files) > _FILES else ""
    lines.append(f"It touches {', '.join(files[:_FILES]) or 'only tests'}{more}.")
    if verdict is not None:
        lines += [f"⚠️ {escape_line(each.summary, 200)}" for each in verdict.findings[:_REASONS]]
        lines += (
            [f"For users: {escape_line(verdict.behaviour.summary, 200)}."]
            if verdict.behaviour
            else []
        )
        lines += (
            [f"Revert test: {escape_line(verdict.revert_trial.summary, 200)}."]
            if verdict.revert_trial
            else []
        )
    lines += [escape_line(each, 300) for each in list_not_done_lines(change)[:_REASONS]]
    if plan is not None and plan.rollback:
        lines.append(f"Rollback: {escape_line(plan.rollback, 300)}")
    return lines


def _list_proofs(run: Run, history: History, cap: Cap) -> list[str]:
    """Return how the change was proven: reproduction, checks, replays; and its verdict."""
    verdict = history.verdict
    if verdict is None:
        return [f"Nothing is proven yet: it is {format_status(run)}."]
    lines = [_describe_reproduction(history, verdict)]
    passed = sum(check.status == "passed" for check in verdict.checks)
    lines.append(f"Checks: {passed} of {len(verdict.checks)} passed at `{verdict.head[:7]}`.")
    lines += [
        f"{'✅' if e.holds else '❌'} {e.kind}: {escape_line(e.summary, 200)}"
        for e in verdict.proofs
    ]
    lines += (
        [f"Answers: {escape_line(verdict.behaviour.summary, 200)}."] if verdict.behaviour else []
    )
    if history.full_tier is not None:
        result = "passed" if history.full_tier.ok else "did not pass"
        lines.append(f"The full checks before the merge {result}.")
    if history.outcome is not None:
        lines.append(_HELD[history.outcome.verdict])
    return [line for line in lines if line]


def _describe_reproduction(history: History, verdict: Verdict) -> str:
    plan = history.plan
    if plan is None or not plan.demonstration:
        return ""
    shown, error = plan.demonstration
    if verdict.is_reproduced:
        return f"`{shown}` failed before ({escape_line(error, 80)}) and passes now."
    return f"`{shown}` failed before ({escape_line(error, 80)}); it does not pass yet."


def _watch(run: Run, history: History, cap: Cap) -> list[str]:
    """Return the watch's verdict or end, or why the run is not watched."""
    if history.outcome is not None:
        return _describe_outcome(history.outcome)
    if history.use_report is not None:
        return [f"📊 {use_text(history.use_report)}"]
    watch = history.watch or history.use_watch
    if watch is not None:
        return [f"👀 Live since {format_timestamp(watch.began_at, 'R')}. {describe_watch(watch)}"]
    if history.shipment is None:
        return [f"It is not shipped, so there is nothing to watch: it is {format_status(run)}."]
    return [
        f"It is {history.shipment.summary}, and I do not watch it: none of its actions are counted."
    ]


def _describe_outcome(outcome: Outcome) -> list[str]:
    reasons = [f"• {escape_line(each, 200)}" for each in outcome.reasons[:_REASONS]]
    return [f"{_HELD[outcome.verdict]} Judged {format_timestamp(outcome.at, 'R')}.", *reasons]


def _list_people(run: Run, history: History, cap: Cap) -> list[str]:
    """Return who asked for, approved, shipped or ended the run, and when."""
    by, at = run.trigger.person, format_timestamp(run.trigger.at, "R")
    itself = by.id == ITSELF.id
    asked = "I started it myself" if itself else f"{to_plain_text(by.name, 40)} asked for it"
    lines = [f"{asked} {at}."]
    approval, shipment = history.approval, history.shipment
    if approval is not None:
        names = " and ".join(to_plain_text(e.name, 40) for e in (approval.person, *approval.others))
        head = f"`{approval.head[:7]}`"
        lines.append(
            f"{names} approved {head} by {approval.how} {format_timestamp(approval.at, 'R')}."
        )
    if shipment is not None:
        merged = f"`{shipment.merge_commit[:7]}`"
        lines.append(
            f"Merged as {merged} {format_timestamp(shipment.at, 'R')}; {shipment.summary}."
        )
    elif run.status in _NOT_WANTED:
        lines.append(f"It was not shipped: {run.reason or format_status(run)}")
    elif approval is None:
        lines.append(f"No one has approved it: it is {format_status(run)}.")
    return lines


def _sort_files(change: ChangeSet) -> list[FileChange]:
    return sorted(change.files, key=lambda file: rank_path(file.path))


def _list_changes(run: Run, history: History, cap: Cap) -> list[str]:
    """Return what the run changed, in which files."""
    change = history.change_set
    if change is None or not change.files:
        found = escape_line(history.diagnosis.headline, 300) if history.diagnosis else ""
        return [f"It has changed nothing: it is {format_status(run)}.", *([found] if found else [])]
    files = [f"`{e.path}` +{e.added} -{e.removed}" for e in _sort_files(change)[:_FILES]]
    more = f" and {len(change.files) - _FILES} more" if len(change.files) > _FILES else ""
    where = history.shipment.summary if history.shipment else format_status(run)
    return [escape_line(change.summary, 500), f"{', '.join(files)}{more}", f"It is {where}."]


def _list_status(run: Run, history: History, cap: Cap) -> list[str]:
    return [run_line(run), *([run.reason] if run.reason else [])]


RUN_ANSWERS: Mapping[Topic, Callable[[Run, History, Cap], list[str]]] = {
    Topic.CAUSE: _list_causes,
    Topic.COST: _list_costs,
    Topic.RISK: _list_risks,
    Topic.PROOF: _list_proofs,
    Topic.WATCH: _watch,
    Topic.WHO: _list_people,
    Topic.CHANGES: _list_changes,
    Topic.WAITING: _list_status,
}
"""The answer about one run, by topic: lines from the run, its records and its cost limit."""
