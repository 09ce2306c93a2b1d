"""Rollbacks of new code, reported by the supervisor, raise an alert."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.app.alerts import build_rollback_alert

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_a_commit_that_was_taken_back_is_told_with_its_reason() -> None:
    told = {"commit": "abc1234567890", "previous": "def4567890123", "at": "12", "why": "it hung"}
    alert = build_rollback_alert({"rolled_back": told, "restarted": None}, AT)
    assert alert is not None
    assert alert.id == "rollback:abc123456789:12"
    assert alert.headline == "[high] I restarted onto abc1234567, and took it back"
    assert alert.text == "it hung. Running now: def4567890."


def test_a_commit_that_cannot_be_taken_back_is_not_told_as_if_it_were() -> None:
    told = {"commit": "abc1234567890", "at": "12", "why": "it hung", "not_back": "it migrated"}
    alert = build_rollback_alert({"rolled_back": told}, AT)
    assert alert is not None
    assert alert.title == "I restarted onto abc1234567, and cannot go back"
    assert alert.text == "it hung. The checkout was not put back: it migrated."


@pytest.mark.parametrize("news", [{}, {"restarted": {"commit": "abc"}}, {"rolled_back": "odd"}])
def test_without_a_rollback_there_is_nothing_to_tell(news: dict[str, Any]) -> None:
    assert build_rollback_alert(news, AT) is None
