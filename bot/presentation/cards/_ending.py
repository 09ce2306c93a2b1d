"""The final message of a run that ends without a proposal: only what was tried and seen."""

from bot.domain.change import ChangeSet, CheckResult, Verdict
from bot.domain.history import History
from bot.domain.posts import Attachment, Button, Post
from bot.domain.run import Run, Status
from bot.presentation.cards._text import check_line, to_one_line
from bot.presentation.markdown import escape_line
from bot.presentation.missing_failure import MARKS, NOT_FOUND_MARK

STATUS_MARKS = {
    Status.QUEUED: "🕐",
    Status.RUNNING: "⏳",
    Status.WAITING: "✋",
    Status.DONE: "✅",
    Status.FAILED: "❌",
    Status.CANCELLED: "⏹️",
    Status.REJECTED: "⏹️",
    Status.QUARANTINED: "☣️",
}
"""The sign of each status, used on the run's card and in its final message."""


def render_ending(run: Run, history: History) -> Post:
    """Return what happened, with the raw output of failed checks attached."""
    lines = [f"{get_end_mark(run, history)} {run.reason}"]
    attachments: tuple[Attachment, ...] = ()
    if run.status is Status.FAILED:
        lines += (
            _list_attempts(history.change_set)
            + _list_failed_checks(history)
            + _list_known_facts(run, history)
        )
        attachments = (*_build_trace_files(history), *build_verdict_files(history.verdict))
    buttons = build_choice_buttons(run, history) or _build_retry_buttons(run, history)
    return Post(text="\n".join(lines), buttons=buttons, attachments=attachments)


def _build_retry_buttons(run: Run, history: History) -> tuple[Button, ...]:
    """Return a button for another attempt, after an end without a proposal."""
    if history.proposal is not None or not run.can_be_retried:
        return ()
    return (Button(label="Try again", action="retry", arguments=(run.id,)),)


def is_without_failure(history: History) -> bool:
    """Return whether the run found no failure that certainly matches the request."""
    return history.diagnosis is not None and not history.diagnosis.found


def get_end_mark(run: Run, history: History) -> str:
    """Return the sign for how a run ended; if it found nothing, the sign of the answer instead."""
    diagnosis = history.diagnosis
    if diagnosis is None or diagnosis.found or run.status in (Status.CANCELLED, Status.QUARANTINED):
        return STATUS_MARKS[run.status]
    return MARKS.get(diagnosis.instead, NOT_FOUND_MARK)


def build_choice_buttons(run: Run, history: History) -> tuple[Button, ...]:
    """Return a button for each failure that may match the request."""
    listed = history.diagnosis.choices if history.diagnosis else ()
    return tuple(
        Button(label=to_one_line(each.name, 80), action="choose", arguments=(run.id, each.error_id))
        for each in listed
    )


def _list_attempts(change: ChangeSet | None) -> list[str]:
    if change is None or not change.attempts:
        return []
    shown = [f"• {attempt.summary}: {attempt.result}" for attempt in change.attempts[:12]]
    more = len(change.attempts) - len(shown)
    return ["", "**What I tried**", *shown, *([f"… and {more} more"] if more > 0 else [])]


def _list_failed_checks(history: History) -> list[str]:
    verdict, change = history.verdict, history.change_set
    if verdict is None:
        return []
    reasons = {each.about: each.reason for each in change.unrelated} if change else {}
    lines = [f"• {finding.summary}" for finding in verdict.findings if finding.blocking]
    lines += [
        check_line(check)
        + (" · also fails without the change" if check.name in verdict.failing_before else "")
        + (
            f" · not caused by the change, the engine says: {escape_line(reasons[check.name])}"
            if check.name in reasons
            else ""
        )
        for check in _list_checks(verdict)
        if not check.ok
    ]
    return ["", "**What my checks found**", *lines] if lines else []


def _list_known_facts(run: Run, history: History) -> list[str]:
    """Return what is known about a fault that could not be fixed, and what people can do next."""
    diagnosis = history.diagnosis
    if diagnosis is None or not (diagnosis.found and diagnosis.file):
        return []
    lines = ["", "**What I know**", f"• {to_one_line(diagnosis.cause, 600)}"]
    steps = ["read the attached trace"] if _build_trace_files(history) else []
    if diagnosis.suspects:
        commit = diagnosis.suspects[0].commit
        commit_text = (
            f"`{commit.sha[:7]}` “{escape_line(commit.summary, 80)}” by "
            f"{escape_line(commit.author, 40)}"
        )
        if commit.sha[:7] not in diagnosis.cause:
            lines.append(f"• Suspect: {commit_text}")
        steps.append(
            f"revert {commit_text} (`git revert {commit.sha[:7]}`)"
            if diagnosis.suspects[0].is_revertible
            else f"read what {commit_text} changed there (most of its changes are unrelated, so a "
            "revert would remove too much)"
        )
    steps.append("press the button or say “try again” once something has changed")
    return [*lines, "", f"What you can do: {'; '.join(steps)}."]


def _build_trace_files(history: History) -> tuple[Attachment, ...]:
    """Return the newest failure's frames with their values, and its exception."""
    capsule = history.evidence.capsule if history.evidence else None
    if capsule is None or not capsule.frames:
        return ()
    lines = [
        f"{frame.file}:{frame.line} in {frame.function}"
        + "".join(f"\n    {name} = {value}" for name, value in frame.arguments.items())
        for frame in capsule.frames
    ]
    text = "\n".join([*lines, f"{capsule.exception}: {capsule.message}"])
    return (Attachment(name="trace.txt", text=text),)


def _list_checks(verdict: Verdict) -> tuple[CheckResult, ...]:
    return (*verdict.checks, *([verdict.passing_on_head] if verdict.passing_on_head else []))


def build_verdict_files(verdict: Verdict | None) -> tuple[Attachment, ...]:
    """Return the raw output of every failed check, as files."""
    if verdict is None:
        return ()
    return build_output_files(_list_checks(verdict))


def build_output_files(checks: tuple[CheckResult, ...]) -> tuple[Attachment, ...]:
    """Return the raw output of those checks that failed, as files."""
    failed = [check for check in checks if not check.ok and check.output]
    return tuple(
        Attachment(name=f"{check.name.replace(' ', '-')}.log", text=check.output)
        for check in failed[:8]
    )
