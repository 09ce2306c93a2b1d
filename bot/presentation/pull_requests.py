"""How a change is called at the forge, and what its description says of the failure behind it."""

import re

from bot.domain.evidence import Diagnosis, Evidence
from bot.domain.forge_text import neutralise
from bot.domain.history import History
from bot.domain.journal import format_event_name
from bot.domain.run import Run
from bot.presentation.markdown import escape_line, escape_text
from bot.presentation.titles import format_title

TITLE_LENGTH = 72
"""Characters that lists of commits and pull requests show of a title."""

_TAG = re.compile(r"<(?=[!/?\w])")
_WITH_PEOPLE = ("command.", "component.", "context_menu.")


def pull_request_title(run: Run, history: History) -> str:
    """Return what changes for people, on one line; an engine's own words for it come first."""
    change, diagnosis = history.change_set, history.diagnosis
    named = " ".join(change.title.split()) if change else ""
    if not named and (history.brief is not None or diagnosis is None or not diagnosis.event):
        named = format_title(run.trigger, TITLE_LENGTH)
    return _cut(_neutralise_text(named or _describe_fix(diagnosis, history)))


def describe_failure(diagnosis: Diagnosis, evidence: Evidence | None) -> str:
    """Return what people met, how often, and what is known of when it last worked."""
    met = ""
    if evidence is not None and evidence.capsule and diagnosis.event.startswith(_WITH_PEOPLE):
        who = f"{evidence.users} people" if evidence.users > 1 else "People"
        met = f"{who} who used {format_event_name(diagnosis.event)} got an error instead of an answer."
    known = (
        format_sentence(each) for each in (diagnosis.last_worked, diagnosis.seen_before) if each
    )
    return "\n\n".join(
        filter(None, (met, escape_line(format_sentence(diagnosis.headline), 400), *known))
    )


def format_sentence(text: str) -> str:
    """Return a text as one: it begins with a capital and ends with a stop."""
    plain = escape_text(text)
    ends = plain.endswith((".", "!", "?", "…", ")", "”"))
    return f"{plain[:1].upper()}{plain[1:]}{'' if ends or not plain else '.'}"


def _describe_fix(diagnosis: Diagnosis | None, history: History) -> str:
    """Return `/roll 2d6 no longer fails`; what was answered wrongly is answered rightly again."""
    event = format_event_name(diagnosis.event) if diagnosis else "It"
    shown = history.plan.demonstration if history.plan else None
    asked = shown[0] if shown else ""
    if asked.startswith("presses "):
        asked = f"Pressing {asked.removeprefix('presses ')}"
    elif not asked.startswith(f"{event} "):  # a call of a function, which nobody asks for
        asked = f"{event[:1].upper()}{event[1:]}"
    end = " is answered rightly again" if history.incorrect_output else " no longer fails"
    return f"{_cut(asked, TITLE_LENGTH - len(end))}{end}"


def _neutralise_text(text: str) -> str:
    """Return an engine's words without what a forge acts on: `@somebody`, `closes #12`, markup."""
    plain = _TAG.sub(lambda tag: tag[0].replace("<", "&lt;"), text.strip())
    return neutralise(plain)


def _cut(text: str, limit: int = TITLE_LENGTH) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"
