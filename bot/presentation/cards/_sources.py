"""What a run or an answer read elsewhere: claims with their sources, and what was dropped.

All of it was written by others or by a model: it is escaped, and only its own address is a link.
"""

from bot.domain.links import format_link
from bot.domain.research import Citation, ResearchReport
from bot.presentation.markdown import escape_line

_CLAIM, _QUOTE, _PLACE = 300, 240, 140


def list_source_lines(report: ResearchReport | None) -> tuple[str, ...]:
    """Return a line for each claim, and what was read without a claim; empty without research."""
    if report is None:
        return ()
    lines = [f"• {escape_line(each.text, _CLAIM)} ({_list_places(each.citations)})"
             for each in report.claims]  # fmt: skip
    if report.dropped:
        texts = "; ".join(escape_line(each.text, 120) for each in report.dropped[:3])
        lines.append(f"▫️ dropped, because no source supports it: {texts}")
    if not report.claims and report.read:
        names = ", ".join(escape_line(each, 60) for each in report.read[:6])
        lines.append(f"Read, and nothing cited: {names}")
    lines += [f"⚠️ {escape_line(each, 200)}" for each in report.problems[:3]]
    return tuple(lines)


def format_place(citation: Citation) -> str:
    """Return the source with its exact version and place, as a link if it has an address."""
    place = f", {escape_line(citation.locator, _PLACE)}" if citation.locator else ""
    source = escape_line(f"{citation.source} {citation.version}", 100)
    return f"{format_link(source, citation.url)}{place}"


def format_quote(citation: Citation) -> str:
    """Return the quote in quotation marks."""
    return f"“{escape_line(citation.quote, _QUOTE)}”"


def _list_places(citations: tuple[Citation, ...]) -> str:
    return "; ".join(dict.fromkeys(format_place(each) for each in citations))
