"""The card about costs: what was spent, by whom and on what, and the limits."""

import re
from collections import defaultdict
from datetime import UTC, datetime, time, timedelta

from bot.domain.budget import Cap
from bot.domain.charts import ChartLine, Point, TimeChart
from bot.domain.cost import Cost
from bot.domain.people import ITSELF
from bot.domain.posts import Card, CardField, Image, Post
from bot.domain.spending import BudgetReport, CapStatus, Share
from bot.presentation.cards._text import fit_lines, format_cost, format_money, format_tokens
from bot.presentation.counts import format_count
from bot.presentation.times import format_timestamp, format_utc

_MOST, _FIELD = 8, 1_000
_NOON = timedelta(hours=12)
_STAMPS = re.compile(r"<t:(\d+):R>(?: \(<t:\d+:\w>\))?")
NO_CAP_FROM_CHAT = (
    "The caps are set under `budget` in data/config.yaml. No one can change them by talking to me."
)


def format_cap_usage(spending: Cost, cap: Cap) -> str:
    """Return `$1.20 of $6.00`, with tokens if they are capped."""
    parts = [] if cap.usd is None else [f"{format_cost(spending)} of {format_money(cap.usd)}"]
    if cap.tokens is not None:
        used = spending.tokens_in + spending.tokens_out
        parts.append(f"{format_tokens(used)} of {format_tokens(cap.tokens)}")
    return ", ".join(parts) or f"{format_cost(spending)}, not capped"


def render_budget(report: BudgetReport, png: bytes | None = None) -> Post:
    """Return the whole report as one card, with the chart if `png` is set."""
    lines = [
        f"**Today** {_format_usage(report.day)}",
        f"**This week** {_format_usage(report.week)}",
    ]
    if report.run_cap.usd is not None or report.run_cap.tokens is not None:
        lines.append(f"**One run** may cost {_cap(report.run_cap)}")
    begun = ", ".join(f"{each.count} by {each.engine}" for each in report.begun) or "none"
    lines.append(
        f"**Changes started in the last hour** {begun}; a model may start {report.begun_most}"
    )
    refused = f", {report.refused:,} refused" if report.refused else ", none refused"
    lines.append(f"**Requests this week** {report.requests:,}{refused}")
    if report.trouble:
        lines.insert(0, f"⛔ {report.trouble}")
    fields = (
        ("By person, today", [_format_person(each) for each in report.people]),
        (
            "By person, this week",
            [_share(each, _format_person_name(each.name)) for each in report.week_people],
        ),
        ("By run, this week", [_share(each, f"`{each.name}`") for each in report.runs]),
        ("By purpose, this week", [_share(each, each.name) for each in report.purposes]),
    )
    images = (
        (Image(name="budget.png", png=png, description="What models cost, by day"),) if png else ()
    )
    return Post(
        card=Card(
            title="What models cost",
            body="\n".join(lines),
            tone="bad" if report.trouble else "neutral",
            fields=tuple(
                CardField(name=name, value=fit_lines(told[:_MOST], _FIELD))
                for name, told in fields
                if told
            ),
            footer="days and weeks are in UTC",
        ),
        images=images,
    )


def render_budget_text(report: BudgetReport) -> str:
    """Return the report as plain lines, for a terminal."""
    card = render_budget(report).card
    if card is None:
        return ""
    parts = [card.body, *(f"{field.name}\n{field.value}" for field in card.fields)]
    text = _STAMPS.sub(_format_stamp, re.sub(r"<@(\d+)>", r"user \1", "\n\n".join(parts)))
    return text.replace("**", "").replace("`", "")


def _format_stamp(stamp: re.Match[str]) -> str:
    return f"at {format_utc(datetime.fromtimestamp(int(stamp[1]), UTC))}"


def build_budget_chart(report: BudgetReport) -> TimeChart | None:
    """Return each purpose's cost by day, with the day's cap; None if nothing was spent."""
    if not any(each.cost_usd for each in report.days):
        return None
    last = report.at.astimezone(UTC).date()
    every = [last - timedelta(days=back) for back in reversed(range(14))]
    costs: dict[str, dict[object, float]] = defaultdict(dict)
    for each in report.days:
        costs[each.purpose][each.day] = each.cost_usd
    largest = sorted(costs, key=lambda purpose: -sum(costs[purpose].values()))
    cap, most = report.day.cap.usd, max(_sum_by_day(report).values())
    return TimeChart(
        title="What models cost, by day",
        unit="USD",
        lines=tuple(
            ChartLine(
                name=purpose,
                points=tuple(
                    Point(
                        at=datetime.combine(day, time(), UTC) + _NOON,
                        value=round(costs[purpose].get(day, 0.0), 4),
                    )
                    for day in every
                ),
            )
            for purpose in largest
        ),
        threshold=cap
        if cap is not None and cap <= 4 * most
        else None,  # a much higher cap would make the bars tiny
        shape="bars",
    )


def _sum_by_day(report: BudgetReport) -> dict[object, float]:
    days: dict[object, float] = defaultdict(float)
    for each in report.days:
        days[each.day] += each.cost_usd
    return days


def _format_usage(status: CapStatus) -> str:
    """Return how much of a cap is used, and when it resets."""
    text = format_cap_usage(status.cost, status.cap)
    if status.cap.usd:
        text += f" ({status.cost.cost_usd / status.cap.usd:.0%})"
    if status.free_at is not None:
        text += f"; resets {format_timestamp(status.free_at, 'R')}"
    return text


def _cap(cap: Cap) -> str:
    parts = [] if cap.usd is None else [format_money(cap.usd)]
    parts += [] if cap.tokens is None else [format_tokens(cap.tokens)]
    return " and ".join(parts)


def _format_person(status: CapStatus) -> str:
    who = _format_person_name(str(status.person_id))
    return f"{who}: {format_cap_usage(status.cost, status.cap)}"


def _share(share: Share, name: str) -> str:
    used = format_tokens(share.tokens_in + share.tokens_out)
    return f"{name}: {format_cost(share)} · {used} · {format_count(share.requests, 'request')}"


def _format_person_name(person_id: str) -> str:
    return "by myself" if person_id == str(ITSELF.id) else f"<@{person_id}>"
