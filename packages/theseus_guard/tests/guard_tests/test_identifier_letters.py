"""Identifiers that a reader takes for others: look-alikes, mixed scripts, marks, hidden order."""

import pytest
from guard_tests.cases import DICE, judge_change

BASE = "import os\n\n\ndef is_allowed(user: str) -> bool:\n    return user in OWNERS\n"
LINES = "X = 1\n{0} = 2\n"
DISGUISED = {
    "Cyrillic in Latin": "us\u0435r",
    "Greek in Latin": "us\u03b5r",
    "a difference of times": "\u0394t",
    "Greek letters that look like Latin ones": "\u03bdi\u03b5w",
    "a Greek word": "\u03b1\u03c1\u03c1",
    "Armenian in Latin": "\u057dser",
    "an Armenian word": "\u057d\u0578\u057d",
    "Cherokee": "\u13aa\u13bb",
    "Cherokee small letters": "\uab83\uabaa",
    "Coptic": "\u2c9f\u2ca5\u2c9f",
    "Lisu": "\ua4f3\ua4f2",
    "Deseret": "\U00010404\U00010448",
    "Tifinagh in Latin": "us\u2d4fr",
    "Georgian in Latin": "us\u10e7r",
    "Hebrew in Latin": "us\u05e1r",
    "Arabic in Latin": "us\u0627r",
    "Thai in Latin": "us\u0e01r",
    "Devanagari in Latin": "us\u0905r",
    "Cyrillic beside Greek": "\u0434\u03bb",
    "Latin letters of phonetics": "\u0251dmin",
    "a script g": "\u0261et",
    "a dotless i": "\u0131s_admin",
    "small capitals": "\u1d00\u1d05\u1d0d\u026an",
    "an old letter": "tota\u01c0",
    "a modifier letter": "user\u02b9s",
    "an Arabic digit": "tota\u0661",
    "a Bengali digit": "us\u09e6r",
    "a combining accent": "use\u0301r",
    "a combining letter": "user\u0363",
    "a combining line below": "user\u0332",
    "a combining mark on Cyrillic": "\u0436\u0301\u0436",
    "a joiner of graphemes": "us\u034fer",
    "a connector that is no underline": "is\u203fadmin",
    "a dot in the middle": "os\u00b7path",
    "a ligature": "\ufb01le",
    "an old s": "u\u017fer",
    "a letter from mathematics": "\u2115ame",
    "superscript letters": "us\u1d49r",
    "a micro sign": "\u00b5s",
    "letters that are newer than the oldest Python": "\U00031350\U00031351",
    "Katakana for a slash beside Latin": "a\u30ceb",
    "Hangul for a line beside Latin": "ad\u3163in",
    "Cyrillic that looks like Python's word": "\u0456\u0455",
}
IN = {
    "a function": "def {0}() -> None:\n    pass\n",
    "a parameter": "def f({0}: int) -> None:\n    pass\n",
    "an attribute": "os.{0} = 1\n",
    "an argument's name": "f({0}=1)\n",
    "an import": "import {0}\n",
    "a field of a text": "X = f'a {{os:{{{0}}}}} b'\n",
    "a field over several lines": 'X = f"""\na {{{0}}}\n"""\n',
    "a text within a text": "X = f'{{f\"{{{0}}}\"}}'\n",
}
WELCOME = {
    "accents": "\u00e9t\u00e9_\u00e5r",
    "German": "stra\u00dfe_gro\u00df",
    "Danish": "n\u00e6r_bl\u00f8d",
    "French": "c\u0153ur",
    "Polish": "z\u0142oty_\u017c",
    "Vietnamese": "ti\u1ebfng_vi\u1ec7t",
    "Russian": "\u043f\u043e\u043b\u044c\u0437\u043e\u0432\u0430\u0442\u0435\u043b\u044c",
    "Greek": "\u03c7\u03c1\u03ae\u03c3\u03c4\u03b7\u03c2",
    "one Greek letter": "\u03b1",
    "another Greek letter": "\u0394_1",
    "Chinese": "\u7528\u6237",
    "Chinese beside Latin": "\u7528\u6237ID",
    "Japanese": "\u30e6\u30fc\u30b6\u30fc\u540d\u306f",
    "Korean": "\uc0ac\uc6a9\uc790_id",
    "Hindi": "\u0928\u092e\u0938\u094d\u0924\u0947",
    "Thai": "\u0e0a\u0e37\u0e48\u0e2d",
    "Hebrew": "\u05e9\u05dc\u05d5\u05dd",
    "Arabic": "\u0645\u0633\u062a\u062e\u062f\u0645",
}


@pytest.mark.parametrize("name", DISGUISED)
def test_an_identifier_that_is_not_what_it_looks_like_stops_a_proposal(name: str) -> None:
    found = judge_change(DICE, BASE, BASE + LINES.format(DISGUISED[name]))
    assert {(one.rule, one.blocking) for one in found if one.blocking} == {("unsafe_file", True)}
    assert all(one.message.isascii() and one.message.isprintable() for one in found)


@pytest.mark.parametrize("place", IN)
@pytest.mark.parametrize("name", ["us\u0435r", "\u0441\u043e\u0440\u0443", "us\u03b5r"])
def test_it_does_wherever_an_identifier_stands(place: str, name: str) -> None:
    found = judge_change(DICE, BASE, BASE + IN[place].format(name))
    assert any(one.rule == "unsafe_file" and one.blocking for one in found)


@pytest.mark.parametrize("name", WELCOME)
def test_identifiers_of_one_language_are_let_through(name: str) -> None:
    assert judge_change(DICE, BASE, BASE + LINES.format(WELCOME[name])) == ()


@pytest.mark.parametrize(("known", "new"), [("\u03b1", "a"), ("a", "\u03b1"), ("\u5de5", "\u30a8")])
def test_two_names_of_other_scripts_that_look_alike_are_stopped(known: str, new: str) -> None:
    before = BASE + f"{known} = 1\n"
    found = judge_change(DICE, before, before + f"{new} = 2\n")
    assert [one.rule for one in found if one.blocking] == ["unsafe_file"]


def test_a_remark_in_another_language_is_free_and_a_disguised_word_is_not() -> None:
    assert (
        judge_change(
            DICE,
            BASE,
            BASE + "# \u0394t, \u03bcm and SQL\u0430\u043b\u0445\u0438\u043c\u0438\u044f\n",
        )
        == ()
    )
    found = judge_change(DICE, BASE, BASE + "ROLE = 'adm\u0456n'\n")
    assert [one.rule for one in found if one.blocking] == ["unsafe_file"]


def test_an_identifier_that_was_there_before_may_stay_in_its_line() -> None:
    before = BASE + "\u0394t = 1\n"
    assert judge_change(DICE, before, before + "X = 2\n") == ()
