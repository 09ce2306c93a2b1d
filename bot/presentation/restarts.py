"""Messages about restarts: one succeeded, was rolled back, or failed."""

from theseus_observe.redaction import redact

from bot.domain.posts import Attachment, Button, Post
from bot.domain.restart import RestartReport

_OWN = (
    "\nPart of it is the supervisor's own code, which takes effect when the service itself is "
    "restarted."
)
_WAY_ON = (
    " I do not start `{commit}` again by myself. Push a newer commit, or restart the service on "
    "this one."
)


def render_restart(report: RestartReport) -> Post:
    """Return the message after the new process has taken over."""
    own = _OWN if report.supervisor_changed else ""
    what = f": {redact(report.reason)}" if report.reason else ""
    commit = _shorten_commit(report.commit)
    return Post(text=f"🚢 **live at `{commit}`**, after a restart{what}.{own}")


def render_rollback(report: RestartReport) -> Post:
    """Return the incident's message about a commit that failed its probation."""
    ends = "could not roll it back" if report.not_back else "rolled it back"
    return Post(
        text=f"🛑 I restarted onto `{_shorten_commit(report.commit)}`, and {ends}: "
        f"{redact(report.why)}. {_describe_checkout(report)}{_offer(report)}",
        buttons=_revert(report),
        attachments=_build_tail_attachment(report),
    )


def render_failed_restart(report: RestartReport) -> Post:
    """Return the message if the new code failed before it could take over."""
    return Post(
        text=(
            f"🛑 I did not restart onto `{_shorten_commit(report.commit)}`: "
            f"{redact(report.why)}. Nothing was interrupted. "
            f"{_describe_checkout(report)}{_offer(report)}"
        ),
        buttons=_revert(report),
        attachments=_build_tail_attachment(report),
    )


def render_crash(report: RestartReport) -> Post:
    """Return the message of the process that was started after a crash."""
    return Post(
        text=f"⚠️ My process died and was restarted: {redact(report.why)}. Running work "
        "continues, and I answer the messages that arrived in the meantime.",
        attachments=_build_tail_attachment(report),
    )


def _describe_checkout(report: RestartReport) -> str:
    previous, commit = _shorten_commit(report.previous), _shorten_commit(report.commit)
    if report.not_back:
        return (
            f"⚠️ The checkout was not restored to `{previous}`, so every start runs `{commit}`. "
            f"Please look at it on the machine. {_format_sentence(redact(report.not_back))}"
        )
    return f"The code is back at `{previous}`, which is running.{_WAY_ON.format(commit=commit)}"


def _format_sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _offer(report: RestartReport) -> str:
    if report.run_id is None:
        return ""
    return (
        " It is still on the branch. Press the button, or say “revert it” in its thread, and I "
        "propose a revert."
    )


def _revert(report: RestartReport) -> tuple[Button, ...]:
    if report.run_id is None:
        return ()
    return (Button(label="Revert it", action="revert", arguments=(report.run_id,), style="danger"),)


def _build_tail_attachment(report: RestartReport) -> tuple[Attachment, ...]:
    if not report.tail.strip():
        return ()
    return (Attachment(name="last-lines.txt", text=redact(report.tail)),)


def _shorten_commit(commit: str) -> str:
    return commit[:7] or "another commit"
