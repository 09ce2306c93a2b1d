"""A look back: a card with the best of it, a chart, and all of it as a file."""

from collections.abc import Sequence

from bot.domain.charts import ChartLine, Mark, Point, TimeChart
from bot.domain.posts import Attachment, Card, CardField, Image, Post
from bot.domain.run import ENDED, Status
from bot.domain.self_audit import (
    ActionPace,
    AuditedFault,
    AuditReport,
    Fix,
    FlagDue,
    Lesson,
    Open,
    RunsEnded,
    SpentOn,
    Wished,
)
from bot.domain.watch import Judgement
from bot.presentation.cards._plain_text import plain
from bot.presentation.cards._text import fitting, money, seconds, tokens
from bot.presentation.counts import counted
from bot.presentation.times import clock_time

_SHOWN = 5
_FIELD = 440  # characters: twelve fields, and what stands over them, are less than a card's 6,000
_OTHERS = "others"
_ENDED: dict[Status, str] = {
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
    "fixed": "✅ held",
    "partial": "🟠 held in part",
    "not_fixed": "❌ did not hold",
    "regressed": "❌ made things worse",
    "inconclusive": "❔ not clear whether it held",
    None: "👀 being watched",
}


def self_audit(report: AuditReport, chart: bytes | None = None) -> Post:
    """Return what people are told; `chart` is the picture of `failures_chart`."""
    if report.quiet:
        return Post(text=_quiet(report))
    fields = tuple(
        CardField(name=name, value=fitting(lines, _FIELD), inline=False)
        for name, lines in _sections(report, _SHOWN)
        if lines
    )
    name = f"self-audit-{report.until:%Y-%m-%d}"
    image = Image(name=f"{name}.png", png=chart or b"", description="Failures over time")
    return Post(
        card=Card(
            title=f"How I did, {_period(report)}",
            body="\n".join(_headline(report)),
            tone="warning" if report.faults or report.incidents else "good",
            fields=fields,
            footer="The whole report is attached.",
        ),
        attachments=(Attachment(name=f"{name}.md", text=audit_markdown(report)),),
        images=(image,) if chart else (),
    )


def audit_markdown(report: AuditReport) -> str:
    """Return everything there is to tell, as Markdown."""
    parts = [f"# How I did, {_period(report)}", "\n".join(_headline(report))]
    parts += [
        f"## {name}\n\n"
        + "\n".join(line if line.startswith("- ") else f"- {line}" for line in lines)
        for name, lines in _sections(report, None)
        if lines
    ]
    return "\n\n".join(parts) + "\n"


def failures_chart(report: AuditReport) -> TimeChart | None:
    """Return failures by day or hour and by action; nothing where nothing failed."""
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


def _period(report: AuditReport) -> str:
    since, until = report.since, report.until
    if report.days < 2:
        return f"{clock_time(since)} to {clock_time(until)}"
    month = "" if (since.year, since.month) == (until.year, until.month) else f" {since:%b}"
    year = "" if since.year == until.year else f" {since.year}"
    return f"{since.day}{month}{year} to {until.day} {until:%b %Y}"


def _span(report: AuditReport) -> str:
    days = round(report.days)
    return {0: "few hours", 1: "day", 7: "week"}.get(days, f"{days} days")


def _quiet(report: AuditReport) -> str:
    done = counted(report.actions, "action") if report.actions else "nobody asked anything of me"
    told = f"{done}, none of which failed" if report.actions else done
    unused = f" Nobody used {_and(report.unused, 3)}." if report.actions and report.unused else ""
    flags = _and([each.name for each in report.flags], 3)
    flags = f" Flags that can go: {flags}; `/flags list` says why." if flags else ""
    return (
        f"A quiet {_span(report)} ({_period(report)}): {told}. Nothing to mend. 🚢{unused}{flags}"
    )


def _headline(report: AuditReport) -> list[str]:
    actions = _changed(report.actions, report.actions_before, report.compared)
    failed = _changed(report.failures, report.failures_before, report.compared)
    lines = [f"**{report.actions:,}** actions{actions}, **{report.failures:,}** failed{failed}"]
    if report.usd or report.usd_before:
        before = f" (was {money(report.usd_before)})" if report.compared else ""
        lines.append(f"Models cost **{money(report.usd)}**{before}")
    if report.watched_since is not None:
        lines.append(f"My journal begins on {clock_time(report.watched_since)}")
    elif not report.compared:
        lines.append("There is nothing earlier to compare with")
    return lines


def _changed(now: int, before: int, compared: bool) -> str:
    return f" {_arrow(now, before)} (was {before:,})" if compared else ""


def _arrow(now: float, before: float) -> str:
    """Return where it went; a fifth more or less is the same."""
    if now > before * 1.2:
        return "↑"
    return "↓" if now < before * 0.8 else "→"


def _sections(report: AuditReport, most: int | None) -> tuple[tuple[str, list[str]], ...]:
    """Return headings and lines; of long lists the first `most` lines."""
    compared = report.compared
    return (
        ("Top faults", _some([_fault(each, compared) for each in report.faults], most)),
        ("Slow", _some([_pace(each) for each in report.slow], most)),
        ("Open incidents", _some([_incident(each) for each in report.incidents], most)),
        ("Fixes, and whether they held", _some([_fix(each) for each in report.fixes], most)),
        ("My runs", _runs(report)),
        ("What models cost", _costs(report, most)),
        ("Learned", _some([_lesson(each) for each in report.learned], most)),
        ("Wished for, and not begun", _some([_wished(each) for each in report.wished], most)),
        ("Flags that can go", _some([_flag(each) for each in report.flags], most)),
        ("Nobody used", _unused(report, most)),
        ("No model read in 30 days", _unread(report, most)),
        ("Test coverage", _some([f"`{g.what}`: {g.why}" for g in report.gaps], most)),
        ("I could not look at", [plain(each, 100) for each in report.missing[:10]]),
    )


def _some(lines: Sequence[str], most: int | None) -> list[str]:
    if most is None or len(lines) <= most:
        return list(lines)
    return [*lines[:most], f"… and {len(lines) - most} more"]


def _fault(fault: AuditedFault, compared: bool) -> str:
    trend = ""
    if compared:
        trend = f"{_arrow(fault.count, fault.before)} " if fault.before else "🆕 "
    raised = f" {plain(fault.exception, 60)}" if fault.exception else ""
    where = f" in `{fault.function}()`, `{fault.file}:{fault.line}`" if fault.file else ""
    was = f" (was {fault.before:,})" if compared and fault.before else ""
    people = f" · {fault.people} people" if fault.people > 1 else ""
    return f"{trend}**{fault.count:,}** {plain(fault.name, 60)}{raised}{where}{was}{people}"


def _wished(wished: Wished) -> str:
    return f"{counted(wished.votes, 'vote')}: {plain(wished.text, 100)} (`wish:{wished.id}`)"


def _flag(flag: FlagDue) -> str:
    if not flag.files:
        return f"`{flag.name}`: no code asks for it any more; `/flags remove` forgets it"
    since = f"{flag.since.day} {flag.since:%b}"
    files = ", ".join(f"`{each}`" for each in flag.files[:3])
    return f"`{flag.name}`: on for everybody since {since}; take it out of {files}"


def _pace(pace: ActionPace) -> str:
    trend = was = ""
    if pace.before_ms is not None:
        trend = f"{_arrow(pace.p95_ms, pace.before_ms)} "
        was = f" (was {_time(pace.before_ms)})"
    name, often = plain(pace.name, 60), counted(pace.actions, "action")
    return f"{trend}{name}: p95 **{_time(pace.p95_ms)}**{was} · {often}"


def _time(ms: float) -> str:
    return f"{ms:.0f} ms" if ms < 1_000 else seconds(ms / 1_000)


def _incident(incident: Open) -> str:
    often = counted(incident.count, "time")
    since = clock_time(incident.since)
    return f"`{incident.id}` {plain(incident.title, 110)} · {often} · since {since}"


def _fix(fix: Fix) -> str:
    number = f"#{fix.number} " if fix.number else ""
    return f"{number}{plain(fix.what, 90)} (run `{fix.run_id}`): {_VERDICTS[fix.verdict]}"


def _runs(report: AuditReport) -> list[str]:
    if not report.runs:
        return []
    lines = [_ended(each) for each in report.runs]
    if report.by_itself:
        lines.append(f"{report.by_itself} of them I began by myself")
    return lines


def _ended(ended: RunsEnded) -> str:
    after = f", typically after {seconds(ended.seconds)}" if ended.status in ENDED else ""
    return f"{ended.count} {_ENDED[ended.status]}{after}"


def _costs(report: AuditReport, most: int | None) -> list[str]:
    parts = [_spent(each, counted(each.calls, "call")) for each in report.by_part]
    runs = [_spent(each, "run") for each in report.by_run]
    return _some([*parts, *runs], most)


def _spent(spent: SpentOn, kind: str) -> str:
    count = f" · {tokens(spent.tokens)}" if spent.tokens else ""
    return f"{money(spent.usd)} {plain(spent.name, 60)} ({kind}{count})"


def _lesson(lesson: Lesson) -> str:
    by = f" ({plain(lesson.by, 40)})" if lesson.by else ""
    return f"{plain(lesson.text, 160)}{by}"


def _unused(report: AuditReport, most: int | None) -> list[str]:
    if not report.unused:
        return []
    used = report.abilities - len(report.unused)
    lines = [f"{used} of {report.abilities} commands were used; not {_and(report.unused, most)}"]
    if report.idle_cogs:
        lines.append(f"Idle cogs: {_and(report.idle_cogs, most)}")
    return lines


def _unread(report: AuditReport, most: int | None) -> list[str]:
    if not report.unread_skills:
        return []
    return [f"the skills {_and(report.unread_skills, most)}; `/skills list` says more"]


def _and(names: Sequence[str], most: int | None) -> str:
    shown = [f"`{plain(name, 40)}`" for name in names[:most]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
