"""The grammar against a table of things people say."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.domain.grammar import COMMAND_LINE, Setting, Utterance, describe, parse

SETTINGS = {
    "here": COMMAND_LINE,
    "thread": COMMAND_LINE.but(in_thread=True),
    "proposal": COMMAND_LINE.but(reply_to="proposal"),
    "error": COMMAND_LINE.but(reply_to="error"),
    "overheard": COMMAND_LINE.but(addressed=False),
}


def _rows() -> list[Any]:
    groups = yaml.safe_load((Path(__file__).parent / "utterances.yaml").read_text("utf-8"))
    rows = []
    for group in groups:
        for said in group["said"]:
            slots = dict(said) if isinstance(said, dict) else {}
            text = slots.pop("text") if isinstance(said, dict) else said
            name = f"{group['where']}: {text!r}"
            rows.append(pytest.param(text, group, slots, id=name))
    return rows


@pytest.mark.parametrize(("text", "group", "slots"), _rows())
def test_what_people_say_is_understood(
    text: str, group: dict[str, Any], slots: dict[str, Any]
) -> None:
    utterance = parse(text, SETTINGS[group["where"]])
    intent = utterance.intent.value

    assert intent == group.get("intent", intent)
    assert intent != group.get("never")
    if "never" not in group:
        assert utterance.recognised is group.get("acts", group.get("intent") != "chat")
    assert {name: getattr(utterance.slots, name) for name in slots} == slots


def test_the_table_holds_at_least_two_hundred_utterances() -> None:
    assert len(_rows()) >= 200


def test_an_utterance_survives_json() -> None:
    utterance = parse("the polls are broken again, fix them", COMMAND_LINE)

    assert Utterance.model_validate_json(utterance.model_dump_json()) == utterance
    assert describe(utterance) == {
        "intent": "fix",
        "slots": {"subject": "polls", "again": True},
        "strength": "clear",
        "recognised": True,
    }


@pytest.mark.parametrize(
    "setting",
    [
        Setting(dev_channel=True, listed=False),
        Setting(dev_channel=False, listed=True),
        Setting(dev_channel=True, listed=True, reply_to="person"),
    ],
)
def test_only_a_listed_person_in_the_dev_channel_is_overheard(setting: Setting) -> None:
    assert not parse("rolling dice keeps crashing, fix it", setting).recognised


@pytest.mark.parametrize("filler", [" please" * 400, ". Nice" * 300, ". Great work" * 100])
def test_a_refusal_at_the_end_of_a_long_message_is_not_overlooked(filler: str) -> None:
    assert parse(f"ship it{filler}. But do not merge it", SETTINGS["thread"]).intent.value == "chat"
