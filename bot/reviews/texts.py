"""Reviews of incidents as people read them: a message, a document, a lesson."""

import re
from collections.abc import Iterator, Sequence

from bot.domain.incident_review import IncidentReview
from bot.domain.posts import Attachment, Button, Card, Post
from bot.domain.target import OWN_TARGET
from bot.presentation.cards import build_list_field, to_plain_text
from bot.presentation.later import build_notice_buttons
from bot.presentation.markdown import escape_line
from bot.presentation.times import format_timestamp, format_utc

ACTION = "review"
"""The second part of the ids of the buttons, after `theseus:`."""
_LABEL = 60


def render_review(review: IncidentReview) -> Post:
    """Return the message with the review, its document as a file, and the buttons."""
    timeline = [f"{format_timestamp(each.at, 'T')} {_show(each.text)}" for each in review.timeline]
    fields = [
        build_list_field("Timeline", timeline),
        build_list_field("Impact", [_show(each) for each in review.impact]),
        build_list_field("Cause, from records", [_show(review.cause, 400)]),
        build_list_field(f"Cause, as {_show(review.reading_by)} reads it", _list_reading(review)),
        build_list_field("Why it was not caught", [_show(each) for each in review.not_caught]),
        build_list_field("What prevents it now", [_show(each) for each in review.prevention]),
        build_list_field("To do", [_show(each.text) for each in review.actions]),
    ]
    card = Card(
        title=f"🔎 Review: {_show(review.title, 150)}",
        tone="neutral",
        fields=tuple(each for each in fields if each is not None),
        footer=f"Incident {review.incident} · {review.severity} · from records, without blame",
    )
    document = Attachment(name=f"{get_slug(review)}.md", text=render_document(review))
    buttons = (*_list_buttons(review), *build_notice_buttons("review", review.id))
    return Post(card=card, buttons=buttons, attachments=(document,))


def _list_buttons(review: IncidentReview) -> Iterator[Button]:
    """Yield the buttons; the documents of this repository are not about other bots."""
    if review.target != OWN_TARGET:
        return
    yield Button(label="Propose as a document", action=ACTION, arguments=("document", review.id))
    yield Button(label="Propose the lesson", action=ACTION, arguments=("lesson", review.id))
    for number, each in enumerate(review.actions, 1):
        label = f"Wish: {to_plain_text(each.text, _LABEL)}"[:80]
        yield Button(label=label, action=ACTION, arguments=(f"wish{number}", review.id))


def render_document(review: IncidentReview) -> str:
    """Return the review as a Markdown document. What it quotes is escaped."""
    ended = format_utc(review.ended_at) if review.ended_at else "not over yet"
    parts = [
        f"# {review.began_at:%Y-%m-%d}: {escape_line(review.title)}",
        f"Severity {review.severity}, incident `{review.incident}`, "
        f"{format_utc(review.began_at)} to {ended}. Written from records by Theseus.",
        *_build_section(
            "Timeline", [f"{format_utc(e.at)}: {escape_line(e.text)}" for e in review.timeline]
        ),
        *_build_section("Impact", [escape_line(each) for each in review.impact]),
        *_build_section("Cause", [escape_line(review.cause, 400), *_list_quoted_reading(review)]),
        *_build_section("Why it was not caught", [escape_line(e) for e in review.not_caught]),
        *_build_section("What prevents it now", [escape_line(e) for e in review.prevention]),
        *_build_section("To do", [escape_line(each.text) for each in review.actions]),
    ]
    return "\n\n".join(parts) + "\n"


def render_lesson(review: IncidentReview) -> str:
    """Return the lesson as symptom, cause and way out."""
    way_out = [*review.prevention, *(each.text for each in review.actions)]
    return "\n".join(
        (
            f"Symptom: {escape_line(review.title)}",
            f"Cause: {escape_line(review.cause, 400)}",
            f"Way out: {escape_line('; '.join(way_out) or 'none is known yet', 400)}",
        )
    )


def get_document_path(review: IncidentReview) -> str:
    """Return where the document belongs: `docs/incidents/2026-11-26-roll-fails.md`."""
    return f"docs/incidents/{get_slug(review)}.md"


def get_slug(review: IncidentReview) -> str:
    """Return the date and some words of the title, in letters, digits and hyphens only."""
    words = re.findall(r"[a-z0-9]+", review.title.lower())[:6]
    return "-".join([f"{review.began_at:%Y-%m-%d}", *words, review.id])[:80]


def _show(text: str, limit: int = 200) -> str:
    return to_plain_text(text, limit)


def _list_reading(review: IncidentReview) -> list[str]:
    return [_show(review.reading, 600)] if review.reading else []


def _list_quoted_reading(review: IncidentReview) -> list[str]:
    if not review.reading:
        return []
    return [f"As {escape_line(review.reading_by)} reads it: {escape_line(review.reading, 800)}"]


def _build_section(title: str, lines: Sequence[str]) -> list[str]:
    return [f"## {title}", "\n".join(f"- {line}" for line in lines)] if lines else []
