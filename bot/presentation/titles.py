"""What a run is about, in a few words for people: for threads, cards and pages."""

import re

from bot.domain.evidence import Diagnosis
from bot.domain.history import History
from bot.domain.journal import Action
from bot.domain.run import Run, Trigger
from bot.domain.target import OWN_TARGET

NAMELESS = "the last failure"
"""The title of a request that names nothing."""

_THREAD = 100  # most characters of a thread's name, by Discord
_MENTION = re.compile(r"<(?:@[!&]?|#|id:)[\w-]+>|<t:-?\d+(?::\w)?>")
_COMMAND = re.compile(r"<(/[^<>:]+):\d+>")
_EMOJI = re.compile(r"<a?(:\w+:)\d+>")


def add_target(title: str, trigger: Trigger) -> str:
    """Return the title with the name of the bot that it is about, if that is another one."""
    return title if trigger.target == OWN_TARGET else f"{trigger.target}: {title}"


def format_title(trigger: Trigger, limit: int = 90) -> str:
    """Return the request as `format_request` does, with the name of another bot before it."""
    room = limit - len(add_target("", trigger))
    return add_target(format_request(trigger, room), trigger)


def format_request(trigger: Trigger, limit: int = 90) -> str:
    """Return the request on one line, cut at a word, in at most `limit` characters.

    Discord's id syntax is removed: a command and an emoji keep their names, mentions are dropped.
    """
    for source in (trigger.subject, trigger.text):
        if title := _clean_text(source):
            return _cut(title, limit)
    return NAMELESS


def format_thread_title(trigger: Trigger, failed: Action | None) -> str:
    """Return a thread's name: the failed action, if it is known, and the person's own text.

    Text that names nothing ("fix this") is left out.
    """
    source = trigger.text if trigger.is_verbatim and trigger.subject else trigger.subject
    title = _clean_text(source)
    event = failed.called if failed else ""
    if event and not title:
        title = failed.error.exception.rpartition(".")[2] if failed and failed.error else "slow"
    if not title:
        return add_target(f"{trigger.goal}: {NAMELESS}", trigger)
    named = f"{event}: {title}" if event and event not in title else title
    return _cut(add_target(named, trigger), _THREAD)


def change_title(run: Run, history: History, limit: int = 80) -> str:
    """Return what a run's change is about: the request, or else the title of the change.

    "Fix it" names nothing, so the failed command is used instead.
    """
    change, diagnosis = history.change_set, history.diagnosis
    called = change.title if change else ""
    failed = f"the failure of {_format_command(diagnosis)}" if diagnosis and diagnosis.event else ""
    named = run.trigger.subject or called or failed
    return format_title(run.trigger.replace(subject=named, text=""), limit)


def _format_command(diagnosis: Diagnosis) -> str:
    """Return `/poll results` for `command.poll results`; another event as it is."""
    event = diagnosis.event
    return diagnosis.event_name if event.startswith("command.") else event


def _cut(text: str, limit: int) -> str:
    """Return the text cut between two words; a single long word is cut inside."""
    if len(text) <= limit:
        return text
    start = text[: limit - 1]
    whole = start if text[limit - 1] == " " else start.rpartition(" ")[0]
    return (whole or start).rstrip(" ,;:-") + "…"


def _clean_text(text: str) -> str:
    named = _EMOJI.sub(r"\1", _COMMAND.sub(r"\1", text))
    return " ".join(_MENTION.sub(" ", named).split())
