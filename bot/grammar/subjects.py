"""The details of a request whose kind is known."""

import re

from bot.domain.intents import Setting, Slots
from bot.grammar._clauses import split_clauses, strip_openings
from bot.grammar._normalise import make_plain
from bot.grammar._subject import clean_subject, is_recurrence, pull_request_named, run_named

_COMMAND = re.compile(r"(?<![\w/])[/!][a-z][\w-]*", re.IGNORECASE)


def build_work_slots(text: str, setting: Setting) -> Slots:
    """Return the details of a report or feature request; its subject is its first sentence.

    The subject of a message that names exactly one command is that command.
    """
    plain = make_plain(text, addressed=setting.addressed)
    named = dict.fromkeys(_COMMAND.findall(plain.text))
    clauses = split_clauses(plain.text)
    first = strip_openings(clauses[0].text).rest if clauses else ""
    subject = next(iter(named)) if len(named) == 1 else clean_subject(first or plain.text)
    return Slots(
        subject=plain.restore(subject).strip(),
        run=run_named(text),
        pull_request=pull_request_named(text),
        is_recurring=is_recurrence(text),
    )
