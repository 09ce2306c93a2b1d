"""The pages of incidents."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.domain.incident import Incident
from bot.domain.samples import Sample
from bot.web._html import Content, Html, facts, join, link, prose, table, tag, when
from bot.web._parts import badge, code

BARS = 48
_WIDTH, _HEIGHT, _GROUND = 960, 160, 150
_TONES = {"high": "bad", "medium": "warn", "low": "idle"}


def incidents_page(incidents: Sequence[Incident], now: datetime) -> Html:
    """Return what goes on, then what was lately."""
    if not incidents:
        return tag("p", "Nothing was noticed lately.")
    rows: list[tuple[Content, ...]] = [
        (
            link(f"/incidents/{each.id}", code(each.id)),
            each.title,
            badge(each.status, "warn" if each.open else "good"),
            badge(str(each.severity), _TONES[each.severity]),
            each.count,
            when(each.last_at, now),
        )
        for each in sorted(incidents, key=lambda each: not each.open)
    ]
    heads = ("Incident", "What", "Status", "Severity", "Count", "Last")
    return table("Open first, then the newest", heads, rows)


def incident_page(
    incident: Incident, samples: Sequence[Sample], since: datetime, now: datetime
) -> Html:
    """Return everything worth seeing of one incident."""
    run = link(f"/runs/{incident.run_id}", code(incident.run_id)) if incident.run_id else None
    reports = [
        tag("li", tag("strong", each.person.name), ": ", each.text) for each in incident.reports
    ]
    return join(
        facts(
            [
                ("Status", badge(incident.status, "warn" if incident.open else "good")),
                ("Severity", badge(str(incident.severity), _TONES[incident.severity])),
                ("Count", incident.count),
                ("Began", when(incident.opened_at, now)),
                ("Last", when(incident.last_at, now)),
                ("People affected", len(incident.affected) or None),
                ("Run", run),
                ("Whose fault", str(incident.triage.origin)),
                ("What I do", incident.level),
            ]
        ),
        prose(incident.error),
        tag("h2", "How often"),
        bars(samples, since, now),
        tag("h2", "What people said") if reports else None,
        tag("ul", *reports) if reports else None,
    )


def chart_since(incident: Incident, now: datetime) -> datetime:
    """Return where the chart begins: an hour before it did, a day ago at most."""
    return max(incident.opened_at - timedelta(hours=1), now - timedelta(days=1))


def bars(samples: Sequence[Sample], since: datetime, now: datetime) -> Html:
    """Return a picture of how many actions there were, and how many of them failed."""
    start, length = since.timestamp(), max((now - since).total_seconds(), 1.0)
    every, failed = [0] * BARS, [0] * BARS
    for sample in samples:
        place = min(max(int((sample.at - start) / length * BARS), 0), BARS - 1)
        every[place] += 1
        failed[place] += sample.failed
    most, step = max(1, *every), _WIDTH / BARS
    shapes = [
        _bar(place, count / most, name, step)
        for name, counts in (("all", every), ("failed", failed))
        for place, count in enumerate(counts)
        if count
    ]
    ground = tag("line", x1=0, x2=_WIDTH, y1=_GROUND, y2=_GROUND)
    told = f"{sum(failed)} of {sum(every)} actions failed since {since:%Y-%m-%d %H:%M} UTC"
    picture = tag(
        "svg", *shapes, ground, class_="bars", viewbox=f"0 0 {_WIDTH} {_HEIGHT}",
        preserveaspectratio="none", role="img", aria_label=told,
    )  # fmt: skip
    most_told = f"{told}; at most {most} in {length / BARS / 60:.0f} min."
    return tag("figure", picture, tag("figcaption", most_told, class_="soft"), class_="card")


def _bar(place: int, share: float, name: str, step: float) -> Html:
    height = round(share * (_GROUND - 10), 1)
    return tag(
        "rect", class_=name, x=f"{place * step + 1:.1f}", y=f"{_GROUND - height:.1f}",
        width=f"{step - 2:.1f}", height=f"{height}",
    )  # fmt: skip
