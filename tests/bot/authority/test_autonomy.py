"""How far the bot goes by itself: the lowest level that applies, with the reason."""

import pytest

from bot.authority.autonomy_levels import Autonomy, Level, PathLevel, find_level, restrict_autonomy
from bot.domain.anomaly import Rule

CAREFUL = PathLevel(paths=("bot/**", "pyproject.toml"), level=Level.REPORT)
LOOKS = PathLevel(paths=("cogs/polls.py",), level=Level.INVESTIGATE)


@pytest.mark.parametrize("level", list(Level))
def test_the_general_level_counts_where_nothing_else_applies(level: Level) -> None:
    found, why = find_level(Autonomy(level=level), Rule.REPEATED_ERROR, ["cogs/dice.py"])
    assert found is level
    assert why == f"{level}: the general level"


@pytest.mark.parametrize(
    ("files", "level", "names"),
    [
        ([], Level.PROPOSE, "general"),
        (["cogs/dice.py"], Level.PROPOSE, "general"),
        (["cogs/polls.py"], Level.INVESTIGATE, "cogs/polls.py"),
        (["cogs/polls.py", "bot/client/_client.py"], Level.REPORT, "bot/client/_client.py"),
        (["BOT/Client/_client.py"], Level.REPORT, "BOT/Client/_client.py"),
        (["cogs/bot/own.py"], Level.PROPOSE, "general"),
    ],
)
def test_of_all_paths_that_match_the_lowest_level_counts(
    files: list[str], level: Level, names: str
) -> None:
    found, why = find_level(Autonomy(paths=(LOOKS, CAREFUL)), Rule.ERROR_RATE, files)
    assert (found, names in why) == (level, True), why


def test_a_path_never_raises_what_is_lower_in_general() -> None:
    daring = PathLevel(paths=("**",), level=Level.PROPOSE)
    found, _ = find_level(Autonomy(level=Level.REPORT, paths=(daring,)), Rule.ERROR_RATE, ["a.py"])
    assert found is Level.REPORT


def test_a_rule_has_a_level_of_its_own() -> None:
    autonomy = Autonomy(rules={Rule.REPEATED_ERROR: Level.REPORT})
    assert find_level(autonomy, Rule.REPEATED_ERROR, [])[0] is Level.REPORT
    assert find_level(autonomy, Rule.ERROR_RATE, [])[0] is Level.PROPOSE


@pytest.mark.parametrize("rules", [{}, {Rule.LATENCY: Level.PROPOSE}])
def test_slowness_is_investigated_at_most_whatever_is_configured(
    rules: dict[Rule, Level],
) -> None:
    found, why = find_level(Autonomy(rules=rules), Rule.LATENCY, ["cogs/dice.py"])
    assert found is Level.INVESTIGATE
    assert "prove" in why


GRANTED = Autonomy(level=Level.INVESTIGATE, paths=(CAREFUL,), an_hour=3)


@pytest.mark.parametrize(
    "wanted",
    [
        Autonomy(level=Level.REPORT, paths=(CAREFUL,), an_hour=3),
        Autonomy(level=Level.INVESTIGATE, paths=(LOOKS, CAREFUL), an_hour=0),
        Autonomy(
            level=Level.INVESTIGATE,
            rules={Rule.LATENCY: Level.REPORT, Rule.ERROR_RATE: Level.REPORT},
            paths=(CAREFUL,),
            an_hour=3,
        ),
        GRANTED,
    ],
)
def test_less_than_was_granted_is_had_as_it_is_wanted(wanted: Autonomy) -> None:
    assert restrict_autonomy(GRANTED, wanted) == wanted


@pytest.mark.parametrize(
    "wanted",
    [
        GRANTED.replace(level=Level.PROPOSE),
        GRANTED.replace(rules={}),
        GRANTED.replace(rules={Rule.LATENCY: Level.PROPOSE}),
        GRANTED.replace(paths=()),
        GRANTED.replace(an_hour=1_000),
        Autonomy(an_hour=1_000, rules={}),
    ],
)
def test_more_than_was_granted_is_never_had(wanted: Autonomy) -> None:
    assert restrict_autonomy(GRANTED, wanted) == GRANTED
