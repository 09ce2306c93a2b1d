"""Feature requests are distinguished from reports, decisions, revisions, questions and talk."""

from pathlib import Path
from typing import Any

import pytest

from bot.grammar import COMMAND_LINE, Intent, parse
from bot.grammar.changes import has_bot_part, is_change_request
from tests.bot.grammar.settings import SETTINGS
from tests.support.yaml_tables import read_table

FOLDER = Path(__file__).parent
TABLE: list[dict[str, Any]] = read_table(FOLDER / "changes.yaml")
COMPLAINTS: list[str] = [
    each if isinstance(each, str) else each["text"]
    for group in read_table(FOLDER / "utterances.yaml")
    if group.get("intent") in ("fix", "investigate")
    for each in group["said"]
]


def _misread(group: dict[str, Any]) -> list[str]:
    """Return what of a group is not understood as the table says, and as what it is."""
    wrong = []
    for said in group["said"]:
        slots = dict(said) if isinstance(said, dict) else {}
        text = slots.pop("text") if slots else said
        heard = parse(text, SETTINGS[group["where"]])
        intent = heard.intent.value
        as_told = intent == group.get("intent", intent) and intent != group.get("never")
        acts = "never" in group or heard.recognised is group.get("acts", True)
        named = {name: getattr(heard.slots, name) for name in slots} == slots
        wrong += [] if as_told and acts and named else [f"{text!r}: {heard!r}"]
    return wrong


@pytest.mark.parametrize(
    "group", TABLE, ids=[f"{each['where']}-{place}" for place, each in enumerate(TABLE)]
)
def test_wishes_and_what_is_none_are_told_apart(group: dict[str, Any]) -> None:
    assert _misread(group) == []


def test_the_table_holds_at_least_two_hundred_and_fifty_sentences() -> None:
    assert sum(len(group["said"]) for group in TABLE) >= 250


def test_no_complaint_of_the_other_table_is_taken_for_a_wish() -> None:
    wished = [text for text in COMPLAINTS if parse(text, COMMAND_LINE).intent is Intent.CHANGE]
    assert wished == []


@pytest.mark.parametrize("text", ["add a /coinflip command", "Please ADD a /coinflip command!"])
def test_the_wish_is_kept_in_the_speakers_own_words(text: str) -> None:
    assert parse(text, COMMAND_LINE).slots.subject.lower() == "add a /coinflip command"


def test_a_named_command_is_wished_for_even_where_it_is_typed_as_code() -> None:
    assert parse("add `/coinflip [count]`", COMMAND_LINE).slots.subject == "add /coinflip [count]"


@pytest.mark.parametrize(
    ("text", "wished"),
    [
        ("add a check to /roll, it crashes on 0d6", True),
        ("/roll crashes on 0d6, add a check", False),
        ("the poll embed is ugly, fix it", True),
        ("the poll embed crashes, fix it", False),
    ],
)
def test_what_is_said_first_decides_between_wish_and_complaint(text: str, wished: bool) -> None:
    assert (parse(text, COMMAND_LINE).intent is Intent.CHANGE) is wished
    assert is_change_request(text) is wished


def test_in_the_thread_of_a_run_a_wish_stays_a_revision() -> None:
    assert parse("add a cancel button", SETTINGS["thread"]).intent is Intent.REVISE
    assert parse("run 7k2m9q: use a set instead", COMMAND_LINE).intent is Intent.REVISE


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("be less chatty", True),
        ("learn to play hangman", True),
        ("the poll embed is ugly", True),
        ("add milk to the list", False),
    ],
)
def test_a_part_of_the_bot_or_its_manner_is_of_the_bot(text: str, named: bool) -> None:
    assert has_bot_part(text) is named
