"""The diagnosis where no failure is there to mend: what is said instead, and the way out."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.domain.evidence import Choice, Diagnosis, Evidence, RequestAnswer
from bot.domain.ids import shorten_id
from bot.domain.journal import FailureGroup, format_event_name
from bot.domain.posts import Button, Post
from bot.domain.run import Goal
from bot.domain.shipped_fix import ShippedFix
from bot.presentation.counts import format_count, format_times
from bot.presentation.failure_labels import format_action, format_headline, get_exception
from bot.presentation.times import format_age, format_utc

MARKS = {"which": "❓", "change": "💬", "fixed": "✅", "right": "👌"}
NOT_FOUND_MARK = "🔎"
"""What is said instead of a fault, by a sign; and that nothing is known."""

_LABEL = 80
_SEEN = (
    "I can look into three things: a command that crashes, one that got slow, and an answer that "
    "is wrong, if you show me one. Tell me the command as you typed it and what you saw."
)


def request_answer(answer: RequestAnswer, goal: Goal) -> Post:
    """Return what is said at once where there is nothing to work on, with what may be meant."""
    diagnosis = answer.diagnosis
    text = f"{MARKS.get(diagnosis.instead, NOT_FOUND_MARK)} {diagnosis.summary}"
    buttons = [
        Button(label=each.name[:_LABEL], action="decide", arguments=(goal, each.error_id))
        for each in diagnosis.choices
    ]
    if not diagnosis.instead:
        text += f"\n{_SEEN}{' Or is it one of these?' if answer.commands else ''}"
    buttons += [
        Button(label=f"/{name}", action="about", arguments=(goal, name)) for name in answer.commands
    ]
    return Post(text=text, buttons=tuple(buttons))


def build_diagnosis(evidence: Evidence) -> Diagnosis:
    """Return what is said where no failure is there that surely is meant."""
    if evidence.change:
        return _change()
    if evidence.fix is not None:
        return _diagnose_fixed(evidence.fix, evidence.before_fix)
    return _diagnose_choices(evidence) if evidence.likely else _diagnose_not_found(evidence)


def _change() -> Diagnosis:
    return Diagnosis(
        found=False,
        instead="change",
        headline="That is a change you wish for, and nothing that failed.",
        cause=(
            "I mend what fails, starting from a failure in my journal, and I take no other failure "
            "for it. `/change` takes the wish, and so do your words where you say it to me. If "
            "something does fail there, tell me what you did and what you saw."
        ),
    )


def _diagnose_fixed(fix: ShippedFix, before: FailureGroup | None) -> Diagnosis:
    """Return that it is over: what was shipped when, and what was seen of it last, if known."""
    name = f"The failure of {format_event_name(fix.event)}"
    seen = ""
    if before is not None:
        name = f"The {get_exception(before)} of {format_action(before)}"
        times = format_times(before.count)
        seen = f" It was seen {times} before, last at {format_utc(before.last_seen)}."
    merged = f"It was merged at {format_utc(fix.merged_at)}"
    if fix.live_at is None:
        headline = f"{name} is fixed in {fix.label}, which is not live yet."
        how = (
            f"{merged} and comes live with my next restart; what fails until then is the old code."
        )
    else:
        headline = f"{name} was fixed in {fix.label} and was not seen since."
        how = f"{merged}. {_describe_fix(fix)} If it fails again, tell me what you did: I look at that then."
    return Diagnosis(found=False, instead="fixed", headline=headline, cause=f"{how}{seen}")


def _describe_fix(fix: ShippedFix) -> str:
    played = "Played again with it, what failed is answered. " if fix.answered else ""
    return f"{played}{_describe_watch(fix)}"


def _describe_watch(fix: ShippedFix) -> str:
    if fix.verdict == "fixed":
        return "I have watched it since: it holds."
    if fix.verdict is None and fix.watched_until is not None:
        until = fix.watched_until
        return f"I watch whether it holds until {format_utc(until)}."
    return "Whether it holds I cannot tell yet: too little was done there since."


def _diagnose_choices(evidence: Evidence) -> Diagnosis:
    """Return which failures may be meant, to choose from: none surely is."""
    choices = build_choices(evidence.likely)
    listed = "\n".join(f"{number}. {each.summary}" for number, each in enumerate(choices, 1))
    these = "It may be this one" if len(choices) == 1 else "It may be one of these"
    return Diagnosis(
        found=False,
        instead="which",
        choices=choices,
        headline="I am not sure which failure you mean.",
        cause=(
            f"I looked for {evidence.searched} and found none that it surely is."
            f"{_describe_idle_commands(evidence)} {these}; press it, or ask again with the command as you typed it.\n"
            f"{listed}"
        ),
    )


def build_choices(groups: Iterable[FailureGroup]) -> tuple[Choice, ...]:
    """Return the failures to choose from."""
    return tuple(
        Choice(
            error_id=shorten_id(group.newest.id),
            name=f"{format_action(group)}: {get_exception(group)}",
            summary=format_headline(group),
        )
        for group in groups
    )


def render_choice_question(groups: Sequence[FailureGroup], now: datetime) -> str:
    """Return what is asked where somebody says "fix it" to nobody: is it one of these?

    One alone is asked about as well: what failed last may be somebody else's.
    """
    told = [_format_recent_failure(group, now) for group in groups]
    if len(told) == 1:
        return f"Do you mean {told[0]}?"
    return "\n".join(["Which one do you mean?", *(f"- {each}" for each in told)])


def _format_recent_failure(group: FailureGroup, now: datetime) -> str:
    name = format_action(group)
    shown = f"`{name}`" if name.startswith("/") else name
    return f"{shown}, which failed {format_age(group.last_seen, now)} ({get_exception(group)})"


def _describe_idle_commands(evidence: Evidence) -> str:
    """Return that commands which were named have not failed; nothing where none was."""
    names = [f"/{name}" for name in evidence.idle]
    if not names:
        return ""
    has = "has" if len(names) == 1 else "have"
    return f" {', '.join(names)} {has} not failed in that time."


def _diagnose_not_found(evidence: Evidence) -> Diagnosis:
    nearby = "; ".join(
        f"{format_count(group.count, group.newest.error.exception)} from {format_action(group)}"
        for group in evidence.nearby
        if group.newest.error
    )
    other = (
        f" Other failures there: {nearby}." if nearby else " Nothing else failed that is not fixed."
    )
    return Diagnosis(
        found=False,
        headline="Nothing in my journal fits that.",
        cause=f"I looked for {evidence.searched}.{_describe_idle_commands(evidence)}{other}",
    )
