"""A proposal's card: what it does, how it was proven, its details and the start of its diff."""

from typing import Literal

from theseus_guard import build_approver_text, hash_diff
from theseus_guard.records import FileChange, Finding

from bot.authority.approval_policy import describe_votes
from bot.authority.policy import is_security_sensitive
from bot.domain.budget import Cap
from bot.domain.change import ChangeSet, Verdict, WrittenPart, rank_path
from bot.domain.history import History
from bot.domain.links import parse_web_address
from bot.domain.migrations import find_new_migrations
from bot.domain.part_notes import PartNote
from bot.domain.plan import Plan
from bot.domain.posts import Attachment, Button, Card, Post
from bot.domain.proposal import Proposal
from bot.domain.run import Run, Status
from bot.memory.ranking import find_failed_approaches, format_memory
from bot.presentation.cards._behaviour import render_behaviour
from bot.presentation.cards._candidates import (
    format_choice,
    list_candidate_lines,
    list_vote_lines,
)
from bot.presentation.cards._diff_fields import iterate_diff_fields
from bot.presentation.cards._fields import Detail, fit_fields
from bot.presentation.cards._gates import describe_slowdowns, list_gate_lines
from bot.presentation.cards._plain_text import to_plain_text
from bot.presentation.cards._progress import format_revert_line
from bot.presentation.cards._second_opinion import list_opinion_lines
from bot.presentation.cards._sources import list_source_lines
from bot.presentation.cards._text import (
    check_line,
    format_elapsed,
    format_file_line,
    format_reproduction_line,
    format_spending,
    list_granted_lines,
    list_not_done_lines,
    list_proof_lines,
    replay_lines,
)
from bot.presentation.counts import format_list
from bot.presentation.flags import describe_upcoming_flag
from bot.presentation.markdown import escape_line
from bot.presentation.titles import add_target
from bot.proof import compute_risk, label

_MOST_NOTES, _MOST_FILES = 5, 10
_NOTE = 180
_GRAVEST_FIRST = (
    "secret", "unsafe_file", "shadowing", "test_deleted", "test_weakened", "test_changed",
    "unproven", "ownership", "size",
)  # fmt: skip
_SEPARATE_RULES = ("protected_path", "new_dependency", "behaviour")


def render_proposal(run: Run, history: History, cap: Cap | None = None) -> Post:
    """Return the card of the newest proposal; its decision buttons are disabled once the run ended.

    `cap` is what the run may cost.
    """
    opened, change, verdict = history.proposal, history.change_set, history.verdict
    if opened is None or change is None or verdict is None:
        raise AssertionError("a proposal card needs a change, a verdict and a proposal")
    warning = _describe_security(history)
    lines = [
        warning,
        _describe_missing_review(change),
        describe_slowdowns(verdict),
        _describe_dependencies(verdict),
        _describe_migrations(change),
        describe_upcoming_flag(history.brief.flag) if history.brief and history.brief.flag else "",
        _format_votes(history, opened),
        opened.note,
        _render_reason(history),
        format_choice(history),
        f"**Change**: {escape_line(change.summary, 600)}",
    ]
    title = escape_line(change.title or change.summary, 160)
    stem = f"{run.id}-{opened.head[:7]}"
    details = build_details(history, f"{stem}.diff")
    fields, notes = fit_fields(details, f"{stem}-notes.md")
    return Post(
        text="",
        card=Card(
            title=add_target(
                f"{'🔒 ' if warning else ''}Proposal #{opened.number}: {title}", run.trigger
            ),
            url=parse_web_address(opened.url),
            body="\n\n".join(line for line in lines if line),
            tone=_choose_tone(run),
            fields=fields,
            footer=(
                f"run {run.id} · head {opened.head[:7]} · {change.engine} · {format_elapsed(run)} "
                f"· {format_spending(run, cap)}"
            ),
        ),
        buttons=_build_buttons(run, opened),
        attachments=(
            Attachment(name=f"{stem}.diff", text=build_approver_text(change.diff)),
            *((Attachment(name=f"{stem}-notes.md", text=notes),) if notes else ()),
        ),
    )


def _render_reason(history: History) -> str:
    """Return the request and how it was understood, or the cause of the failure."""
    brief, diagnosis = history.brief, history.diagnosis
    if brief is not None:
        asked, understood = escape_line(brief.request, 400), escape_line(brief.understood, 500)
        return f"**Asked**: {asked}\n**Understood**: {understood}"
    if diagnosis is None:
        raise AssertionError("a proposal card needs a diagnosis or a brief")
    return escape_line(diagnosis.cause, 900)


def _format_votes(history: History, opened: Proposal) -> str:
    """Return the approvals so far, if the proposal needs more than one approver."""
    votes = history.approval_votes
    so_far = describe_votes(votes) if votes is not None and votes.is_for(opened) else ""
    return f"👥 {to_plain_text(so_far, 400)}" if so_far else ""


def _build_buttons(run: Run, opened: Proposal) -> tuple[Button, ...]:
    this, over = (run.id, opened.head), run.has_ended
    decisions = (
        Button(label="Ship it", action="ship", arguments=this, style="success", disabled=over),
        Button(label="Try it", action="try", arguments=(run.id,), disabled=over),
        Button(label="Revise", action="revise", arguments=(run.id,), disabled=over),
        Button(label="Reject", action="reject", arguments=this, style="danger", disabled=over),
        Button(label="Show plan", action="plan", arguments=(run.id,)),
    )
    page = parse_web_address(opened.url)
    return (*decisions, Button(label="Pull request", style="link", url=page)) if page else decisions


def _choose_tone(run: Run) -> Literal["good", "neutral", "warning"]:
    if not run.has_ended:
        return "warning"
    return "good" if run.status is Status.DONE else "neutral"


def _describe_security(history: History) -> str:
    findings = history.verdict.findings if history.verdict else ()
    if not is_security_sensitive(findings):
        return ""
    guarded = [finding for finding in findings if finding.rule == "protected_path"]
    paths = format_list([f"`{f.path}`{f' ({f.kind})' if f.kind else ''}" for f in guarded], 8)
    return f"⚠️ **Security-sensitive code**: {paths}. Ship with “ship it, security reviewed”."


def _describe_missing_review(change: ChangeSet) -> str:
    """Return a warning if the engine's reviewer could not read the change, or did not approve it.

    An engine without a reviewer has no `review`.
    """
    if not change.review or change.approved:
        return ""
    if change.approved is None:
        return "⚠️ **Nobody reviewed this change**: read the diff before you ship it. See “Review”."
    return "⚠️ **The reviewer did not approve this change.** See “Review”."


def _describe_dependencies(verdict: Verdict) -> str:
    """Return the new dependencies: a small diff can hide them."""
    new = [finding for finding in verdict.findings if finding.rule == "new_dependency"]
    names = format_list([escape_line(finding.summary, 160) for finding in new], 4, " ")
    return f"📦 **Dependencies**: {names}" if new else ""


def _describe_migrations(change: ChangeSet) -> str:
    """Return a warning if the change migrates the state: then it cannot be rolled back."""
    names = find_new_migrations(change.diff)
    listed = format_list([f"`{to_plain_text(name, 60)}`" for name in names], 4, ", ")
    return (
        f"🗄️ **Migrates the state**: {listed}. After the migration, older code cannot read the "
        "state. If this change fails after its restart, I do not roll it back by myself."
    ) * bool(names)


def build_details(history: History, diff_name: str) -> tuple[Detail, ...]:
    """Return the card's fields, most important first; the full diff is attached as `diff_name`."""
    change, verdict, plan = history.change_set, history.verdict, history.plan
    if change is None or verdict is None:
        return ()
    found = [
        Detail("Please note", _list_notes(history, verdict), _MOST_NOTES),
        Detail("Requested, but not done", list_not_done_lines(change)),
        Detail(
            "Confirmed as right by people", tuple(escape_line(each, 300) for each in change.stated)
        ),
        Detail("What changes for people", render_behaviour(verdict)),
        Detail("Written in parts", tuple(_format_part_line(each) for each in change.parts)),
        Detail("Notes between parts", tuple(map(_format_part_note, change.part_notes))),
        Detail("Candidates", list_candidate_lines(history)),
        Detail("Votes of reviewers", list_vote_lines(history)),
        Detail("Files", _list_file_lines(change, verdict), _MOST_FILES),
        Detail("Checks", tuple(check_line(check) for check in verdict.checks)),
        Detail("Quality gates", list_gate_lines(verdict)),
        Detail("Proof", list_proof_lines(verdict)),
        Detail("Reproduction", _list_reproduction_lines(plan, verdict)),
        *(Detail(each.name, (each.value,)) for each in iterate_diff_fields(change.diff, diff_name)),
        *_build_background(history, change, verdict, plan),
    ]
    return tuple(detail for detail in found if detail.lines)


def _list_reproduction_lines(plan: Plan | None, verdict: Verdict) -> tuple[str, ...]:
    calls = plan.demonstration[0] if plan and plan.demonstration else ""
    return (format_reproduction_line(verdict, calls), *replay_lines(plan)) if plan and calls else ()


def _build_background(
    history: History, change: ChangeSet, verdict: Verdict, plan: Plan | None
) -> tuple[Detail, ...]:
    seen = history.diagnosis.seen_before if history.diagnosis else ""
    return (
        Detail("Seen before", (to_plain_text(seen, 400),) if seen else ()),
        Detail("Revert test", _list_trial_lines(verdict)),
        Detail(
            "Reverted",
            (format_revert_line(verdict.revert_result),) if verdict.revert_result else (),
        ),
        Detail("Extra files granted", list_granted_lines(change)),
        Detail("Risk", (_describe_risk(plan, verdict),) if plan else ()),
        Detail("Second opinion", list_opinion_lines(plan) if plan else ()),
        Detail("Sources", list_source_lines(history.research_report)),
        Detail("Review", (escape_line(change.review, 600),) if change.review else ()),
    )


def _list_trial_lines(verdict: Verdict) -> tuple[str, ...]:
    """Return the trial of the revert, unless the quality gates tell of it."""
    trial = verdict.revert_trial
    is_told = any(each.gate == "revert" for each in verdict.gates)
    return () if trial is None or is_told else (escape_line(trial.summary, 400),)


def _format_part_note(note: PartNote) -> str:
    """Return a note that one model left for the others, as text that cannot do anything."""
    return f"📝 {escape_line(note.part, 40)}: {escape_line(note.text, 300)}"


def _format_part_line(part: WrittenPart) -> str:
    """Return whether one part passed alone, and why it was written again."""
    mark, result = ("✅", "passes alone") if part.alone else ("▫️", "did not pass alone")
    retry_note = (
        f"; rewritten on top of the other parts: {escape_line(part.retry_reason, 160)}"
        if part.retry_reason
        else ""
    )
    return f"{mark} {part.name} {result} ({escape_line(part.check_summary, 160)}){retry_note}"


def _list_file_lines(change: ChangeSet, verdict: Verdict) -> tuple[str, ...]:
    """Return one line a file: guarded files first, then code; larger changes first."""
    guarded = {each.path for each in verdict.findings if each.rule == "protected_path"}

    def order(each: FileChange) -> tuple[bool, int, int]:
        return each.path not in guarded, rank_path(each.path), -(each.added + each.removed)

    return tuple(format_file_line(each) for each in sorted(change.files, key=order)) or ("—",)


def _list_notes(history: History, verdict: Verdict) -> tuple[str, ...]:
    found = [
        each for each in verdict.findings if not each.blocking and each.rule not in _SEPARATE_RULES
    ]
    notes = [
        *_list_earlier_attempts(history),
        *(escape_line(each.summary, _NOTE) for each in sorted(found, key=_rank)),
    ]
    return tuple(f"• {note}" for note in notes)


def _rank(finding: Finding) -> int:
    """Return the sort key of a finding; findings of one rule keep the guard's order."""
    known = finding.rule in _GRAVEST_FIRST
    return _GRAVEST_FIRST.index(finding.rule) if known else len(_GRAVEST_FIRST)


def _list_earlier_attempts(history: History) -> tuple[str, ...]:
    """Return a warning if exactly this change was shipped for this failure and did not work."""
    evidence, change, diagnosis = history.evidence, history.change_set, history.diagnosis
    if evidence is None or change is None or diagnosis is None:
        return ()
    this = hash_diff(change.diff)
    known = find_failed_approaches(evidence.memories, diagnosis.fingerprint)
    return tuple(
        f"⚠️ This exact change was tried before: {escape_line(format_memory(fix), 300)}"
        for fix in known
        if this and fix.diff_hash == this
    )


def _describe_risk(plan: Plan, verdict: Verdict) -> str:
    """Return the risk, and what the reproduction does not show about this head."""
    parts = (f"{compute_risk(plan, verdict).capitalize()}.", label(verdict), plan.impact)
    return escape_line(" ".join(filter(None, parts)), 400)
