"""What holds for every text, not only for those in the table."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.grammar import COMMAND_LINE, Intent, Setting, parse

THREAD = COMMAND_LINE.replace(in_thread=True)
BITS = ["a", "fix it ", "why ", "please ", "ship it, ", "`", "> ", "'", "(", "not ", "keeps ",
        "is really so very ", "for ", "nice ", "#1 ", "@a ", "/", "\u200b", "?", "\n"]  # fmt: skip
SETTINGS = st.builds(
    Setting,
    addressed=st.booleans(),
    in_thread=st.booleans(),
    dev_channel=st.booleans(),
    listed=st.booleans(),
    reply_to=st.sampled_from([None, "error", "proposal", "bot", "person"]),
)
SHIPS = st.sampled_from(
    ["ship it", "nice, ship it", "lgtm, merge", "merge it please", "go ahead and ship", "🚢",
     "ship it, security reviewed", "tests are green, ship it", "ok ship it", "merge PR 12"]
)  # fmt: skip
WORDS = st.sampled_from(
    """ship it merge the fix please don't not never if when after should we you can nice lgtm broken
    dice polls /roll keeps crashing look into why what's wrong stop cancel everything revert and but
    , . ? ! > ` " : ( ) 🚢 👎 @bob <@12> also handle run 7k2m9q #12 security reviewed said he pause
    until resume remember that forget for 2 hours again thanks approved yes no""".split()  # noqa: SIM905
)
CHATTER = st.lists(WORDS, max_size=14).map(" ".join)
SHIP_WORD = re.compile(r"ship|merge|deploy|release|land|send|approve|\U0001f6a2|\U0001f6f3|\u26f4")
LOOK_ALIKES = (
    "\u0456\u0455\u0435\u043e\u0430\u04bb\u0440\u0441"
    "\uff49\u2139\u017f\u212a\u0262\u200b\u2060\u00ad"
)
ORDERS = st.sampled_from(
    ["fix the dice", "look into the polls", "the search tool keeps timing out", "status",
     "what can you do"]
)  # fmt: skip
DECISIONS = st.sampled_from(
    ["ship it", "merge it", "ship #12", "cancel", "reject it", "revert it", "pause for 2 hours",
     "resume", "stop everything", "cancel run 7k2m9q"]
)  # fmt: skip
DECIDED = {Intent.SHIP, Intent.REJECT, Intent.REVERT, Intent.STOP, Intent.CANCEL, Intent.PAUSE,
           Intent.RESUME}  # fmt: skip
GLAD = "🚢🛳⛴✅☑✔👍🎉🎊🚀🙌👏💯🙏🛑🚨⛔⏸▶"
SHADES = "\ufe0f\U0001f3fb-\U0001f3ff"
HARMLESS = set(
    " \t\r\n.,!#@:-" + GLAD + "\ufe0f" + "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
)


@given(st.text(max_size=400) | CHATTER, SETTINGS)
def test_any_text_in_any_setting_is_answered_and_always_the_same(
    text: str, setting: Setting
) -> None:
    first = parse(text, setting)

    assert parse(text, setting) == first
    assert type(first).model_validate_json(first.model_dump_json()) == first
    assert first.recognised <= (first.intent is not Intent.CHAT)
    assert bool(first.slots.may_mean) == (first.intent is Intent.UNCLEAR)


@given(st.text(max_size=60) | CHATTER, SETTINGS)
def test_nothing_without_a_word_for_shipping_ships(text: str, setting: Setting) -> None:
    if parse(text, setting).intent is Intent.SHIP:
        assert SHIP_WORD.search(text.lower())


@given(
    SHIPS,
    st.sampled_from(["{}?", "should we {}", "{} ?", "can we {}?", "{}??", "{}!?", "{}\uff1f"]),
)
def test_no_question_ships(order: str, frame: str) -> None:
    assert parse(frame.format(order), THREAD).intent is not Intent.SHIP


@given(
    SHIPS,
    st.sampled_from(
        ["don't {}", "do not {}", "never {}", "not yet, {}", "no, don't {}", "I wouldn't {}",
         "we can't {}", "{} - not", "{}, just kidding, don't", "dont {}", "don\u2019t {}", 
    "{} not",
         "please do not {}", "{} never", "under no circumstances {}", "nobody should {}"]
    ),
)  # fmt: skip
def test_no_negation_ships_and_each_is_asked_back(order: str, frame: str) -> None:
    assert parse(frame.format(order), THREAD).intent is Intent.UNCLEAR


@given(
    SHIPS,
    st.sampled_from(
        ["{} if it works", "{} when it is green", "{} after lunch", "{} unless it breaks",
         "{} once CI passes", "{} tomorrow", "if it works, {}", "when green, {}", "after lunch {}",
         "I would {}", "maybe {} later", "{} but not today", "wait, then {}"]
    ),
)  # fmt: skip
def test_no_condition_ships_and_each_is_asked_back(order: str, frame: str) -> None:
    assert parse(frame.format(order), THREAD).intent is Intent.UNCLEAR


@given(
    SHIPS,
    st.sampled_from(
        ["> {}", ">>> {}", "`{}`", "```{}```", "```\n{}\n```", "```{}", '"{}"', "“{}”", "~~{}~~",
         "he said {}", "Bob said: {}", "Bob: {}", "she told me to {}", "they want to {}",
         "the docs say \"{}\"", "> hm\n> {}", "someone wrote '{}'", "Alice would {}"]
    ),
)  # fmt: skip
def test_nobody_elses_words_ship(order: str, frame: str) -> None:
    assert parse(frame.format(order), THREAD).intent is not Intent.SHIP


@given(SHIPS, st.integers(min_value=0, max_value=30), st.sampled_from(LOOK_ALIKES))
def test_a_look_alike_letter_or_a_hidden_one_inside_a_word_never_ships(
    order: str, place: int, letter: str
) -> None:
    inside = [i for i in range(1, len(order)) if order[i - 1 : i + 1].isalpha() and order.isascii()]
    if inside:
        cut = inside[place % len(inside)]

        disguised = order[:cut] + letter + order[cut:]

        assert parse(disguised, THREAD).intent is not Intent.SHIP


@given(DECISIONS, st.integers(0, 40), st.characters())
def test_one_letter_more_that_is_not_on_the_list_and_nothing_is_decided(
    order: str, place: int, letter: str
) -> None:
    place %= len(order) + 1
    longer = order[:place] + letter + order[place:]

    if letter not in HARMLESS:
        assert parse(longer, THREAD).intent not in DECIDED


@given(st.text(max_size=30) | CHATTER, SETTINGS)
def test_whatever_decides_is_written_in_the_plainest_letters(text: str, setting: Setting) -> None:
    if parse(text, setting).intent in DECIDED:
        assert re.fullmatch(rf"[A-Za-z0-9 \t\r\n.,!#@:{GLAD}{SHADES}-]+", text)


@given(ORDERS, st.integers(0, 9), st.sampled_from(["", "please ", "hey, ", "ok ", "Theseus, "]))
def test_politeness_case_and_white_space_change_nothing(
    order: str, seed: int, opening: str
) -> None:
    plain = parse(order, THREAD)

    said = [order.upper(), f"  {order}  ", f"{order}!", order.replace(" ", "   "), f"{order}.",
            f"{order} please", f"\n{order}\n", order.title(), f"**{order}**",
            f"{order} 🙏"]  # fmt: skip

    polite = parse(opening + said[seed], THREAD)
    assert polite.intent is plain.intent
    assert polite.slots.subject.lower() == plain.slots.subject.lower()


@given(DECISIONS, st.integers(0, 8), st.sampled_from(["", "please ", "Theseus, ", "@theseus "]))
def test_decisions_are_heard_in_any_case_and_spacing_and_with_a_please(
    order: str, seed: int, opening: str
) -> None:
    said = [order.upper(), f"  {order}  ", f"{order}!", order.replace(" ", "  "), f"{order}.",
            f"{order} thanks", f"\n{order}\n", order.title(), f"{order} 🙏"]  # fmt: skip

    assert parse(opening + said[seed], THREAD).intent is parse(order, THREAD).intent
    assert parse(order, THREAD).intent in DECIDED


@pytest.mark.slow
@pytest.mark.parametrize("bit", BITS)
@settings(deadline=None, max_examples=20)  # all of them are cut to the same length
@given(st.integers(min_value=1, max_value=40_000))
def test_very_long_texts_are_cut_and_decide_nothing(bit: str, length: int) -> None:
    text = bit * ((length + 4_000) // len(bit) + 1)

    assert parse(text, THREAD).intent not in (Intent.SHIP, Intent.REVERT, Intent.STOP)
