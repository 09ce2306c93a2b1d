"""A proposal's card: what it does and how it was proved, its fields, and the start of its diff."""

from typing import Literal

from bot.authority.approval_policy import told as words_told
from bot.authority.policy import needs_security_review
from bot.domain.budget import Cap
from bot.domain.change import ChangeSet, FileChange, Finding, Verdict, WrittenPart
from bot.domain.history import History
from bot.domain.links import web_address
from bot.domain.plan import Plan
from bot.domain.posts import Attachment, Button, Card, Post
from bot.domain.proposal import Proposal
from bot.domain.run import Run, Status
from bot.guards import approvers_text, diff_hash, is_test_file, new_migrations
from bot.memory.ranking import failed_approaches, told
from bot.presentation.cards._behaviour import behaviour_lines
from bot.presentation.cards._candidates import candidate_lines, chosen_line
from bot.presentation.cards._diff_fields import diff_fields
from bot.presentation.cards._fields import Detail, fitted
from bot.presentation.cards._plain_text import plain
from bot.presentation.cards._progress import taken_back_line
from bot.presentation.cards._text import (
    check_line,
    elapsed,
    file_line,
    granted_lines,
    not_done_lines,
    proof_lines,
    replay_lines,
    reproduction_line,
    spent,
)
from bot.presentation.counts import rest_of
from bot.presentation.flags import ships_behind
from bot.presentation.markdown import words
from bot.proof import label, risk_of

_MOST_NOTES, _MOST_FILES = 5, 10
_NOTE = 180
_GRAVEST_FIRST = (
    "secret", "unsafe_file", "shadowing", "test_deleted", "test_weakened", "test_changed",
    "unproven", "ownership", "size",
)  # fmt: skip
_TOLD_APART = ("protected_path", "new_dependency", "behaviour")


def proposal(run: Run, history: History, cap: Cap | None = None) -> Post:
    """Return the card of the newest proposal; once the run has ended, with nothing to decide.

    `cap` is what the run may cost.
    """
    opened, change, verdict = history.proposal, history.change_set, history.verdict
    if opened is None or change is None or verdict is None:
        raise AssertionError("a proposal card needs a change, a verdict and a proposal")
    warning = _security(history)
    lines = [
        warning,
        _dependencies(verdict),
        _migrations(change),
        ships_behind(history.brief.flag) if history.brief and history.brief.flag else "",
        _words(history, opened),
        opened.note,
        _reason(history),
        chosen_line(history),
        f"**Change**: {words(change.summary, 600)}",
    ]
    title = words(change.title or change.summary, 160)
    stem = f"{run.id}-{opened.head[:7]}"
    details = details_of(history, f"{stem}.diff")
    fields, notes = fitted(details, f"{stem}-notes.md")
    return Post(
        text="",
        card=Card(
            title=f"{'🔒 ' if warning else ''}Proposal #{opened.number}: {title}",
            url=web_address(opened.url),
            body="\n\n".join(line for line in lines if line),
            tone=_tone(run),
            fields=fields,
            footer=(
                f"run {run.id} · head {opened.head[:7]} · {change.engine} · {elapsed(run)} · "
                f"{spent(run, cap)}"
            ),
        ),
        buttons=_buttons(run, opened),
        attachments=(
            Attachment(name=f"{stem}.diff", text=approvers_text(change.diff)),
            *((Attachment(name=f"{stem}-notes.md", text=notes),) if notes else ()),
        ),
    )


def _reason(history: History) -> str:
    """Return what was wanted and what was understood, or what was wrong."""
    brief, diagnosis = history.brief, history.diagnosis
    if brief is not None:
        asked, understood = words(brief.request, 400), words(brief.understood, 500)
        return f"**Asked**: {asked}\n**Understood**: {understood}"
    if diagnosis is None:
        raise AssertionError("a proposal card needs a diagnosis or a brief")
    return words(diagnosis.cause, 900)


def _words(history: History, opened: Proposal) -> str:
    """Return how far its approval is, where it takes more than one approver's word."""
    given = history.words
    so_far = words_told(given) if given is not None and given.are_for(opened) else ""
    return f"👥 {plain(so_far, 400)}" if so_far else ""


def _buttons(run: Run, opened: Proposal) -> tuple[Button, ...]:
    this, over = (run.id, opened.head), run.ended
    decisions = (
        Button(label="Ship it", action="ship", arguments=this, style="success", disabled=over),
        Button(label="Try it", action="try", arguments=(run.id,), disabled=over),
        Button(label="Revise", action="revise", arguments=(run.id,), disabled=over),
        Button(label="Reject", action="reject", arguments=this, style="danger", disabled=over),
        Button(label="Show plan", action="plan", arguments=(run.id,)),
    )
    page = web_address(opened.url)
    return (*decisions, Button(label="Pull request", style="link", url=page)) if page else decisions


def _tone(run: Run) -> Literal["good", "neutral", "warning"]:
    if not run.ended:
        return "warning"
    return "good" if run.status is Status.DONE else "neutral"


def _security(history: History) -> str:
    findings = history.verdict.findings if history.verdict else ()
    if not needs_security_review(findings):
        return ""
    guarded = [finding for finding in findings if finding.rule == "protected_path"]
    paths = rest_of([f"`{f.path}`{f' ({f.kind})' if f.kind else ''}" for f in guarded], 8)
    return f"⚠️ **Security-sensitive code**: {paths}. Ship with “ship it, security reviewed”."


def _dependencies(verdict: Verdict) -> str:
    """Return what the change would bring in from outside, which a small diff hides."""
    new = [finding for finding in verdict.findings if finding.rule == "new_dependency"]
    told = rest_of([words(finding.told, 160) for finding in new], 4, " ")
    return f"📦 **Dependencies**: {told}" if new else ""


def _migrations(change: ChangeSet) -> str:
    """Return that the change migrates the state, after which there is no way back by itself."""
    names = new_migrations(change.diff)
    listed = rest_of([f"`{plain(name, 60)}`" for name in names], 4, ", ")
    return (
        f"🗄️ **Migrates the state**: {listed}. Once that has run, older code cannot open the state: "
        "if this fails after its restart, I do not take it back by myself."
    ) * bool(names)


def details_of(history: History, diff_name: str) -> tuple[Detail, ...]:
    """Return the fields, what matters most first; the whole diff is attached as `diff_name`."""
    change, verdict, plan = history.change_set, history.verdict, history.plan
    if change is None or verdict is None:
        return ()
    found = [
        Detail("Please note", _notes(history, verdict), _MOST_NOTES),
        Detail("Asked, and not done", not_done_lines(change)),
        Detail("What people said is right", tuple(words(each, 300) for each in change.stated)),
        Detail("What changes for people", behaviour_lines(verdict)),
        Detail("Written in parts", tuple(_part_line(each) for each in change.parts)),
        Detail("Candidates", candidate_lines(history)),
        Detail("Files", _files(change, verdict), _MOST_FILES),
        Detail("Checks", tuple(check_line(check) for check in verdict.checks)),
        Detail("Proof", proof_lines(verdict)),
        Detail("Reproduction", _reproduction(plan, verdict)),
        *(Detail(each.name, (each.value,)) for each in diff_fields(change.diff, diff_name)),
        *_background(history, change, verdict, plan),
    ]
    return tuple(detail for detail in found if detail.lines)


def _reproduction(plan: Plan | None, verdict: Verdict) -> tuple[str, ...]:
    calls = plan.shown_by[0] if plan and plan.shown_by else ""
    return (reproduction_line(verdict, calls), *replay_lines(plan)) if plan and calls else ()


def _background(
    history: History, change: ChangeSet, verdict: Verdict, plan: Plan | None
) -> tuple[Detail, ...]:
    seen = history.diagnosis.seen_before if history.diagnosis else ""
    return (
        Detail("Seen before", (plain(seen, 400),) if seen else ()),
        Detail("Undo", (words(verdict.undo.told, 400),) if verdict.undo else ()),
        Detail("Taken back", (taken_back_line(verdict.undone),) if verdict.undone else ()),
        Detail("Granted on the way", granted_lines(change)),
        Detail("Risk", (_risk(plan, verdict),) if plan else ()),
        Detail("Review", (words(change.review, 600),) if change.review else ()),
    )


def _part_line(part: WrittenPart) -> str:
    """Return what became of one part: whether it held alone, and why it was written again."""
    mark, told = ("✅", "holds alone") if part.alone else ("▫️", "did not hold alone")
    again = f"; written again on top of the others: {words(part.again, 160)}" if part.again else ""
    return f"{mark} {part.name} {told} ({words(part.told, 160)}){again}"


def _files(change: ChangeSet, verdict: Verdict) -> tuple[str, ...]:
    """Return a line a file: guarded ones first, tests last, the larger change before."""
    guarded = {each.path for each in verdict.findings if each.rule == "protected_path"}

    def order(each: FileChange) -> tuple[bool, bool, int]:
        return each.path not in guarded, is_test_file(each.path), -(each.added + each.removed)

    return tuple(file_line(each) for each in sorted(change.files, key=order)) or ("—",)


def _notes(history: History, verdict: Verdict) -> tuple[str, ...]:
    found = [
        each for each in verdict.findings if not each.blocking and each.rule not in _TOLD_APART
    ]
    notes = [
        *_tried_before(history),
        *(words(each.told, _NOTE) for each in sorted(found, key=_rank)),
    ]
    return tuple(f"• {note}" for note in notes)


def _rank(finding: Finding) -> int:
    """Return how far down a finding stands; what the guard says first comes first within a rule."""
    known = finding.rule in _GRAVEST_FIRST
    return _GRAVEST_FIRST.index(finding.rule) if known else len(_GRAVEST_FIRST)


def _tried_before(history: History) -> tuple[str, ...]:
    """Return a warning where this very change was shipped for this failure and did not hold."""
    evidence, change, diagnosis = history.evidence, history.change_set, history.diagnosis
    if evidence is None or change is None or diagnosis is None:
        return ()
    this = diff_hash(change.diff)
    known = failed_approaches(evidence.memories, diagnosis.fingerprint)
    return tuple(
        f"⚠️ This very change was tried before: {words(told(fix), 300)}"
        for fix in known
        if this and fix.diff_hash == this
    )


def _risk(plan: Plan, verdict: Verdict) -> str:
    """Return the risk, with what the reproduction does not say of this head."""
    told = (f"{risk_of(plan, verdict).capitalize()}.", label(verdict), plan.impact)
    return words(" ".join(filter(None, told)), 400)
