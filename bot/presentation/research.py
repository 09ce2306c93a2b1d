"""The answer to a question that was looked up: claims, quotes and their sources."""

from bot.domain.posts import Card, CardField, Post
from bot.domain.research import Citation, ResearchReport
from bot.presentation.cards._sources import format_place, format_quote
from bot.presentation.counts import format_count
from bot.presentation.markdown import escape_line

_BODY = 3_800
_FIELD = 1_000
_NOTHING = "I found nothing about that in my sources."
_PARTLY_READ = (
    "I could not read all of my sources, and found nothing about that in the rest. Ask again in a "
    "few minutes: what I have read by then counts. A question that names a package is quicker."
)


def render_research(report: ResearchReport) -> Post:
    """Return the answer. Everything in it that others wrote is escaped."""
    blocks = [
        f"**{number}.** {escape_line(each.text, 400)}\n{_list_citations(each.citations)}"
        for number, each in enumerate(report.claims, 1)
    ] or [_render_excerpt(each) for each in report.excerpts]
    fields = {
        "Not supported by its source, so left out": _list_dropped(report),
        "Read": ", ".join(escape_line(each, 80) for each in report.read),
        "Not read": "\n".join(f"• {escape_line(each, 250)}" for each in report.problems),
    }
    return Post(
        card=Card(
            title=f"Research: {escape_line(report.question, 200)}",
            body=_fit(blocks) or (_PARTLY_READ if report.problems else _NOTHING),
            tone="neutral" if blocks else "warning",
            fields=tuple(
                CardField(name=name, value=text[:_FIELD]) for name, text in fields.items() if text
            ),
            footer=_describe_origin(report),
        )
    )


def _list_citations(citations: tuple[Citation, ...]) -> str:
    return "\n".join(f"{format_quote(each)} — {format_place(each)}" for each in citations)


def _render_excerpt(citation: Citation) -> str:
    return f"{format_quote(citation)}\n— {format_place(citation)}"


def _fit(blocks: list[str]) -> str:
    """Return as many whole blocks as there is room for."""
    body = ""
    for block in blocks:
        if len(body) + len(block) + 2 > _BODY:
            break
        body = f"{body}\n\n{block}" if body else block
    return body


def _list_dropped(report: ResearchReport) -> str:
    return "\n".join(
        f"• {escape_line(each.text, 140)} ({escape_line(each.reason, 120)})"
        for each in report.dropped[:5]
    )


def _describe_origin(report: ResearchReport) -> str:
    if report.claims:
        count = format_count(len(report.claims), "claim")
        return f"{count} by {report.written_by}; every quote was found in its source"
    if report.excerpts:
        return "quoted word for word; no model has written this"
    return ""
