"""Recorded traffic as scripts."""

from datetime import UTC, datetime, timedelta
from typing import Any

from theseus_rehearsal.records import (
    Actor,
    CommandStep,
    MenuStep,
    PressStep,
    SayStep,
    Script,
    SingleStep,
    WebAnswer,
)

from bot.domain.journal import ActionOutcome
from bot.domain.traffic import TrafficRecord
from bot.proof.regression_scripts import MOST, MOST_VARIED, build_regression_scripts

START = datetime(2026, 1, 1, tzinfo=UTC)
DICE = ("cogs/dice.py",)


def record(
    number: int, step: SingleStep, event: str = "command.roll", **about: Any
) -> TrafficRecord:
    """Return a success of the dice, so many minutes after the start."""
    return TrafficRecord.model_validate(
        {
            "id": f"{number:032x}",
            "at": START + timedelta(minutes=number),
            "event": event,
            "cog": "dice",
            "step": step,
            "people": (Actor(name="asker"),),
            **about,
        }
    )


def roll(dice: str = "2d6") -> CommandStep:
    return CommandStep(by="asker", channel="general", command="roll", options={"dice": dice})


def first_of(records: list[TrafficRecord], files: tuple[str, ...] = DICE) -> Script:
    return build_regression_scripts(records, files)[0]


def test_a_success_is_asked_again_by_whoever_asked_with_the_cog_and_its_web() -> None:
    web = WebAnswer(url="https://x.org", body="{}")
    script = first_of([record(1, roll(), web=(web,))])
    assert script.steps == (roll(),)
    assert script.world.people == (Actor(name="asker"),)
    assert (script.world.cogs, script.world.web) == (("dice",), (web,))


def test_failures_and_what_the_change_cannot_reach_are_not_asked() -> None:
    failed = record(1, roll(), outcome=ActionOutcome.ERROR)
    other = record(2, roll(), cog="polls")
    assert build_regression_scripts([failed, other], DICE) == ()
    assert first_of([other], ("cogs/polls/_cog.py",)).world.cogs == ("polls",)
    assert build_regression_scripts([other], ("docs/polls.md", "tests/cogs/test_polls.py")) == ()
    for everywhere in ("bot/client/_client.py", "cogs/ui/posts.py", "cogs/__init__.py"):
        assert first_of([other], (everywhere,)).steps == (roll(),)


def test_what_differs_in_letters_alone_is_asked_once_and_every_event_has_its_share() -> None:
    rolls = [record(n, roll(f"{n}d6")) for n in range(1, 9)]
    other = record(0, CommandStep(by="asker", command="odds"), "command.odds")
    scripts = build_regression_scripts([*rolls, other], DICE)
    assert [each.steps[0] for each in scripts[:2]] == [roll("8d6"), other.step]
    many = [
        record(n, CommandStep(by="asker", command="roll", options={"x" * n: 1})) for n in range(99)
    ]
    scripts = build_regression_scripts([*many, other], DICE)
    assert len(scripts) <= MOST + MOST_VARIED
    assert other.step in [each.steps[0] for each in scripts]


def test_a_button_comes_after_what_was_asked_before_in_that_channel() -> None:
    here: dict[str, Any] = {"pseudonyms": {"asker": "u-1", "channel": "c-1"}}
    there: dict[str, Any] = {"pseudonyms": {"asker": "u-1", "channel": "c-2"}}
    press = PressStep(by="asker", channel="general", press="Again")
    made = record(1, roll("d8"), **here)
    elsewhere = record(2, roll("d10"), **there)
    pressed = record(3, press, "component.again", **here)
    later = record(4, roll("d12"), **here)
    scripts = build_regression_scripts([made, elsewhere, pressed, later], DICE)
    assert (made.step, press) in [each.steps for each in scripts]


def test_a_menu_comes_after_the_message_it_was_used_on() -> None:
    said = SayStep(by="other", channel="general", say="hello")
    menu = MenuStep(by="asker", channel="general", menu="Quote", on="m1")
    script = first_of([record(1, menu, "context_menu.Quote", target=said)])
    assert script.steps == (said, menu)
    assert [each.name for each in script.world.people] == ["asker", "other"]


def test_neighbours_of_what_was_asked_are_asked_too() -> None:
    scripts = build_regression_scripts([record(1, roll())], DICE)
    assert len(scripts) > 1
    assert len({each.model_dump_json() for each in scripts}) == len(scripts)
