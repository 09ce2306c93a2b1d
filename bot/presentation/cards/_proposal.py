"""The proposal: everything a person needs to decide, bound to one commit."""

from typing import Literal

from bot.authority.approval_rules import told as words_told
from bot.authority.policy import needs_security_review
from bot.domain.budget import Cap
from bot.domain.change import Verdict
from bot.domain.history import History
from bot.domain.links import web_address
from bot.domain.posts import Attachment, Button, Card, Post
from bot.domain.proposal import Proposal
from bot.domain.run import Run, Status
from bot.guards import approvers_text
from bot.presentation.cards._plain_text import plain
from bot.presentation.cards._proposal_details import details_of, fitted
from bot.presentation.cards._text import elapsed, rest_of, spent
from bot.presentation.markdown import words


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
        words(history.diagnosis.cause, 900),
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


def _words(history: History, opened: Proposal) -> str:
    """Return how far its approval is, where it takes more than one approver's word."""
    given = history.words
    so_far = words_told(given) if given is not None and given.are_for(opened) else ""
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
    paths = rest_of([f"`{f.path}`{f' ({f.kind})' if f.kind else ''}" for f in guarded], 8)
    return f"⚠️ **Security-sensitive code**: {paths}. Ship with “ship it, security reviewed”."


def _dependencies(verdict: Verdict) -> str:
    """Return what the change would bring in from outside, which a small diff hides."""
    new = [finding for finding in verdict.findings if finding.rule == "new_dependency"]
    told = rest_of([words(finding.told, 160) for finding in new], 4, " ")
    return f"📦 **Dependencies**: {told}" if new else ""
