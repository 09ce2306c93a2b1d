"""The list of what needs a person now, and the next steps of a new installation."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from bot.domain.cost import Cost
from bot.domain.incident import Incident, Severity
from bot.domain.run import Run, Status
from bot.web._collaborators import BotFacts
from bot.web._formats import format_cost, format_subject
from bot.web._run_views import describe_status

MOST_ITEMS = 8
"""The number of items that the overview shows; it counts the others."""


class AttentionItem(NamedTuple):
    """One matter that waits for a person: where to look, what it is, and since when."""

    href: str
    title: str
    why: str
    since: datetime | None = None


class NextStep(NamedTuple):
    """A step of setting up the bot, and whether it is done."""

    title: str
    advice: str
    is_done: bool


class CapUsed(Protocol):
    """A cap of spending, and the part of it that is used."""

    @property
    def name(self) -> str: ...
    @property
    def cost(self) -> Cost: ...
    @property
    def share(self) -> float | None: ...


def list_attention(
    going_on: Iterable[Run],
    incidents: Iterable[Incident],
    caps: Iterable[CapUsed],
    facts: BotFacts,
    now: datetime,
) -> Sequence[AttentionItem]:
    """Return what only a person can do: faults of the bot first, then the longest waiting."""
    state = (*facts.storage(), *filter(None, (facts.commands(), facts.closing())))
    found = [AttentionItem("/state", each, "the bot itself") for each in state]
    found += [
        AttentionItem(f"/incidents/{each.id}", each.full_title, _describe_need(each), each.since)
        for each in incidents
        if each.open and _is_left_to_people(each)
    ]
    waiting = sorted(
        (run for run in going_on if run.status is Status.WAITING), key=lambda run: run.updated_at
    )
    found += [
        AttentionItem(
            f"/runs/{run.id}", format_subject(run), describe_status(run, now), run.updated_at
        )
        for run in waiting
    ]
    found += [
        AttentionItem("/budget", f"{cap.name}: {format_cost(cap.cost)}", "the cap is used up")
        for cap in caps
        if cap.share is not None and cap.share >= 1
    ]
    return found


def _is_left_to_people(incident: Incident) -> bool:
    """Return whether nothing happens about an incident unless a person acts."""
    is_urgent = incident.severity is Severity.HIGH and incident.muted_until is None
    return incident.is_for_people or (is_urgent and incident.run_id is None)


def _describe_need(incident: Incident) -> str:
    if incident.is_for_people:
        return "only a person can close it"
    return "high severity, and no run works on it"


def list_next_steps(facts: BotFacts, *, has_actions: bool) -> tuple[NextStep, ...]:
    """Return what a new installation still needs, in order."""
    connection = facts.connection()
    return (
        NextStep(
            "Connect to Discord", "“theseus doctor” says what is missing.", connection.ready
        ),
        NextStep(
            "Show the commands", "Invite the bot with the link that it logs when it starts.",
            connection.ready and facts.commands() is None,
        ),
        NextStep(
            "Use the bot", "Type /roll in a channel. Each use is recorded in the journal.",
            has_actions,
        ),
        NextStep(
            "Ask for a first change",
            "Mention the bot in the dev channel, as in “@Theseus the dice are broken, look into "
            "it”, or use /investigate, /fix or /change.",
            False,
        ),
    )  # fmt: skip
