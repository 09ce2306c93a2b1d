"""The title of a change at the forge, and what its description says about the failure."""

import re

from bot.domain.evidence import Diagnosis, Evidence
from bot.domain.forge_text import neutralise
from bot.domain.history import History
from bot.domain.run import Run
from bot.presentation.markdown import escape_line, escape_text
from bot.presentation.titles import format_request

TITLE_LENGTH = 72
"""The most characters of a title that lists of commits and pull requests show."""

_TAG = re.compile(r"<(?=[!/?\w])")
_WITH_PEOPLE = ("command.", "component.", "context_menu.")


def pull_request_title(run: Run, history: History) -> str:
    """Return what changes for users, on one line; a title by the engine is preferred."""
    change, diagnosis = history.change_set, history.diagnosis
    named = " ".join(change.title.split()) if change else ""
    if not named and (history.brief is not None or diagnosis is None or not diagnosis.event):
        named = format_request(run.trigger, TITLE_LENGTH)
    return _cut(_neutralise_text(named or _describe_fix(diagnosis, history)))


def describe_failure(diagnosis: Diagnosis, evidence: Evidence | None) -> str:
    """Return what users experienced, how often, and when it last worked, if known."""
    met = ""
    if evidence is not None and evidence.capsule and diagnosis.event.startswith(_WITH_PEOPLE):
        who = f"{evidence.users} people" if evidence.users > 1 else "People"
        met = f"{who} who used {diagnosis.event_name} got an error instead of an answer."
    known = (
        format_sentence(each) for each in (diagnosis.last_worked, diagnosis.seen_before) if each
    )
    return "\n\n".join(
        filter(None, (met, escape_line(format_sentence(diagnosis.headline), 400), *known))
    )


def format_sentence(text: str) -> str:
    """Return the text as a sentence: it begins with a capital and ends with a full stop."""
    plain = escape_text(text)
    ends = plain.endswith((".", "!", "?", "…", ")", "”"))
    return f"{plain[:1].upper()}{plain[1:]}{'' if ends or not plain else '.'}"


def _describe_fix(diagnosis: Diagnosis | None, history: History) -> str:
    """Return `/roll 2d6 no longer fails`, or that a wrong answer is correct again."""
    event = diagnosis.event_name if diagnosis else "It"
    shown = history.plan.demonstration if history.plan else None
    asked = shown[0] if shown else ""
    if asked.startswith("presses "):
        asked = f"Pressing {asked.removeprefix('presses ')}"
    elif not asked.startswith(f"{event} "):  # the call of a function is no command that users type
        asked = f"{event[:1].upper()}{event[1:]}"
    end = " is answered correctly again" if history.incorrect_output else " no longer fails"
    return f"{_cut(asked, TITLE_LENGTH - len(end))}{end}"


def _neutralise_text(text: str) -> str:
    """Return an engine's text without what a forge acts on: `@name`, `closes #12`, markup."""
    plain = _TAG.sub(lambda tag: tag[0].replace("<", "&lt;"), text.strip())
    return neutralise(plain)


def _cut(text: str, limit: int = TITLE_LENGTH) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"
