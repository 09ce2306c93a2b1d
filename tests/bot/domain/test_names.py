"""Stored names of people cannot affect a text that contains them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.dialogue import Instruction
from bot.domain.names import LONGEST, sanitise_name
from bot.domain.people import Person
from bot.domain.proposal import Comment

_DOES_SOMETHING = re.compile(r"[*~`|\\<>\[\]@#/\r\n\t\u200b-\u200f\u202a-\u202e\u2066-\u2069]|__")


@pytest.mark.parametrize(
    ("called", "kept"),
    [
        ("ada", "ada"),
        ("Ada Byron (she/her)", "Ada Byron (she\u2215her)"),
        ("snake_case", "snake_case"),
        ("日本語 ゆき", "日本語 ゆき"),
        ("** approved by alice **", "\u2217\u2217 approved by alice \u2217\u2217"),
        ("@everyone <@1>", "\uff20everyone \u2039\uff201\u203a"),
        ("[docs](https://evil.example)", "\uff3bdocs\uff3d(https:\u2215\u2215evil.example)"),
        ("__init__ _it_", "\uff3f\uff3finit\uff3f\uff3f \uff3fit\uff3f"),
        ("# big", "\uff03 big"),
        ("- - listed", "listed"),
        ("ecila\u202e \u2066x", "ecila x"),
        ("a\nlive at `abc`", "a live at \u2035abc\u2035"),
        ("al\u200bice\U000e0041", "alice"),
        ("\u3164\u2800\u200b", "somebody"),
        ("Z" + "\u0335" * 30 + "o", "Z\u0335\u0335o"),
        ("", ""),
    ],
)
def test_a_name_is_kept_as_it_looks_and_without_what_it_does(called: str, kept: str) -> None:
    assert sanitise_name(called) == kept


@given(st.text(st.characters(), max_size=80))
def test_no_name_marks_up_mentions_links_or_hides_anything(called: str) -> None:
    kept = sanitise_name(called)
    assert not _DOES_SOMETHING.search(kept)
    assert len(kept) <= LONGEST
    assert sanitise_name(kept) == kept
    assert bool(kept) == bool(called)


def test_every_record_that_carries_a_name_keeps_it_so() -> None:
    person = Person(id=1, name="**@everyone**")
    kept = "\u2217\u2217\uff20everyone\u2217\u2217"
    assert person.name == kept
    assert Person.model_validate_json(person.model_dump_json()) == person
    for record, field in ((Instruction, "by"), (Comment, "author")):
        annotated = record.model_fields[field]
        assert any(getattr(each, "func", None) is sanitise_name for each in annotated.metadata)
