"""The diagnosis if there is no failure to fix: what to say instead, and what to do next."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.domain.evidence import Choice, Diagnosis, Evidence, RequestAnswer
from bot.domain.ids import shorten_id
from bot.domain.journal import FailureGroup, format_event_name
from bot.domain.names import join_with_and
from bot.domain.posts import Button, Post
from bot.domain.run import Goal
from bot.domain.shipped_fix import ShippedFix
from bot.presentation.counts import format_count, format_times
from bot.presentation.failure_labels import format_action, format_headline, get_exception
from bot.presentation.times import format_age, format_utc

MARKS = {"which": "❓", "change": "💬", "fixed": "✅", "right": "👌"}
NOT_FOUND_MARK = "🔎"
"""The sign of each kind of answer without a failure; the last one if nothing is known."""

_LABEL = 80
_SEEN = (
    "I can look into three kinds of problem: a command that crashes, a command that became slow, "
    "and a wrong answer, if you show me one. Tell me the command as you typed it and what you saw."
)


def request_answer(answer: RequestAnswer, goal: Goal) -> Post:
    """Return the answer if there is nothing to work on, with buttons for likely matches."""
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
    """Return the diagnosis if no failure certainly matches the request."""
    if evidence.change:
        return _change()
    if evidence.fix is not None:
        return _diagnose_fixed(evidence.fix, evidence.before_fix)
    return _diagnose_choices(evidence) if evidence.likely else _diagnose_not_found(evidence)


def _change() -> Diagnosis:
    return Diagnosis(
        found=False,
        instead="change",
        headline="That is a request for a change, not a failure.",
        cause=(
            "I start a fix from a failure in my journal, and I do not pick an unrelated one. Use "
            "`/change` for your request, or say it to me. If something does fail there, tell me "
            "what you did and what you saw."
        ),
    )


def _diagnose_fixed(fix: ShippedFix, before: FailureGroup | None) -> Diagnosis:
    """Return that the failure is fixed: what was shipped when, and when it was last seen."""
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
            f"{merged} and goes live with my next restart. Until then, the old code can still fail."
        )
    else:
        headline = f"{name} was fixed in {fix.label} and has not been seen since."
        how = (
            f"{merged}. {_describe_fix(fix)} If it fails again, tell me what you did, and "
            "I look into it."
        )
    return Diagnosis(found=False, instead="fixed", headline=headline, cause=f"{how}{seen}")


def _describe_fix(fix: ShippedFix) -> str:
    played = "In a replay with the fix, the failed action gets an answer. " if fix.answered else ""
    return f"{played}{_describe_watch(fix)}"


def _describe_watch(fix: ShippedFix) -> str:
    if fix.verdict == "fixed":
        return "I have watched it since: the fix works."
    if fix.verdict is None and fix.watched_until is not None:
        until = fix.watched_until
        return f"I watch until {format_utc(until)} whether it works."
    return "I cannot tell yet whether it works: it has been used too little since."


def _diagnose_choices(evidence: Evidence) -> Diagnosis:
    """Return the failures that may match, as choices, because none of them certainly does."""
    choices = build_choices(evidence.likely)
    listed = "\n".join(f"{number}. {each.summary}" for number, each in enumerate(choices, 1))
    these = "It may be this one" if len(choices) == 1 else "It may be one of these"
    return Diagnosis(
        found=False,
        instead="which",
        choices=choices,
        headline="I am not sure which failure you mean.",
        cause=(
            f"I looked for {evidence.searched} and found no certain match."
            f"{_describe_idle_commands(evidence)} {these}: press its button, or ask again "
            "with the command as you typed it.\n"
            f"{listed}"
        ),
    )


def build_target_question(failures: Sequence[tuple[str, FailureGroup]]) -> Diagnosis:
    """Return the question which bot is meant, each with the name of the bot and its failure."""
    choices = tuple(
        each.replace(name=f"{name}: {each.name}", summary=f"**{name}**: {each.summary}")
        for name, group in failures
        for each in build_choices([group])
    )
    listed = "\n".join(f"{number}. {each.summary}" for number, each in enumerate(choices, 1))
    return Diagnosis(
        found=False,
        instead="which",
        choices=choices,
        headline="Which bot do you mean?",
        cause=(
            "Something that fits failed in more than one of the bots that I look after. Press a "
            f"button, or name the bot.\n{listed}"
        ),
    )


def build_owner_question(names: Sequence[str]) -> Diagnosis:
    """Return the question which bot is meant if several have a command that has not failed."""
    return Diagnosis(
        found=False,
        instead="which",
        headline="Which bot do you mean?",
        cause=(
            f"{join_with_and(names)} have that command, and it has not failed in my journal. Name "
            "the bot, and tell me the command as you typed it and what you saw."
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
    """Return the question after a "fix it" that names nothing: is it one of these failures?

    A single failure is asked about too: the last failure may be somebody else's.
    """
    lines = [_format_recent_failure(group, now) for group in groups]
    if len(lines) == 1:
        return f"Do you mean {lines[0]}?"
    return "\n".join(["Which one do you mean?", *(f"- {each}" for each in lines)])


def _format_recent_failure(group: FailureGroup, now: datetime) -> str:
    name = format_action(group)
    shown = f"`{name}`" if name.startswith("/") else name
    return f"{shown}, which failed {format_age(group.last_seen, now)} ({get_exception(group)})"


def _describe_idle_commands(evidence: Evidence) -> str:
    """Return that the named commands have not failed; empty if no command was named."""
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
        f" Other failures there: {nearby}."
        if nearby
        else " I know of no other failure that is not fixed."
    )
    return Diagnosis(
        found=False,
        headline="Nothing in my journal matches that.",
        cause=f"I looked for {evidence.searched}.{_describe_idle_commands(evidence)}{other}",
    )
