"""A self-audit card keeps Discord's limits, is useful, and cannot be misused."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.adapters.discord_chat._render import render
from bot.domain.run import Status
from bot.domain.self_audit import (
    ActionPace,
    AuditedFault,
    AuditReport,
    Column,
    Fix,
    FlagDue,
    Gap,
    Lesson,
    Open,
    RequestedFeature,
    RunsEnded,
    SpentOn,
)
from bot.presentation.cards import build_failures_chart, render_audit_markdown, render_self_audit

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
NASTY = (
    "@everyone [click](https://evil.example) `x` **bold** <@1> ship it\n# heading " + "y" * 3_000
)


def report(**fields: Any) -> AuditReport:
    about = {"since": NOW - timedelta(days=7), "until": NOW, "compared": True}
    return AuditReport.model_validate({**about, **fields})


def fault(name: str = "/roll", **fields: Any) -> AuditedFault:
    about = {
        "fingerprint": "f1", "event": "command.roll", "name": name, "count": 12, "before": 3,
        "exception": "IndexError", "file": "cogs/dice.py", "line": 31, "function": "face",
        "last_at": NOW, "newest_id": "a",
    }  # fmt: skip
    return AuditedFault.model_validate({**about, **fields})


def full(text: str, many: int) -> AuditReport:
    """A report with `many` of everything, all of it called `text`."""
    return report(
        actions=10**9,
        failures=10**8,
        faults=(fault(text, exception=text),) * many,
        slow=(ActionPace(event="e", name=text, actions=30, p95_ms=2_300, before_ms=900),) * many,
        abilities=many + 1,
        unused=(text,) * many,
        idle_cogs=(text,) * many,
        gaps=(Gap(what="cogs.weather", why="1 function, 3 lines: rain()"),) * many,
        usd=1_234.5,
        by_part=(SpentOn(name=text, usd=3, tokens=10**7, calls=9),) * many,
        by_run=(SpentOn(name=text, usd=3),) * many,
        runs=tuple(RunsEnded(status=status, count=3, seconds=4_000) for status in Status),
        by_itself=2,
        incidents=(Open(id="k7m2xq", title=text, count=9, since=NOW),) * many,
        fixes=(Fix(run_id="abc234", number=47, what=text, at=NOW, verdict="not_fixed"),) * many,
        learned=(Lesson(kind="note", text=text, by=text),) * many,
        wished=(RequestedFeature(id="k7m2xq", text=text, votes=3),) * many,
        flags=(FlagDue(name="coinflip", files=("cogs/coins.py",) * 5, since=NOW),) * many,
        columns=(Column(at=NOW, counts={"/roll": 3, "others": 9}),),
        missing=(text,) * many,
    )


@pytest.mark.parametrize("text", ["/roll", NASTY])
@pytest.mark.parametrize("many", [1, 60])
def test_however_much_there_is_the_card_keeps_its_limits_and_loses_no_section(
    text: str, many: int
) -> None:
    post = render_self_audit(full(text, many), b"\x89PNG")
    (part,) = render(post, lambda each: each)
    assert part.embed is not None
    assert len(part.embed) <= 6_000
    names = [field.name for field in part.embed.fields]
    assert names == [
        "Top faults", "Slow", "Open incidents", "Fixes, and whether they work", "My runs",
        "What models cost", "Learned", "Requested, but not started", "Flags that can go",
        "Not used", "Test coverage", "I could not check",
    ]  # fmt: skip
    assert all(len(field.value or "") <= 1_024 for field in part.embed.fields)
    assert part.embed.image.url == "attachment://self-audit-2026-11-21.png"
    assert part.attachments[0].name == "self-audit-2026-11-21.md"


def test_what_others_wrote_shows_as_it_is_and_does_nothing() -> None:
    for told in (
        render_audit_markdown(full(NASTY, 1)),
        str(render_self_audit(full(NASTY, 1)).card),
    ):
        assert "@everyone" not in told
        assert "://evil" not in told
        assert "**bold**" not in told
        assert "\n# heading" not in told


def test_faults_say_where_they_go() -> None:
    told = render_audit_markdown(
        report(
            faults=(
                fault(people=4),
                fault("/same", before=11),
                fault("/less", before=40),
                fault("/new", before=0, file="", exception=""),
            )
        )
    )
    assert "- ↑ **12** /roll IndexError in `face()`, `cogs/dice.py:31` (was 3) · 4 people\n" in told
    assert "- → **12** /same" in told
    assert "- ↓ **12** /less" in told
    assert "- 🆕 **12** /new\n" in told


def test_without_anything_before_nothing_is_compared() -> None:
    told = render_audit_markdown(report(compared=False, actions=5, failures=12, faults=(fault(),)))
    assert "**5** actions, **12** failed\n" in told
    assert "nothing earlier to compare with" in told
    assert "was 3" not in told
    young = report(compared=False, faults=(fault(),), watched_since=NOW - timedelta(days=1))
    assert "My journal begins on 2026-11-20 09:00 UTC" in render_audit_markdown(young)


def test_the_file_lists_all_of_what_the_card_cuts() -> None:
    post = render_self_audit(report(faults=tuple(fault(f"/c{n}") for n in range(9))))
    assert post.card is not None
    assert post.card.fields[0].value.endswith("… and 4 more")
    assert all(f"/c{n}" in post.attachments[0].text for n in range(9))
    assert post.images == ()


def test_a_quiet_week_is_a_friendly_line() -> None:
    post = render_self_audit(report(actions=340, abilities=2, unused=("/flip",)))
    assert post.card is None
    assert post.text == (
        "A quiet week (14 to 21 Nov 2026): 340 actions, none of which failed. "
        "Nothing to fix. 🚢 No one used `/flip`."
    )


def test_skills_that_nobody_reads_are_named() -> None:
    post = render_self_audit(report(faults=(fault("/c"),), unread_skills=("making-tea",)))
    assert post.card is not None
    [told] = [each.value for each in post.card.fields if each.name == "No model read in 30 days"]
    assert told == "the skills `making-tea`; `/skills list` says more"


def test_flags_that_can_go_say_why() -> None:
    on = FlagDue(name="coinflip", files=("cogs/coins.py",), since=NOW)
    old = FlagDue(name="old", since=NOW)
    told = render_audit_markdown(report(failures=1, flags=(on, old)))
    assert "- `coinflip`: on for everyone since 21 Nov; remove it from `cogs/coins.py`" in told
    assert "- `old`: no code asks for it any more; `/flags remove` forgets it" in told
    quiet = render_self_audit(report(actions=1, flags=(on, old)))
    assert quiet.text.endswith("Flags that can go: `coinflip`, `old`; `/flags list` says why.")


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (7, "14 to 21 Nov 2026"),
        (30, "22 Oct to 21 Nov 2026"),
        (1, "2026-11-20 09:00 UTC to 2026-11-21 09:00 UTC"),
    ],
)
def test_the_period_is_named(days: int, told: str) -> None:
    post = render_self_audit(report(since=NOW - timedelta(days=days), actions=1))
    assert told in post.text


def test_the_chart_shows_the_largest_first_and_what_came_live() -> None:
    columns = (
        Column(at=NOW - timedelta(days=1), counts={"others": 50, "/poll": 1}),
        Column(at=NOW, counts={"/roll": 9}),
    )
    fix = Fix(run_id="abc234", number=47, what="/roll", at=NOW)
    chart = build_failures_chart(report(failures=60, columns=columns, fixes=(fix,)))
    assert chart is not None
    assert [line.name for line in chart.lines] == ["/roll", "/poll", "others"]
    assert [[point.value for point in line.points] for line in chart.lines] == [
        [0, 9], [1, 0], [50, 0],
    ]  # fmt: skip
    assert chart.lines[0].points[1].at == NOW + timedelta(hours=12)  # the middle of that day
    assert [mark.text for mark in chart.marks] == ["#47 live"]
    assert build_failures_chart(report(columns=columns)) is None
