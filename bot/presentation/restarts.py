"""What is said of restarts: that one is done, was taken back, or did not come."""

from bot.domain.posts import Attachment, Button, Post
from bot.domain.restart import RestartReport
from bot.redaction import redact

_OWN = (
    "\nPart of it is the supervisor's own code: that is taken on when the service itself is "
    "started again."
)
_WAY_ON = (
    " I do not start `{commit}` again by myself: push something newer, or start the service again "
    "on it."
)


def render_restart(report: RestartReport) -> Post:
    """Return what is said once the new process has taken over."""
    own = _OWN if report.supervisor_changed else ""
    what = f": {redact(report.reason)}" if report.reason else ""
    commit = _shorten_commit(report.commit)
    return Post(text=f"🚢 **live at `{commit}`**, after a restart{what}.{own}")


def render_rollback(report: RestartReport) -> Post:
    """Return the incident of a commit that did not pass its probation."""
    ends = "cannot go back" if report.not_back else "took it back"
    return Post(
        text=f"🛑 I restarted onto `{_shorten_commit(report.commit)}`, and {ends}: "
        f"{redact(report.why)}. {_describe_checkout(report)}{_offer(report)}",
        buttons=_revert(report),
        attachments=_tail(report),
    )


def render_failed_restart(report: RestartReport) -> Post:
    """Return what is said where the new code did not get as far as to take over."""
    return Post(
        text=f"🛑 I did not restart onto `{_shorten_commit(report.commit)}`: {redact(report.why)}. Nothing "
        f"was interrupted. {_describe_checkout(report)}{_offer(report)}",
        buttons=_revert(report),
        attachments=_tail(report),
    )


def render_crash(report: RestartReport) -> Post:
    """Return what is said by the process that came after one that died."""
    return Post(
        text=f"⚠️ My process died, and was started again: {redact(report.why)}. What was under way "
        "goes on; messages that came meanwhile are answered.",
        attachments=_tail(report),
    )


def _describe_checkout(report: RestartReport) -> str:
    previous, commit = _shorten_commit(report.previous), _shorten_commit(report.commit)
    if report.not_back:
        return (
            f"⚠️ The checkout was not put back to `{previous}`, so `{commit}` is what each start "
            f"runs: look at it on the machine. {_format_sentence(redact(report.not_back))}"
        )
    return f"The code is back at `{previous}`, which runs.{_WAY_ON.format(commit=commit)}"


def _format_sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _offer(report: RestartReport) -> str:
    if report.run_id is None:
        return ""
    return (
        " It is still on the branch: press the button, or say “revert it” in its thread, and I "
        "propose to take it out."
    )


def _revert(report: RestartReport) -> tuple[Button, ...]:
    if report.run_id is None:
        return ()
    return (Button(label="Revert it", action="revert", arguments=(report.run_id,), style="danger"),)


def _tail(report: RestartReport) -> tuple[Attachment, ...]:
    if not report.tail.strip():
        return ()
    return (Attachment(name="last-lines.txt", text=redact(report.tail)),)


def _shorten_commit(commit: str) -> str:
    return commit[:7] or "another commit"
