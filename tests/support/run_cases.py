"""Cases of ended runs, as the bot keeps them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.run_cases import RunCase

NOW = datetime(2026, 11, 21, 14, tzinfo=UTC)


def make_case(name: str, days_ago: float = 1, **about: Any) -> RunCase:
    """Return the case of a fix of `/roll` that held."""
    case = RunCase(
        run_id=name, goal="fix", fault="IndexError", fingerprint="f1", event="command.roll",
        file="cogs/dice.py", function="face", frames=("cogs/dice.py",), files=("cogs/dice.py",),
        merge_commit=f"{name:0<40}", engine="offline", edit="added condition",
        evidence="failing test", result="held", ended_at=NOW - timedelta(days=days_ago),
    )  # fmt: skip
    return case.replace(**about)
