"""The card of a change that was found, not proven: approvers decide whether it is proposed."""

from theseus_guard import build_approver_text

from bot.domain.budget import Cap
from bot.domain.history import History
from bot.domain.plausible_edit import PlausibleEdit
from bot.domain.posts import Attachment, Button, Card, Post
from bot.domain.run import Run
from bot.presentation.cards._behaviour import render_behaviour
from bot.presentation.cards._diff_fields import iterate_diff_fields
from bot.presentation.cards._fields import Detail, fit_fields
from bot.presentation.cards._text import (
    check_line,
    format_elapsed,
    format_file_line,
    format_reproduction_line,
    format_spending,
)
from bot.presentation.markdown import escape_line
from bot.presentation.titles import add_target

_HOW = (
    "The failure no longer occurs with this change, and all checks pass. No test can tell whether "
    "its new answers are right, so I do not propose it by myself. Read the diff and try it. An "
    "approver can then propose it."
)


def render_unproven_change(run: Run, history: History, cap: Cap | None = None) -> Post:
    """Return the card: the diff, the evidence for and against the change, and its new answers."""
    change, verdict = history.change_set, history.verdict
    if change is None or change.plausible_edit is None or verdict is None:
        raise AssertionError("a card of an unproven change needs that change and a verdict")
    stem = f"{run.id}-{change.head[:7]}"
    name = f"{stem}.diff"
    calls = history.plan.demonstration[0] if history.plan and history.plan.demonstration else ""
    details = [
        *(Detail(each.name, (each.value,)) for each in iterate_diff_fields(change.diff, name)),
        Detail(
            "For it",
            _list_evidence(change.plausible_edit, format_reproduction_line(verdict, calls)),
        ),
        Detail("Against it", _list_counterevidence(change.plausible_edit)),
        Detail(
            "Its answers", tuple(escape_line(each, 300) for each in change.plausible_edit.answers)
        ),
        Detail("What changes for people", render_behaviour(verdict)),
        Detail("Files", tuple(format_file_line(each) for each in change.files)),
        Detail("Checks", tuple(check_line(check) for check in verdict.checks)),
    ]
    fields, notes = fit_fields([each for each in details if each.lines], f"{stem}-notes.md")
    return Post(
        card=Card(
            title=add_target(
                f"Found, not proven: {escape_line(change.title or change.summary, 160)}",
                run.trigger,
            ),
            body=_HOW,
            tone="warning",
            fields=fields,
            footer=(
                f"run {run.id} · head {change.head[:7]} · {change.engine} · {format_elapsed(run)} "
                f"· {format_spending(run, cap)}"
            ),
        ),
        buttons=_build_buttons(run, change.head),
        attachments=(
            Attachment(name=name, text=build_approver_text(change.diff)),
            *((Attachment(name=f"{stem}-notes.md", text=notes),) if notes else ()),
        ),
    )


def _list_evidence(edit: PlausibleEdit, reproduction: str) -> tuple[str, ...]:
    return tuple(
        f"• {line}" for line in (reproduction, *(escape_line(e, 300) for e in edit.evidence))
    )


def _list_counterevidence(edit: PlausibleEdit) -> tuple[str, ...]:
    return tuple(f"• {escape_line(each, 400)}" for each in (edit.reason, *edit.against))


def _build_buttons(run: Run, head: str) -> tuple[Button, ...]:
    return (
        Button(label="Try it", action="try", arguments=(run.id,)),
        Button(
            label="Propose it, I have read it",
            action="endorse",
            arguments=(run.id, head),
            style="success",
        ),
        Button(label="Reject", action="reject", arguments=(run.id, head), style="danger"),
    )
