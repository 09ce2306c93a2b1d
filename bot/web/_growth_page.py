"""The page about learning: indicators with formulas, quality, patterns, and the graph."""

from dataclasses import dataclass
from datetime import timedelta

from aiohttp import web

from bot.domain.run_cases import Pattern
from bot.learning.figures import (
    QUALITY_FORMULAS,
    Indicator,
    compute_indicators,
    compute_quality,
    select_period,
)
from bot.learning.graph import describe_file, find_files, list_edges
from bot.learning.lessons import load_cases
from bot.learning.patterns import count_patterns
from bot.web._collaborators import WebServices
from bot.web._formats import PLACEHOLDER, format_money
from bot.web._graph_layout import draw_graph
from bot.web._page_frame import PageFrame
from bot.web._search_queries import read_fields
from bot.web._time_spans import SPANS, get_span

_WEEKS = 13
_MOST_PATTERNS = 40
_MOST_CASES = 12  # in the drawing, the newest
_HOUR = 3_600


@dataclass(frozen=True, eq=False)
class GrowthPage:
    """Shows how well the bot does, and what it has learned."""

    services: WebServices
    frame: PageFrame

    async def show_growth(self, request: web.Request) -> web.Response:
        """Show the indicators of a time span, the quality by week, patterns and the graph."""
        services, now = self.services, self.services.clock.now()
        span = get_span(request.query.get("span", "30d"))
        cases = await load_cases(services.key_values)
        since, until = now - 2 * span.length, now + timedelta(seconds=1)
        runs = await services.search.list_summaries(since=since)
        actions = await services.journal.count_actions(since=since, until=now, seconds=_HOUR)
        incidents = services.incidents.list_incidents() if services.incidents else ()
        middle = now - span.length
        figures = compute_indicators(
            select_period(middle, until, runs, incidents, cases, actions),
            select_period(since, middle, runs, incidents, cases, actions),
        )
        asked = read_fields(request, "file")
        wanted = asked.get("file", "")
        files = find_files(cases, wanted)
        shown = [
            case
            for case in cases
            if not wanted or {case.file, *case.files, *case.frames[:1]} & set(files)
        ]
        edges = list_edges(shown[-_MOST_CASES:])
        patterns = [each for each in count_patterns(cases) if each.kind != "unclear"]
        return await self.frame.show(
            request, "growth.html", "Growth", here="/growth", span=span, spans=SPANS,
            indicators=[(each, *format_indicator(each)) for each in figures],
            quality=compute_quality(cases, until, _WEEKS), formulas=QUALITY_FORMULAS,
            patterns=[(each, describe_share(each)) for each in patterns[:_MOST_PATTERNS]],
            graph=draw_graph(edges), edges=edges,
            asked=asked, histories=[describe_file(cases, file) for file in files[:3]],
        )  # fmt: skip


def format_indicator(indicator: Indicator) -> tuple[str, str, str]:
    """Return the value, the value before, and the counts that it is made of."""
    if indicator.unit == "usd":
        counts = f"{format_money(indicator.part)} for {indicator.total:g}"
    elif indicator.unit == "per week":
        counts = f"{indicator.part:g} in {indicator.total:.1f} weeks"
    else:
        counts = f"{indicator.part:g} of {indicator.total:g}"
    value = _format_value(indicator.value, indicator.unit)
    return value, _format_value(indicator.before, indicator.unit), counts


def describe_share(pattern: Pattern) -> str:
    """Return how many runs held, of how many."""
    return f"{pattern.good} of {pattern.good + pattern.bad}"


def _format_value(value: float | None, unit: str) -> str:
    if value is None:
        return PLACEHOLDER
    if unit == "usd":
        return format_money(value)
    if unit == "per week":
        return f"{value:.1f} a week"
    if unit == "points":
        return f"{100 * value:+.0f} points"
    return f"{100 * value:.0f} %"
