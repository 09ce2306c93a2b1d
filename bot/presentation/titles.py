"""What a run is about, in a few words that people can read: for threads, cards and pages."""

import re

from bot.domain.history import History
from bot.domain.journal import Action, format_action_name
from bot.domain.run import Run, Trigger

NAMELESS = "the last failure"
"""What a request is about that names nothing."""

_THREAD = 100  # characters that Discord shows of a thread's name
_MENTION = re.compile(r"<(?:@[!&]?|#|id:)[\w-]+>|<t:-?\d+(?::\w)?>")
_COMMAND = re.compile(r"<(/[^<>:]+):\d+>")
_EMOJI = re.compile(r"<a?(:\w+:)\d+>")


def format_title(trigger: Trigger, limit: int = 90) -> str:
    """Return what was asked for on one line, cut at a word and at `limit` characters.

    What Discord writes with ids is not for people: a command and an emoji keep their names,
    mentions go.
    """
    for said in (trigger.subject, trigger.text):
        if words := _clean_text(said):
            return _cut(words, limit)
    return NAMELESS


def format_thread_title(trigger: Trigger, failed: Action | None) -> str:
    """Return a thread's name: what failed, where a record is named, and the person's words, whole.

    Words that name nothing ("fix this") are left out.
    """
    said = trigger.text if trigger.is_verbatim and trigger.subject else trigger.subject
    words = _clean_text(said)
    event = format_action_name(failed.kind, failed.name) if failed else ""
    if event and not words:
        words = failed.error.exception.rpartition(".")[2] if failed and failed.error else "slow"
    if not words:
        return f"{trigger.goal}: {NAMELESS}"
    return _cut(f"{event}: {words}" if event and event not in words else words, _THREAD)


def change_title(run: Run, history: History, limit: int = 80) -> str:
    """Return what a run's change is about: as it was asked for, else as the change is called.

    "Fix it" names nothing; what was fixed then says more.
    """
    change, diagnosis = history.change_set, history.diagnosis
    called = change.title if change else ""
    failed = (
        f"the failure of {_format_command(diagnosis.event)}"
        if diagnosis and diagnosis.event
        else ""
    )
    named = run.trigger.subject or called or failed
    return format_title(run.trigger.replace(subject=named, text=""), limit)


def _format_command(event: str) -> str:
    """Return `/poll results` of `command.poll results`; another event as it is."""
    return f"/{event.removeprefix('command.')}" if event.startswith("command.") else event


def _cut(text: str, limit: int) -> str:
    """Return words cut between two of them; in the middle of one that is as long as all that."""
    if len(text) <= limit:
        return text
    start = text[: limit - 1]
    whole = start if text[limit - 1] == " " else start.rpartition(" ")[0]
    return (whole or start).rstrip(" ,;:-") + "…"


def _clean_text(text: str) -> str:
    named = _EMOJI.sub(r"\1", _COMMAND.sub(r"\1", text))
    return " ".join(_MENTION.sub(" ", named).split())
