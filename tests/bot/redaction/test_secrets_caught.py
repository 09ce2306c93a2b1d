"""How much is caught, in every form, and how much is touched that should not be."""

import random
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from theseus_observe.redaction import StreamRedactor, redact

from bench._harmless import generate_lines, iterate_sources
from bench._secret_forms import FORMS, PlantedSecret, find_leak, plant_secrets
from bench._secret_kinds import generate_secrets
from bench.redaction import CatchResult, find_false_positives, redact_secrets

PLAIN, ALL = 0.99, 0.99
HELD_OUT = 90_210
"""No rule was ever looked at with this seed."""
OWN_SOURCE = 1.0  # lines of 1,000
FEW = [
    one
    for one in plant_secrets(generate_secrets(7, 1))
    if one.secret.kind in ("JWT", "RSA key", "MySQL")
]


def told(caught: CatchResult) -> str:
    """Return what was missed, for a person to read."""
    return "\n".join(f"{one.secret.kind}, {one.form}: {one.text!r}" for one in caught.missed[:20])


def test_a_secret_of_every_kind_is_caught_in_every_form() -> None:
    caught = redact_secrets(11, 1)

    assert len(caught.by_kind) >= 60
    assert caught.plain.recall >= PLAIN, told(caught)
    assert caught.total.recall >= ALL, told(caught)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [HELD_OUT, pytest.param(12, marks=pytest.mark.exhaustive)])
def test_of_hundreds_of_secrets_99_of_100_are_caught_in_each_form(seed: int) -> None:
    caught = redact_secrets(seed, 4)

    assert sum(row.planted for row in caught.by_form if row.name == "JSON") >= 300
    assert caught.plain.recall >= PLAIN, told(caught)
    assert [row for row in caught.by_form if row.recall < 0.98] == [], told(caught)
    assert [row for row in caught.by_kind if row.recall < 0.95] == [], told(caught)


def test_without_a_redactor_every_one_of_them_would_be_seen() -> None:
    """Guards the measure itself: it must be able to tell a miss."""
    assert all(find_leak(one, one.text) for one in plant_secrets(generate_secrets(13, 1)))


def test_made_up_lines_without_secrets_are_left_alone() -> None:
    changed = [
        (each.name, each.changed)
        for each in find_false_positives(generate_lines(14, 40))
        if each.changed
    ]

    assert changed == []


@pytest.mark.slow
def test_the_own_source_is_hardly_touched() -> None:
    rates = {each.name: each.per_thousand for each in find_false_positives(iterate_sources())}

    assert rates["uv.lock"] == 0
    assert rates["bot/ and cogs/"] <= OWN_SOURCE
    assert rates["prompts and docs"] <= 2 * OWN_SOURCE


def in_pieces(text: str, cuts: Iterable[int], *, longest: int = 64_000) -> str:
    """Feed a text cut at these places; return all that came out."""
    redactor = StreamRedactor(longest=longest)
    out, start = [], 0
    for cut in sorted({*cuts, len(text)}):
        out.append(redactor.feed(text[start:cut]))
        start = cut
    return "".join([*out, redactor.close()])


@pytest.mark.parametrize("size", [1, 2, 5, 17, 64])
def test_pieces_of_any_size_let_no_secret_through(size: int) -> None:
    for one in FEW:
        text = f"before\n{one.text}\nafter it\n"
        out = in_pieces(text, range(0, len(text), size))
        assert find_leak(one, out) == "", (one.form, out)
        assert out.startswith("before\n")
        assert out.endswith("after it\n")


@given(st.sampled_from(FEW), st.lists(st.integers(0, 900), max_size=6))
def test_where_the_pieces_are_cut_changes_nothing(one: PlantedSecret, cuts: list[int]) -> None:
    text = f"before\n{one.text}\nafter\n"
    inside = [cut for cut in cuts if cut < len(text)]

    assert in_pieces(text, inside) == in_pieces(text, [])


def test_a_line_without_an_end_is_passed_on_in_parts_and_its_secrets_are_not() -> None:
    words = random.Random(15)
    key = "gh" + "p_" + "".join(words.choices("abcdefghijk0123456789", k=36))
    filler = "x = roll(2, 6); " * 300
    text = f"{filler}token {key} and {filler}"

    out = in_pieces(text, range(0, len(text), 900), longest=3_000)

    assert key[6:18] not in out
    assert out == redact(text)


def test_an_endless_word_is_withheld_rather_than_cut_through_a_secret() -> None:
    redactor = StreamRedactor(longest=4_000)
    out = "".join(redactor.feed("password=" + "Ab3" * 100) for _ in range(40)) + redactor.close()

    assert "Ab3" * 8 not in out


def test_redacting_what_was_redacted_changes_nothing() -> None:
    for one in list(plant_secrets(generate_secrets(16, 1)))[::4]:
        once = redact(one.text)
        assert redact(once) == once, (one.form, one.text)


@given(
    st.lists(
        st.sampled_from(
            ["%41", "%", "\\u0041", "\\x41", "\\", "&#65;", "\u200b", "\uff21", "QUJDREVG",
             "cGFzc3dv", "4142434445464748", "=", "password", "pass", "\n", "> ", "+", "a" * 60,
             "://a:b@c.de", "@example.org", '"', "'", "[redacted:x]", "\u202e", "-----BEGIN PRIVATE"
             + " KEY-----"]
        ),
        max_size=14,
    ).map("".join)
)  # fmt: skip
def test_disguises_upon_disguises_end_in_a_text_that_stays(text: str) -> None:
    once = redact(text)

    assert redact(once) == once


def test_every_form_is_tried() -> None:
    assert {one.form for one in FEW} == set(FORMS)
