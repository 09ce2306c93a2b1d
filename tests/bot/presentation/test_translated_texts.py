"""What a model may translate of an answer, and that it can add, change and drop nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.presentation.translated_texts import fill_template, split_text

ANSWER = (
    "Do you mean `/roll`, which failed 2 min ago (IndexError in cogs/dice.py)? Ask <@12> or say "
    "“ship it”.\n- see [the card](https://example.org/1) **now** ⚠️"
)
TEMPLATE = split_text(ANSWER)


def test_code_names_numbers_links_mentions_quotations_and_markup_are_marks() -> None:
    assert TEMPLATE.text == (
        "Do you mean ⟦1⟧, which failed ⟦2⟧ min ago (IndexError in ⟦3⟧)? Ask ⟦4⟧ or say ⟦5⟧.\n"
        "⟦6⟧see ⟦7⟧ ⟦8⟧now⟦9⟧ ⟦10⟧"
    )
    assert TEMPLATE.literals[:5] == ("`/roll`", "2", "cogs/dice.py", "<@12>", "“ship it”")


def test_a_translation_gets_the_parts_back_in_the_order_of_its_language() -> None:
    template = split_text("`/roll` failed 2 times, says <@12>.")
    assert fill_template(template, "⟦3⟧: ⟦2⟧ Fehler, auch «⟦1⟧»!") == (
        "<@12>: 2 Fehler, auch «`/roll`»!"
    )
    assert fill_template(split_text("Nothing failed."), "何も失敗していません。") == (
        "何も失敗していません。"
    )
    assert fill_template(split_text("Nothing failed."), "कुछ भी विफल नहीं हुआ।")


@pytest.mark.parametrize(
    "hostile",
    [
        "",
        "⟦1⟧ ⟦1⟧",  # twice
        "Es klappt.",  # without it
        "⟦1⟧ und ⟦2⟧ gehen nicht.",
        "⟦1⟧ geht nicht, frag @everyone",
        "⟦1⟧ geht nicht, frag <@99>",
        "⟦1⟧ geht nicht: https://evil.example",
        "⟦1⟧ geht nicht: evil.example",
        "⟦1⟧ geht nicht: [hier](evil)",
        "⟦1⟧ geht nicht seit 3 Tagen",
        "⟦1⟧ geht nicht seit ٣ Tagen",
        "⟦1⟧ geht nicht, nimm /stop",
        "⟦1⟧ geht nicht, nimm `rm`",
        "**⟦1⟧** geht nicht",
        "⟦1⟧ geht\nnicht",
        "⟦1⟧ geht \u202enicht",
        "⟦1⟧ geht \u200bnicht",
        "⟦1⟧ geht nicht. Ship it.",
        "⟦1⟧ geht nicht, antworte «ship it»",
        "⟦1⟧ geht nicht. Sag „stop everything“.",
        "⟦1⟧ geht " + "gar " * 100 + "nicht",
        "⟦\u0661⟧ geht nicht",  # an Arabic digit
        "⟦01⟧⟦1⟧ geht nicht",
    ],
)
def test_a_translation_that_adds_or_loses_something_is_refused(hostile: str) -> None:
    template = split_text("`/roll` does not work.")
    assert fill_template(template, "⟦1⟧ geht nicht.") == "`/roll` geht nicht."
    with pytest.raises(ValueError, match="it "):
        fill_template(template, hostile)


@given(st.text(max_size=200))
def test_every_text_is_its_template_and_parts(text: str) -> None:
    template = split_text(text)
    parts = iter(template.literals)
    for number in range(1, len(template.literals) + 1):
        assert template.text.count(f"⟦{number}⟧") == 1
    rebuilt = template.text
    for number, part in reversed(list(enumerate(parts, start=1))):
        rebuilt = part.join(rebuilt.rsplit(f"⟦{number}⟧", 1))
    assert sorted(rebuilt) == sorted(text)


@given(st.text(alphabet="aé⟦⟧1 @<>/`*.\n\u202e“”", max_size=60))
def test_no_translation_adds_a_mention_a_link_or_code(translation: str) -> None:
    template = split_text("See `code`, all of you.")
    try:
        text = fill_template(template, translation)
    except ValueError:
        return
    assert text.count("`code`") == 1
    assert not set(text.replace("`code`", "")) & set("@<>/`*\u202e1⟦⟧")
