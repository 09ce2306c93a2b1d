"""Times: in texts of UTC, in a chat of each reader."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.presentation.times import format_timestamp, format_utc, localise_times

AT = datetime(2026, 11, 21, 14, 2, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("since 2026-11-21 14:02 UTC, all in `a.py`", "since <t:1795269720:f>, all in `a.py`"),
        ("2026-11-21 14:02 UTC to 2026-11-21 14:02 UTC", "<t:1795269720:f> to <t:1795269720:f>"),
        ("`2026-11-21 14:02 UTC` is code", "`2026-11-21 14:02 UTC` is code"),
        ("```\n2026-11-21 14:02 UTC\n```", "```\n2026-11-21 14:02 UTC\n```"),
        ("2026-13-41 14:02 UTC is none", "2026-13-41 14:02 UTC is none"),
        ("at 14:02 UTC on some day", "at 14:02 UTC on some day"),
    ],
)
def test_a_time_in_a_text_is_shown_to_each_in_their_own_zone(text: str, shown: str) -> None:
    assert localise_times(text) == shown
    assert localise_times(shown) == shown


def test_what_is_written_as_a_time_is_shown_as_that_time_to_the_minute() -> None:
    berlin = AT.astimezone(timezone(timedelta(hours=1)))
    assert format_utc(berlin) == format_utc(AT) == "2026-11-21 14:02 UTC"
    assert localise_times(format_utc(AT)) == format_timestamp(AT.replace(second=0))
