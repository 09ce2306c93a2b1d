"""Figures of a look back: what counts, what it is compared with, when one is due. All pure."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.journal import FailureGroup
from bot.domain.samples import Sample
from bot.domain.self_audit import Ability
from bot.monitoring.self_audit_figures import DAY, HOUR, Figures, Period
from bot.monitoring.self_audit_schedule import find_newest_slot, find_next_slot, is_due
from tests.fakes.fake_clock import FakeClock
from tests.support.agent_harness import make_capsule, make_failure

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
UNTIL = NOW.timestamp()
SINCE, BEFORE = UNTIL - 7 * DAY, UNTIL - 14 * DAY
DAILY = "0 9 * * *"


def figures(*samples: Sample) -> Figures:
    made = Figures(Period(BEFORE, SINCE, UNTIL), lambda event: f"/{event.partition('.')[2]}")
    made.add(samples)
    return made


def done(at: float, event: str = "command.roll", **fields: Any) -> Sample:
    kind = event.partition(".")[0]
    return Sample(at, f"{at}", event, kind, "ok", duration_ms=10.0)._replace(**fields)


def failed(at: float, fingerprint: str | None = "f1", **fields: Any) -> Sample:
    return done(at, **{"outcome": "error", "fingerprint": fingerprint, **fields})


def test_both_periods_are_counted_and_what_lies_outside_is_not() -> None:
    seen = figures(
        done(UNTIL), done(SINCE), failed(UNTIL - 1), failed(UNTIL - 2, None),
        done(SINCE - 1), failed(BEFORE), done(BEFORE - 1), done(UNTIL + 1),
    )  # fmt: skip
    assert [seen.count_actions(0), seen.count_actions(1)] == [4, 2]
    assert [seen.count_failures(0), seen.count_failures(1)] == [2, 1]
    assert seen.has_comparison
    assert not figures(done(UNTIL)).has_comparison


def test_the_bots_own_work_is_no_fault_of_anybodys_and_its_calls_cost() -> None:
    own = failed(UNTIL - 1, event="model.planner", own=True)
    seen = figures(own, done(UNTIL - 1, "chat.dev"))
    assert seen.count_failures(0) == 0
    assert seen.list_faults([]) == ()
    assert seen.paid == {"model.planner", "chat.dev"}


def test_faults_come_by_how_often_with_what_was_before_and_whom_it_happened_to() -> None:
    group = FailureGroup(
        fingerprint="f1",
        event="command.roll",
        count=3,
        first_seen=NOW,
        last_seen=NOW,
        newest=make_failure(FakeClock(NOW)),
        action_ids=("a",),
    )
    seen = figures(
        failed(UNTIL - 9, user="u1"),
        failed(UNTIL - 1, user="u2", id="newest"),
        failed(UNTIL - 5, user="u1"),
        failed(SINCE - 1),
        *(failed(UNTIL - n, "f2", event="command.poll") for n in range(5)),
    )
    second, first = seen.list_faults([group])
    assert (second.fingerprint, second.count, second.exception) == ("f2", 5, "")
    assert (first.count, first.before, first.people, first.newest_id) == (3, 1, 2, "newest")
    assert first.name == "/roll"
    assert first.exception == make_capsule().exception
    assert first.function == make_capsule().frames[-1].function


def test_slow_is_what_takes_a_second_or_takes_much_longer_than_before() -> None:
    def many(event: str, at: float, ms: float, times: int = 30) -> list[Sample]:
        return [done(at, event, duration_ms=ms) for _ in range(times)]

    seen = figures(
        *many("command.slow", UNTIL, 3_000),
        *many("command.slower", UNTIL, 400), *many("command.slower", SINCE - 1, 200),
        *many("command.same", UNTIL, 400), *many("command.same", SINCE - 1, 390),
        *many("command.tiny", UNTIL, 50), *many("command.tiny", SINCE - 1, 1),
        *many("command.rare", UNTIL, 9_000, 3),
        *many("command.new", UNTIL, 400), *many("command.new", SINCE - 1, 1, 3),
    )  # fmt: skip
    slow, slower = seen.list_slow()
    assert (slow.name, slow.before_ms) == ("/slow", None)
    assert slow.p95_ms == pytest.approx(3_000, rel=0.03)
    assert slower.name == "/slower"
    assert slower.before_ms == pytest.approx(200, rel=0.03)


def test_durations_that_are_none_break_nothing() -> None:
    strange = (None, -1.0, float("nan"), float("inf"), 0.0)
    seen = figures(*(done(UNTIL, duration_ms=each) for each in strange))
    assert seen.count_actions(0) == len(strange)
    assert seen.list_slow() == ()


def test_commands_nobody_used_and_cogs_that_lie_idle_are_named() -> None:
    def able(name: str, cog: str) -> Ability:
        return Ability(event=f"command.{name}", label=f"/{name}", cog=cog, module=cog)

    known = [able("roll", "dice"), able("flip", "dice"), able("poll", "polls")]
    unused, idle = figures(done(UNTIL), done(SINCE - 1, "command.poll")).find_unused(known)
    assert unused == ("/flip", "/poll")
    assert idle == ("polls",)


def test_the_chart_has_a_column_for_every_day_the_rest_of_the_events_together() -> None:
    events = [f"command.c{number}" for number in range(6)]
    many = [failed(UNTIL - 5, event=event) for n, event in enumerate(events) for _ in range(10 - n)]
    columns = figures(*many, failed(UNTIL - 2 * DAY, event=events[0])).build_columns()
    assert [column.at.day for column in columns] == [14, 15, 16, 17, 18, 19, 20, 21]
    assert columns[-1].counts == {"/c0": 10, "/c1": 9, "/c2": 8, "/c3": 7, "others": 11}
    assert columns[-3].counts == {"/c0": 1}
    assert columns[0].counts == {}


def test_a_day_is_told_by_the_hour() -> None:
    made = Figures(Period(UNTIL - 2 * DAY, UNTIL - DAY, UNTIL))
    assert len(made.build_columns()) == 25
    assert made.period.column == HOUR


def test_a_journal_that_begins_inside_the_period_says_when() -> None:
    assert figures(done(UNTIL - DAY)).watched_since == NOW - timedelta(days=1)
    assert figures(done(SINCE - 1)).watched_since is None
    assert figures().watched_since is None


# ----------------------------------------------------------------------------------- when it is due


@pytest.mark.parametrize(
    ("now", "newest", "coming"),
    [
        (NOW, NOW, NOW + timedelta(days=1)),
        (NOW - timedelta(seconds=1), NOW - timedelta(days=1), NOW),
        (NOW - timedelta(microseconds=1), NOW - timedelta(days=1), NOW),
        (NOW + timedelta(hours=3), NOW, NOW + timedelta(days=1)),
    ],
)
def test_the_newest_slot_is_not_in_the_future_and_the_next_one_is(
    now: datetime, newest: datetime, coming: datetime
) -> None:
    assert find_newest_slot(DAILY, "UTC", now) == newest
    assert find_next_slot(DAILY, "UTC", now) == coming


def test_slots_are_in_the_time_of_the_place_through_clock_changes() -> None:
    slots = {
        find_newest_slot(
            "30 2 * * *", "Europe/Berlin", datetime(2026, month, day, hour, tzinfo=UTC)
        )
        for month, day in ((3, 28), (3, 29), (3, 30), (10, 24), (10, 25), (10, 26))
        for hour in range(24)
    }
    per_day = sorted(slot.date().isoformat() for slot in slots if slot is not None)
    assert len(per_day) == len(set(per_day)) == 8  # with the nights before


def test_an_expression_that_names_no_day_is_never_due() -> None:
    assert find_newest_slot("0 9 31 2 *", "UTC", NOW) is None
    assert find_next_slot("0 9 31 2 *", "UTC", NOW) is None
    assert not is_due(None, NOW, NOW)


def test_only_a_clock_that_was_far_ahead_makes_an_older_slot_due() -> None:
    hour, week = timedelta(hours=1), timedelta(days=7)
    assert is_due(NOW, NOW - hour, NOW)
    assert not is_due(NOW, NOW, NOW)
    assert not is_due(NOW - timedelta(days=1), NOW, NOW - hour)
    assert is_due(NOW, NOW + week, NOW + hour)
