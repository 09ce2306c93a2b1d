"""The proposal: everything a person needs to decide, bound to one commit."""

from typing import Literal

from bot.domain.approving import told as words_told
from bot.domain.budget import Cap
from bot.domain.cards._outcome import taken_back_line
from bot.domain.cards._plain import plain
from bot.domain.cards._text import (
    check_line,
    elapsed,
    file_line,
    granted_lines,
    one_line,
    reproduction_line,
    spent,
)
from bot.domain.change import Verdict
from bot.domain.diff_guard import diff_hash
from bot.domain.history import History
from bot.domain.links import web_address
from bot.domain.plan import Plan
from bot.domain.policy import needs_security_review
from bot.domain.posts import Attachment, Button, Card, CardField, Post
from bot.domain.proposal import Proposal
from bot.domain.recalling import failed_approaches, told
from bot.domain.run import Run, Status

_SHOWN_DIFF = 1_200


def proposal(run: Run, history: History, cap: Cap | None = None) -> Post:
    """Return the card of the newest proposal; once the run has ended, with nothing to decide.

    `cap` is what the run may cost.
    """
    opened, change, verdict = history.proposal, history.change_set, history.verdict
    if opened is None or change is None or verdict is None or history.diagnosis is None:
        raise AssertionError("a proposal card needs a diagnosis, a change, a verdict, a proposal")
    warning = _security(history)
    lines = [
        warning,
        _dependencies(verdict),
        _words(history, opened),
        opened.note,
        history.diagnosis.cause,
        f"**Change**: {change.summary}",
    ]
    shown, title = _shown(change.diff), one_line(change.title or change.summary, 160)
    return Post(
        text="",
        card=Card(
            title=f"{'🔒 ' if warning else ''}Proposal #{opened.number}: {title}",
            url=web_address(opened.url),
            body="\n\n".join(line for line in [*lines, shown] if line),
            tone=_tone(run),
            fields=_fields(history),
            footer=(
                f"run {run.id} · head {opened.head[:7]} · {change.engine} · {elapsed(run)} · "
                f"{spent(run, cap)}"
            ),
        ),
        buttons=_buttons(run, opened),
        attachments=(Attachment(name=f"{run.id}-{opened.head[:7]}.diff", text=change.diff),),
    )


def _words(history: History, opened: Proposal) -> str:
    """Return how far its approval is, where it takes more than one approver's word."""
    words = history.words
    so_far = words_told(words) if words is not None and words.are_for(opened) else ""
    return f"👥 {plain(so_far, 400)}" if so_far else ""


def _buttons(run: Run, opened: Proposal) -> tuple[Button, ...]:
    this, over = (run.id, opened.head), run.ended
    decisions = (
        Button(label="Ship it", action="ship", arguments=this, style="success", disabled=over),
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
    paths = ", ".join(f"`{f.path}`{f' ({f.kind})' if f.kind else ''}" for f in guarded)
    return f"⚠️ **Security-sensitive code**: {paths}. Ship with “ship it, security reviewed”."


def _dependencies(verdict: Verdict) -> str:
    """Return what the change would bring in from outside, which a small diff hides."""
    new = [finding for finding in verdict.findings if finding.rule == "new_dependency"]
    return f"📦 **Dependencies**: {' '.join(f.told for f in new)}" if new else ""


def _shown(diff: str) -> str:
    """Return the start of the diff outside tests, fenced; the whole is attached."""
    parts = [part for part in diff.split("diff --git ") if part and " b/tests/" not in part]
    hunks = "\n".join(part[part.find("@@") :].strip("\n") for part in parts if "@@" in part)
    text = hunks.replace("```", "'''")
    if not text:
        return ""
    cut = text if len(text) <= _SHOWN_DIFF else text[:_SHOWN_DIFF].rpartition("\n")[0] + "\n…"
    return f"```diff\n{cut}\n```"


def _fields(history: History) -> tuple[CardField, ...]:
    change, verdict, plan = history.change_set, history.verdict, history.plan
    if change is None or verdict is None:
        return ()
    fields = [
        CardField(name="Files", value="\n".join(file_line(f) for f in change.files[:10]) or "—"),
        CardField(name="Checks", value="\n".join(check_line(check) for check in verdict.checks)),
    ]
    if plan and plan.reproduction:
        line = reproduction_line(verdict, plan.reproduction.calls)
        fields.append(CardField(name="Reproduction", value=line))
    seen = history.diagnosis.seen_before if history.diagnosis else ""
    if seen:
        fields.append(CardField(name="Seen before", value=plain(seen, 400)))
    if verdict.undone:
        fields.append(CardField(name="Taken back", value=taken_back_line(verdict.undone)))
    if change.granted:
        fields.append(CardField(name="Granted on the way", value="\n".join(granted_lines(change))))
    if plan:
        fields.append(CardField(name="Risk", value=_risk(plan)))
    if change.review:
        fields.append(CardField(name="Review", value=one_line(change.review, 600)))
    notes = [f"• {note}" for note in _tried_before(history)]
    notes += [
        f"• {f.told}"
        for f in verdict.findings
        if not f.blocking and f.rule not in ("protected_path", "new_dependency")
    ]
    if notes:
        fields.append(CardField(name="Please note", value="\n".join(notes[:5])))
    return tuple(fields)


def _tried_before(history: History) -> tuple[str, ...]:
    """Return a warning where this very change was shipped for this failure and did not hold."""
    evidence, change, diagnosis = history.evidence, history.change_set, history.diagnosis
    if evidence is None or change is None or diagnosis is None:
        return ()
    this = diff_hash(change.diff)
    known = failed_approaches(evidence.memories, diagnosis.fingerprint)
    return tuple(
        f"⚠️ This very change was tried before: {told(fix)}"
        for fix in known
        if this and fix.diff_hash == this
    )


def _risk(plan: Plan) -> str:
    return one_line(f"{plan.risk.capitalize()}. {plan.impact}", 400).strip()
