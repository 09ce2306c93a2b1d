"""Texts about what people decided on an incident."""

from bot.domain.incident import Incident
from bot.domain.posts import Post
from bot.presentation.cards._plain_text import to_plain_text
from bot.presentation.counts import format_count
from bot.presentation.times import format_timestamp

_LONGEST_NAME = 40


def describe_mute(incident: Incident) -> str:
    """Return who ignores the incident and until when; empty if nobody does."""
    if not incident.has_mute:
        return ""
    who = to_plain_text(incident.muted_by.name, _LONGEST_NAME) if incident.muted_by else "someone"
    if incident.muted_until is not None:
        return f"Ignored by {who} until {format_timestamp(incident.muted_until)}."
    left = max((incident.muted_to or 0) - incident.count, 0)
    return f"Ignored by {who} until it has happened {format_count(left, 'more time')}."


def render_mute_end(incident: Incident) -> Post:
    """Return the short message that an incident is not ignored any more and still open."""
    who = to_plain_text(incident.muted_by.name, _LONGEST_NAME) if incident.muted_by else "somebody"
    begins = (
        f"The time for which {who} ignored this is over"
        if incident.muted_until is not None
        else f"{who} ignored this until now"
    )
    often = format_count(incident.count, "time")
    text = f"{begins}, and it is still open ({often} by now): "
    return Post(
        text=text + to_plain_text(incident.full_title),
        reply_to=incident.message.message_id if incident.message else None,
    )


def render_assignment(incident: Incident) -> Post:
    """Return the short message to the person who was given the incident."""
    assignment = incident.assignee
    if assignment is None:
        raise ValueError("nobody looks after this incident")
    by = to_plain_text(assignment.by.name, _LONGEST_NAME)
    title = to_plain_text(incident.full_title)
    return Post(
        text=f"<@{assignment.person.id}>, {by} gave you incident `{incident.id}`: {title}",
        reply_to=incident.message.message_id if incident.message else None,
        notify=(assignment.person.id,),
    )
