"""Texts of failures, as far as they can be tested without the real program."""

from datetime import UTC, datetime

import pytest

from bot.adapters.claude_agent.program._failures import (
    StaleConversation,
    TurnContext,
    build_crash_error,
    build_limit_error,
    build_turn_error,
    format_detail,
)
from bot.adapters.claude_agent.program._transport_events import ProgramError, TurnEnded
from bot.domain.errors import AgentForbidden, AgentOverloaded, AgentUnauthorized, AgentUnavailable

SECRET = "sk-ant-api03-" + "A" * 95


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (3, "ended with exit code 3"),
        (137, "was killed by SIGKILL"),
        (-9, "was killed by SIGKILL"),
        (139, "was killed by SIGSEGV"),
        (255, "ended with exit code 255"),
        (0, "ended without a message"),
        (None, "ended without a message"),
    ],
)
def test_how_the_program_ended_is_told_by_its_exit_code(code: int | None, words: str) -> None:
    assert str(build_crash_error(code)) == f"The Claude Code program {words}."


def test_no_message_or_detail_holds_a_secret_and_details_have_an_end() -> None:
    assert SECRET not in format_detail(f"x-api-key: {SECRET}", "more")
    assert len(format_detail("x" * 100_000)) == 2_000
    error = build_turn_error(
        TurnEnded(failed=True, status=500, text=f"key {SECRET} broke"), TurnContext()
    )
    assert SECRET not in f"{error} {vars(error)}"
    assert isinstance(error, AgentOverloaded)


def test_a_name_that_could_be_anything_is_not_repeated() -> None:
    now = TurnContext(model="`rm -rf` @everyone", role="planner")
    error = build_turn_error(TurnEnded(failed=True, status=404), now)
    assert isinstance(error, AgentForbidden)
    assert "everyone" not in str(error)
    assert "engine.planner.model" in str(error)


def test_a_status_is_not_taken_for_damage_unless_something_was_gone_on_with() -> None:
    ended = TurnEnded(failed=True, status=400, text="messages: odd")
    assert isinstance(build_turn_error(ended, TurnContext(resumed=True)), StaleConversation)
    assert not isinstance(build_turn_error(ended, TurnContext()), StaleConversation)


def test_a_key_that_is_missing_and_one_that_is_refused_are_told_apart() -> None:
    missing = TurnContext(program_error=ProgramError("authentication_failed", "Not logged in"))
    assert "No key" in str(build_turn_error(TurnEnded(failed=True, reason="api_error"), missing))
    refused = build_turn_error(TurnEnded(failed=True, status=401), missing)
    assert isinstance(refused, AgentUnauthorized)
    assert "does not accept" in str(refused)


def test_what_nobody_foresaw_is_unavailable_with_the_words_for_the_journal() -> None:
    error = build_turn_error(
        TurnEnded(failed=True, kind="error_during_execution", text="Odd."), TurnContext()
    )
    assert isinstance(error, AgentUnavailable)
    assert "Odd." in error.detail


def test_a_limit_says_until_when_in_the_time_of_the_world() -> None:
    until = datetime(2026, 3, 1, 14, 5, tzinfo=UTC)
    assert "until 2026-03-01 14:05 UTC" in str(build_limit_error(until))
    assert build_limit_error(until).until == until
