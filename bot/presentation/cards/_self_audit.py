"""The self-audit: a card with the most important lines, a chart, and the full report as a file."""

from collections.abc import Sequence

from bot.domain.charts import ChartLine, Mark, Point, TimeChart
from bot.domain.posts import Attachment, Card, CardField, Image, Post
from bot.domain.run import FINAL_STATUSES, Status
from bot.domain.self_audit import (
    ActionPace,
    AuditedFault,
    AuditReport,
    Fix,
    FlagDue,
    Lesson,
    Open,
    RequestedFeature,
    RunsEnded,
    SpentOn,
)
from bot.domain.watch import Judgement
from bot.presentation.cards._plain_text import to_plain_text
from bot.presentation.cards._text import fit_lines, format_money, format_seconds, format_tokens
from bot.presentation.counts import format_count
from bot.presentation.times import format_utc

_MAX_LINES = 5
_FIELD = 440  # characters of a field: twelve fields with their names stay below a card's 6,000
_OTHERS = "others"
_STATUS_LABELS: dict[Status, str] = {
    Status.DONE: "done",
    Status.FAILED: "without a result",
    Status.CANCELLED: "cancelled",
    Status.REJECTED: "rejected",
    Status.QUARANTINED: "set aside",
    Status.WAITING: "waiting",
    Status.RUNNING: "under way",
    Status.QUEUED: "in the queue",
}
_VERDICTS: dict[Judgement | None, str] = {
    "fixed": "✅ works",
    "partial": "🟠 works in part",
    "not_fixed": "❌ did not work",
    "regressed": "❌ made things worse",
    "inconclusive": "❔ not clear whether it works",
    None: "👀 being watched",
}


def render_self_audit(report: AuditReport, chart: bytes | None = None) -> Post:
    """Return the card; `chart` is the picture of `build_failures_chart`."""
    if report.quiet:
        return Post(text=_render_quiet_report(report))
    fields = tuple(
        CardField(name=name, value=fit_lines(lines, _FIELD), inline=False)
        for name, lines in _build_sections(report, _MAX_LINES)
        if lines
    )
    name = f"self-audit-{report.until:%Y-%m-%d}"
    image = Image(name=f"{name}.png", png=chart or b"", description="Failures over time")
    return Post(
        card=Card(
            title=f"How I did, {_format_period(report)}",
            body="\n".join(_list_headlines(report)),
            tone="warning" if report.faults or report.incidents else "good",
            fields=fields,
            footer="The whole report is attached.",
        ),
        attachments=(Attachment(name=f"{name}.md", text=render_audit_markdown(report)),),
        images=(image,) if chart else (),
    )


def render_audit_markdown(report: AuditReport) -> str:
    """Return the full report as Markdown."""
    parts = [f"# How I did, {_format_period(report)}", "\n".join(_list_headlines(report))]
    parts += [
        f"## {name}\n\n"
        + "\n".join(line if line.startswith("- ") else f"- {line}" for line in lines)
        for name, lines in _build_sections(report, None)
        if lines
    ]
    return "\n\n".join(parts) + "\n"


def build_failures_chart(report: AuditReport) -> TimeChart | None:
    """Return failures by day or hour and by action; None if nothing failed."""
    if not report.failures or not report.columns:
        return None
    names = {name: 0 for column in report.columns for name in column.counts}
    for column in report.columns:
        for name, count in column.counts.items():
            names[name] += count
    largest_first = sorted(names, key=lambda name: (name == _OTHERS, -names[name], name))
    half = (report.columns[-1].at - report.columns[0].at) / max(len(report.columns) - 1, 1) / 2
    lines = tuple(
        ChartLine(
            name=name,
            points=tuple(
                Point(at=column.at + half, value=column.counts.get(name, 0))
                for column in report.columns
            ),
        )
        for name in largest_first
    )
    per = "day" if report.days > 2 else "hour"
    fixes = tuple(
        Mark(at=fix.at, text=f"#{fix.number} live" if fix.number else "live")
        for fix in report.fixes
    )
    return TimeChart(
        title=f"Failures by {per}", unit="failures", lines=lines, marks=fixes, shape="bars"
    )


def _format_period(report: AuditReport) -> str:
    since, until = report.since, report.until
    if report.days < 2:
        return f"{format_utc(since)} to {format_utc(until)}"
    month = "" if (since.year, since.month) == (until.year, until.month) else f" {since:%b}"
    year = "" if since.year == until.year else f" {since.year}"
    return f"{since.day}{month}{year} to {until.day} {until:%b %Y}"


def _format_span(report: AuditReport) -> str:
    days = round(report.days)
    return {0: "few hours", 1: "day", 7: "week"}.get(days, f"{days} days")


def _render_quiet_report(report: AuditReport) -> str:
    activity = (
        format_count(report.actions, "action") if report.actions else "no one asked me for anything"
    )
    summary = f"{activity}, none of which failed" if report.actions else activity
    unused = (
        f" No one used {_join_names(report.unused, 3)}." if report.actions and report.unused else ""
    )
    flags = _join_names([each.name for each in report.flags], 3)
    flags = f" Flags that can go: {flags}; `/flags list` says why." if flags else ""
    return (
        f"A quiet {_format_span(report)} ({_format_period(report)}): {summary}. Nothing to "
        f"fix. 🚢{unused}{flags}"
    )


def _list_headlines(report: AuditReport) -> list[str]:
    actions = _format_trend(report.actions, report.actions_before, report.compared)
    failed = _format_trend(report.failures, report.failures_before, report.compared)
    lines = [f"**{report.actions:,}** actions{actions}, **{report.failures:,}** failed{failed}"]
    if report.usd or report.usd_before:
        before = f" (was {format_money(report.usd_before)})" if report.compared else ""
        lines.append(f"Models cost **{format_money(report.usd)}**{before}")
    if report.watched_since is not None:
        lines.append(f"My journal begins on {format_utc(report.watched_since)}")
    elif not report.compared:
        lines.append("There is nothing earlier to compare with")
    return lines


def _format_trend(now: int, before: int, compared: bool) -> str:
    return f" {_get_arrow(now, before)} (was {before:,})" if compared else ""


def _get_arrow(now: float, before: float) -> str:
    """Return the direction of a change; less than a fifth counts as no change."""
    return "↑" if now > before * 1.2 else "↓" if now < before * 0.8 else "→"


def _build_sections(report: AuditReport, most: int | None) -> tuple[tuple[str, list[str]], ...]:
    """Return headings with their lines; of long lists the first `most` lines."""
    faults = [_format_fault(each, report.compared) for each in report.faults]
    incidents = [_format_incident(each) for each in report.incidents]
    requests = [_format_feature_request(each) for each in report.feature_requests]
    return (
        ("Top faults", _limit_lines(faults, most)),
        ("Slow", _limit_lines([_pace(each) for each in report.slow], most)),
        ("Open incidents", _limit_lines(incidents, most)),
        ("Fixes, and whether they work", _limit_lines([_fix(each) for each in report.fixes], most)),
        ("My runs", _list_run_lines(report)),
        ("What models cost", _list_cost_lines(report, most)),
        ("Learned", _limit_lines([_format_lesson(each) for each in report.learned], most)),
        ("Requested, but not started", _limit_lines(requests, most)),
        ("Flags that can go", _limit_lines([_format_flag(each) for each in report.flags], most)),
        ("Not used", _list_unused_lines(report, most)),
        ("No model read in 30 days", _list_unread_lines(report, most)),
        ("Test coverage", _limit_lines([f"`{g.what}`: {g.why}" for g in report.gaps], most)),
        ("I could not check", [to_plain_text(each, 100) for each in report.missing[:10]]),
    )


def _limit_lines(lines: Sequence[str], most: int | None) -> list[str]:
    if most is None or len(lines) <= most:
        return list(lines)
    return [*lines[:most], f"… and {len(lines) - most} more"]


def _format_fault(fault: AuditedFault, compared: bool) -> str:
    trend = ""
    if compared:
        trend = f"{_get_arrow(fault.count, fault.before)} " if fault.before else "🆕 "
    raised = f" {to_plain_text(fault.exception, 60)}" if fault.exception else ""
    where = f" in `{fault.function}()`, `{fault.file}:{fault.line}`" if fault.file else ""
    was = f" (was {fault.before:,})" if compared and fault.before else ""
    people = f" · {fault.people} people" if fault.people > 1 else ""
    return f"{trend}**{fault.count:,}** {to_plain_text(fault.name, 60)}{raised}{where}{was}{people}"


def _format_feature_request(request: RequestedFeature) -> str:
    text = to_plain_text(request.text, 100)
    if not request.votes:
        why = f": {to_plain_text(request.reason, 160)}" if request.reason else ""
        return f"proposed by a model: {text} (`wish:{request.id}`){why}"
    return f"{format_count(request.votes, 'vote')}: {text} (`wish:{request.id}`)"


def _format_flag(flag: FlagDue) -> str:
    if not flag.files:
        return f"`{flag.name}`: no code asks for it any more; `/flags remove` forgets it"
    since = f"{flag.since.day} {flag.since:%b}"
    files = ", ".join(f"`{each}`" for each in flag.files[:3])
    return f"`{flag.name}`: on for everyone since {since}; remove it from {files}"


def _pace(pace: ActionPace) -> str:
    trend = was = ""
    if pace.before_ms is not None:
        trend = f"{_get_arrow(pace.p95_ms, pace.before_ms)} "
        was = f" (was {_format_time(pace.before_ms)})"
    name, often = to_plain_text(pace.name, 60), format_count(pace.actions, "action")
    return f"{trend}{name}: p95 **{_format_time(pace.p95_ms)}**{was} · {often}"


def _format_time(ms: float) -> str:
    return f"{ms:.0f} ms" if ms < 1_000 else format_seconds(ms / 1_000)


def _format_incident(incident: Open) -> str:
    often = format_count(incident.count, "time")
    since = format_utc(incident.since)
    return f"`{incident.id}` {to_plain_text(incident.title, 110)} · {often} · since {since}"


def _fix(fix: Fix) -> str:
    number = f"#{fix.number} " if fix.number else ""
    return f"{number}{to_plain_text(fix.what, 90)} (run `{fix.run_id}`): {_VERDICTS[fix.verdict]}"


def _list_run_lines(report: AuditReport) -> list[str]:
    if not report.runs:
        return []
    lines = [_format_run_count(each) for each in report.runs]
    if report.by_itself:
        lines.append(f"I started {report.by_itself} of them by myself")
    return lines


def _format_run_count(run_count: RunsEnded) -> str:
    after = (
        f", typically after {format_seconds(run_count.seconds)}"
        if run_count.status in FINAL_STATUSES
        else ""
    )
    return f"{run_count.count} {_STATUS_LABELS[run_count.status]}{after}"


def _list_cost_lines(report: AuditReport, most: int | None) -> list[str]:
    parts = [_format_expense(each, format_count(each.calls, "call")) for each in report.by_part]
    runs = [_format_expense(each, "run") for each in report.by_run]
    return _limit_lines([*parts, *runs], most)


def _format_expense(expense: SpentOn, kind: str) -> str:
    count = f" · {format_tokens(expense.tokens)}" if expense.tokens else ""
    return f"{format_money(expense.usd)} {to_plain_text(expense.name, 60)} ({kind}{count})"


def _format_lesson(lesson: Lesson) -> str:
    by = f" ({to_plain_text(lesson.by, 40)})" if lesson.by else ""
    return f"{to_plain_text(lesson.text, 160)}{by}"


def _list_unused_lines(report: AuditReport, most: int | None) -> list[str]:
    if not report.unused:
        return []
    used = report.abilities - len(report.unused)
    lines = [
        f"{used} of {report.abilities} commands were used; not {_join_names(report.unused, most)}"
    ]
    if report.idle_cogs:
        lines.append(f"Idle cogs: {_join_names(report.idle_cogs, most)}")
    return lines


def _list_unread_lines(report: AuditReport, most: int | None) -> list[str]:
    if not report.unread_skills:
        return []
    return [f"the skills {_join_names(report.unread_skills, most)}; `/skills list` says more"]


def _join_names(names: Sequence[str], most: int | None) -> str:
    shown = [f"`{to_plain_text(name, 40)}`" for name in names[:most]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
