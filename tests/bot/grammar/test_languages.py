"""Requests in German, French and Spanish, and decisions that are asked back."""

import re
from pathlib import Path
from typing import Any

import pytest

from bot.authority.decisions import parse_decision
from bot.grammar import COMMAND_LINE, Intent, load_languages, parse
from tests.support.yaml_tables import read_table

FOLDER = Path(__file__).parent
TABLE: dict[str, dict[str, list[Any]]] = read_table(FOLDER / "languages.yaml")
GROUPS = [(code, intent) for code, intents in TABLE.items() for intent in intents]
ENGLISH = [
    said if isinstance(said, str) else said["text"]
    for table in ("utterances.yaml", "changes.yaml")
    for group in read_table(FOLDER / table)
    for said in group["said"]
]
THREAD = COMMAND_LINE.replace(in_thread=True)


@pytest.mark.parametrize(("code", "intent"), GROUPS)
def test_what_people_say_in_their_language_is_understood(code: str, intent: str) -> None:
    wrong = []
    for said in TABLE[code][intent]:
        told = said if isinstance(said, dict) else {"text": said}
        heard = parse(told["text"], COMMAND_LINE)
        right = heard.intent.value == intent and heard.slots.subject == told.get(
            "subject", heard.slots.subject
        )
        right = right and list(heard.slots.may_mean) == told.get(
            "may_mean", list(heard.slots.may_mean)
        )
        spoken = heard.language == code or intent == "chat"
        wrong += [] if right and spoken else [f"{told['text']!r}: {heard!r}"]
    assert wrong == []


@pytest.mark.parametrize("code", [code for code in load_languages() if code != "en"])
def test_no_phrase_of_a_list_decides(code: str) -> None:
    decides = load_languages()[code].decides
    assert decides is not None
    for name, phrases in decides:
        for phrase in phrases:
            words = re.sub(r"\*", "", phrase).replace("…", "das")
            assert parse_decision(words) is None or words in ("merge", "pause"), (name, phrase)


def test_english_stays_english() -> None:
    assert parse("roll back", COMMAND_LINE).language == "en"
    assert [each for each in ENGLISH if parse(each, COMMAND_LINE).language != "en"] == []


@pytest.mark.parametrize(
    "text",
    [
        "editor permutate x y",
        "editor permutate x para",
        "sort x y desc",
        "play la la land",
        "roll die",
        "tag add die hard",
        "set lang es",
        "use del",
        "convert pem der",
        "comment",
    ],
)
def test_one_foreign_word_among_unknown_ones_is_no_evidence_of_its_language(text: str) -> None:
    assert parse(text, COMMAND_LINE).language == "en"


@pytest.mark.parametrize(
    ("text", "code"), [("hola", "es"), ("arregla /roll", "es"), ("fusionne", "fr"), ("danke", "de")]
)
def test_one_word_that_is_the_whole_message_is_evidence(text: str, code: str) -> None:
    assert parse(text, COMMAND_LINE).language == code


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("auch 0 behandeln und dann ausliefern", Intent.SHIP),
        ("ajoute aussi 0, puis fusionne", Intent.SHIP),
        ("añade también el 0 y luego envíalo", Intent.SHIP),
    ],
)
def test_a_revision_that_holds_a_decision_is_asked_back(text: str, meant: Intent) -> None:
    heard = parse(text, THREAD)
    assert heard.intent is Intent.UNCLEAR
    assert meant in heard.slots.may_mean


def test_in_a_runs_thread_a_change_is_a_revision() -> None:
    heard = parse("behandle bitte auch 0", THREAD)
    assert (heard.intent, heard.slots.instruction) == (Intent.REVISE, "behandle bitte auch 0")


@pytest.mark.parametrize(
    ("text", "acts"), [("/roll ist kaputt, reparier das", True), ("der Drucker ist kaputt", False)]
)
def test_overheard_words_count_where_they_name_a_command(text: str, acts: bool) -> None:
    assert parse(text, COMMAND_LINE.replace(addressed=False)).recognised is acts


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("versuch es nochmal", "de"),
        ("probier es bitte noch einmal", "de"),
        ("réessaie", "fr"),
        ("inténtalo de nuevo", "es"),
    ],
)
def test_another_attempt_is_asked_for_in_the_thread_of_a_run(text: str, code: str) -> None:
    heard = parse(text, THREAD)
    assert (heard.intent, heard.language) == (Intent.RETRY, code)
    assert parse(text, COMMAND_LINE).intent is not Intent.RETRY
