"""The card of a change that was found, not proven: approvers decide whether it is proposed."""

from bot.domain.budget import Cap
from bot.domain.history import History
from bot.domain.posts import Attachment, Button, Card, Post
from bot.domain.run import Run
from bot.domain.unproven import UnprovenEdit
from bot.guards import approvers_text
from bot.presentation.cards._behaviour import behaviour_lines
from bot.presentation.cards._diff_fields import diff_fields
from bot.presentation.cards._fields import Detail, fitted
from bot.presentation.cards._text import check_line, elapsed, file_line, reproduction_line, spent
from bot.presentation.markdown import words

_HOW = (
    "The failure no longer occurs with this change, and all checks pass. No test can tell whether "
    "its new answers are right, so I do not propose it by myself. Read the diff and try it. An "
    "approver can then propose it."
)


def unproven(run: Run, history: History, cap: Cap | None = None) -> Post:
    """Return the card: the diff, what speaks for the change and against it, its new answers."""
    change, verdict = history.change_set, history.verdict
    if change is None or change.unproven is None or verdict is None:
        raise AssertionError("a card of an unproven change needs that change and a verdict")
    stem = f"{run.id}-{change.head[:7]}"
    name = f"{stem}.diff"
    calls = history.plan.shown_by[0] if history.plan and history.plan.shown_by else ""
    details = [
        *(Detail(each.name, (each.value,)) for each in diff_fields(change.diff, name)),
        Detail("For it", _evidence(change.unproven, reproduction_line(verdict, calls))),
        Detail("Against it", _against(change.unproven)),
        Detail("Its answers", tuple(words(each, 300) for each in change.unproven.answers)),
        Detail("What changes for people", behaviour_lines(verdict)),
        Detail("Files", tuple(file_line(each) for each in change.files)),
        Detail("Checks", tuple(check_line(check) for check in verdict.checks)),
    ]
    fields, notes = fitted([each for each in details if each.lines], f"{stem}-notes.md")
    return Post(
        card=Card(
            title=f"Found, not proven: {words(change.title or change.summary, 160)}",
            body=_HOW,
            tone="warning",
            fields=fields,
            footer=(
                f"run {run.id} · head {change.head[:7]} · {change.engine} · {elapsed(run)} · "
                f"{spent(run, cap)}"
            ),
        ),
        buttons=_buttons(run, change.head),
        attachments=(
            Attachment(name=name, text=approvers_text(change.diff)),
            *((Attachment(name=f"{stem}-notes.md", text=notes),) if notes else ()),
        ),
    )


def _evidence(edit: UnprovenEdit, reproduction: str) -> tuple[str, ...]:
    return tuple(f"• {line}" for line in (reproduction, *(words(e, 300) for e in edit.evidence)))


def _against(edit: UnprovenEdit) -> tuple[str, ...]:
    return tuple(f"• {words(each, 400)}" for each in (edit.reason, *edit.against))


def _buttons(run: Run, head: str) -> tuple[Button, ...]:
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
