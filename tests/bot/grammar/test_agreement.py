"""A yes or a no, in text, to a question with buttons."""

import pytest

from bot.grammar.agreement import ContractReply, is_refusal, parse_agreement, parse_contract_reply


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("yes", True),
        ("Yes please, and wait no longer than 5 s", True),
        ("ok", True),
        ("go ahead", True),
        ("please do", True),
        ("fix it", True),
        ("Change our side", True),
        ("no", False),
        ("Leave it", False),
        ("please don't", False),
        ("don\u2019t fix it", False),
        ("not now", False),
        ("not sure", None),
        ("why?", None),
        ("cancel", None),
        ("stop everything", None),
        ("okapi", None),
        ("", None),
    ],
)
def test_how_it_begins_tells(text: str, meant: bool | None) -> None:
    assert parse_agreement(text) is meant


@pytest.mark.parametrize(
    "text",
    [
        "sounds good, go ahead please",
        "looks good to me",
        "perfect, thanks!",
        "lgtm",
        "yes that's what I want",
        "great idea, please build it now",
        "ship it",
        "👍",
        "✅🚀",
        "klingt gut, mach das bitte",
        "oui, c'est parfait",
        "sí, me parece bien",
    ],
)
def test_a_yes_in_other_words_has_to_be_confirmed(text: str) -> None:
    assert parse_contract_reply(text) == ContractReply(may_agree=True)


@pytest.mark.parametrize("text", ["yes", "ok, go ahead", "do it please", "sure, go for it!"])
def test_a_plain_go_ahead_needs_no_button(text: str) -> None:
    assert parse_contract_reply(text) == ContractReply(is_go_ahead=True)


@pytest.mark.parametrize(
    ("text", "correction"),
    [
        ("sounds good, but only for 1 to 20", "sounds good, but only for 1 to 20"),
        ("go ahead with emojis as well", "go ahead with emojis as well"),
        ("looks good, call it /flip please", "looks good, call it /flip please"),
        ("no, it should take a number", "it should take a number"),
        ("not like that", "not like that"),
        ("nicht so, mach das anders", "nicht so, mach das anders"),
    ],
)
def test_one_word_more_says_what_is_meant_otherwise(text: str, correction: str) -> None:
    assert parse_contract_reply(text) == ContractReply(correction=correction)


@pytest.mark.parametrize("text", ["no wait, don't", "no", "nope, not now", "wait, no!", "hmm"])
def test_a_refusal_corrects_nothing(text: str) -> None:
    assert parse_contract_reply(text) == ContractReply()


@pytest.mark.parametrize(
    ("text", "refuses"),
    [
        ("no wait, don't", True),
        ("don\u2019t do it", True),
        ("oh no, hold on please", True),
        ("wait", False),
        ("no, fix the dice instead", False),
        ("yes, do it", False),
        ("", False),
    ],
)
def test_a_refusal_holds_no_other_word(text: str, refuses: bool) -> None:
    assert is_refusal(text) is refuses
