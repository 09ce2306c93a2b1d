"""The grammar against a table of sentences."""

from pathlib import Path
from typing import Any

import pytest

from bot.authority.decision_sentences import SENTENCES
from bot.domain.ids import create_run_id
from bot.grammar import COMMAND_LINE, Intent, Setting, Utterance, describe, parse
from tests.bot.grammar.settings import SETTINGS
from tests.support.yaml_tables import read_table


def _rows() -> list[Any]:
    groups = read_table(Path(__file__).parent / "utterances.yaml")
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
    found = utterance.slots.model_dump(mode="json")
    assert {name: found[name] for name in slots} == slots
    assert group.get("may_mean") in (None, *utterance.slots.may_mean)


def test_what_asks_to_hold_off_is_not_offered_the_merge() -> None:
    heard = parse("wait, hold off on merging that", SETTINGS["thread"])

    assert Intent.SHIP not in heard.slots.may_mean


def test_the_table_holds_at_least_two_hundred_utterances() -> None:
    assert len(_rows()) >= 200


def test_an_utterance_survives_json() -> None:
    utterance = parse("the polls are broken again, fix them", COMMAND_LINE)

    assert Utterance.model_validate_json(utterance.model_dump_json()) == utterance
    assert describe(utterance) == {
        "intent": "fix",
        "slots": {"subject": "polls", "is_recurring": True},
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
    heard = parse(f"ship it{filler}. But do not merge it", SETTINGS["thread"])

    assert heard.intent is Intent.UNCLEAR
    assert Intent.REJECT in heard.slots.may_mean


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("ship the fix 7", (7,)),
        ("merge your branch 12 please", (12,)),
        ("yes, ship #3 and #14", (3, 14)),
        ("ship it in 10 minutes", ()),
        ("<:ship7:123456> ship it <@42>", ()),
        ("pause until 18:00 or so", ()),
    ],
)
def test_a_number_in_what_is_unclear_is_kept(text: str, numbers: tuple[int, ...]) -> None:
    slots = parse(text, SETTINGS["thread"]).slots

    assert slots.pull_request == (numbers[0] if numbers else None)
    assert slots.numbers == (numbers if len(numbers) > 1 else ())


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("ship proposal 12", {"pull_request": 12}),
        ("ship #12", {"pull_request": 12}),
        ("reject PR #7, please", {"pull_request": 7}),
        ("Theseus, cancel run 7k2m9q", {"run": "7k2m9q"}),
        ("pause until tomorrow 9am", {"until": "tomorrow 9am"}),
        ("security reviewed, ship #3", {"pull_request": 3, "security_reviewed": True}),
    ],
)
def test_a_sentence_that_decides_keeps_what_it_names(text: str, named: dict[str, Any]) -> None:
    heard = parse(text, SETTINGS["thread"])

    assert heard.intent not in (Intent.UNCLEAR, Intent.CHAT)
    assert heard.slots.model_dump(exclude_defaults=True) == named


@pytest.mark.parametrize("text", ["pause until the moon is full", "pause for now", "pause for it"])
def test_a_pause_whose_end_cannot_be_read_is_asked_about(text: str) -> None:
    heard = parse(text, SETTINGS["here"])

    assert (heard.intent, heard.slots.may_mean) == (Intent.UNCLEAR, (Intent.PAUSE,))


def test_words_that_come_with_a_file_a_sticker_or_a_poll_decide_nothing() -> None:
    heard = parse("ship it", SETTINGS["thread"].replace(is_text_only=False))

    assert (heard.intent, heard.slots.may_mean) == (Intent.UNCLEAR, (Intent.SHIP,))


@pytest.mark.parametrize("text", ["resume", "Resume everything."])
def test_resume_is_heard_in_the_dev_channel_as_a_pause_says(text: str) -> None:
    overheard = SETTINGS["overheard"]

    assert parse(text, overheard).recognised
    for other in (
        overheard.replace(listed=False), overheard.replace(dev_channel=False),
        overheard.replace(reply_to="person"),
    ):  # fmt: skip
        assert not parse(text, other).recognised
    assert not parse("let's resume after lunch", overheard).recognised


@pytest.mark.parametrize(
    "text", ["fix it", "it's broken again", "can you fix this?", "look into it"]
)
def test_what_names_nothing_may_be_asked_back_where_it_is_said_to_nobody(text: str) -> None:
    overheard = SETTINGS["overheard"]

    heard = parse(text, overheard)
    assert (heard.is_unspecific, heard.recognised) == (True, False)
    for other in (
        overheard.replace(dev_channel=False), overheard.replace(listed=False),
        overheard.replace(reply_to="person"), SETTINGS["here"], SETTINGS["thread"],
    ):  # fmt: skip
        assert not parse(text, other).is_unspecific


@pytest.mark.parametrize("text", ["@bob fix it", "I'll fix it tomorrow", "we should fix it", "lol"])
def test_what_is_said_to_others_is_not_asked_back(text: str) -> None:
    assert not parse(text, SETTINGS["overheard"]).is_unspecific


@pytest.mark.parametrize(
    ("text", "as_typed"),
    [
        ("also say in the comment where the faces end, U+2685",
         "say in the comment where the faces end, U+2685"),
        ("alos write `u` and hanlde teh eror, plz", "write u and hanlde teh eror"),
        ("add pls a fixit button", "add pls a fixit button"),
    ],
)  # fmt: skip
def test_the_words_of_a_revision_stay_as_typed(text: str, as_typed: str) -> None:
    heard = parse(text, SETTINGS["thread"])

    assert (heard.intent, heard.slots.instruction) == (Intent.REVISE, as_typed)


def test_the_subject_of_a_request_stays_as_typed() -> None:
    assert parse("the U key wont wrok, fix it", SETTINGS["here"]).slots.subject == "U key"


def test_a_wish_and_a_question_in_one_message_are_both_heard() -> None:
    for text in (
        "also handle d0 please, how far are you?",
        "how far are you? also handle d0 please",
        "also handle d0. Any progress?",
    ):
        heard = parse(text, SETTINGS["thread"])
        assert heard.intent is Intent.REVISE, text
        assert (heard.slots.instruction, heard.slots.asks_status) == ("handle d0", True), text


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("the /stop command is broken, fix it", Intent.FIX),
        ("fix the pause command", Intent.FIX),
        ("why does the cancel button fail?", Intent.INVESTIGATE),
        ("add a cancel button", Intent.REVISE),
        ("also cancel it when the poll ends", Intent.REVISE),
        ("who shipped that?", Intent.ASK),
        ("what happens if I ship it?", Intent.ASK),
        ("how do I reject a proposal?", Intent.ASK),
    ],
)
def test_requests_and_questions_that_speak_of_decisions_stay_what_they_are(
    text: str, intent: Intent
) -> None:
    assert parse(text, SETTINGS["thread"]).intent is intent


@pytest.mark.parametrize("text", ["lgtm", "yes please ship", "stop it when you can", "land it"])
def test_what_nobody_says_to_the_bot_is_not_asked_back(text: str) -> None:
    assert not parse(text, SETTINGS["overheard"]).recognised


@pytest.mark.parametrize(
    "text",
    ["stop stop", "STOP STOP STOP", "stop! stop! stop!", "🛑🛑🛑", "omg stop", "whoa stop",
     "stoooop", "stop the bot", "make it stop", "please do stop",
     "make everything stop", "shutdown",
     "stop literally everything", "everything off", "STOP EVERYTHING STOP EVERYTHING"],
)  # fmt: skip
@pytest.mark.parametrize("where", ["here", "thread"])
def test_what_sounds_like_stopping_is_asked_back(text: str, where: str) -> None:
    heard = parse(text, SETTINGS[where])

    assert heard.intent is Intent.UNCLEAR
    assert Intent.STOP in heard.slots.may_mean


@pytest.mark.parametrize(
    "lead",
    ["do", "please do", "also", "now also", "make sure to", "try", "nice try", "ignore this and",
     "add", "make", "call it done and", "rename it, add a test and", "use", "print", "set",
     "instead", "don't touch the tests, also", "revise it and"],
)  # fmt: skip
def test_no_revision_ends_in_a_sentence_that_decides(lead: str) -> None:
    filled = {"{named}": "#12", "{until}": "2 hours"}
    for intent, sentences in SENTENCES.items():
        for sentence in sentences:
            said = sentence
            for place, what in filled.items():
                said = said.replace(place, what)
            for text in (f"{lead} {said}", f"{lead} {said} please", f"{lead} {said} as well"):
                heard = parse(text, SETTINGS["proposal"])
                assert heard.intent is Intent.UNCLEAR, text
                assert intent in heard.slots.may_mean, text


def test_a_word_after_run_names_one_only_where_it_can_be_the_name_of_a_run() -> None:
    assert all(any(each.isdigit() for each in create_run_id()) for _ in range(300))
    assert parse("cancel run 7k2m9q", SETTINGS["here"]).slots.run == "7k2m9q"
    heard = parse("cancel run abcdef", SETTINGS["here"])
    assert (heard.intent, heard.slots.run) == (Intent.UNCLEAR, "abcdef")
