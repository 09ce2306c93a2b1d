"""Changes that are not what a reader of the diff sees, each as a line that a run might propose."""

import pytest
from guard_tests.cases import DICE, PROTECTION, make_source, redact
from theseus_guard import inspect
from theseus_guard.records import FileChange, Finding

SEEN_OTHERWISE = {
    "code behind a lone return": "# a note\rimport os; os.system('id')",
    "a return that draws over": "import evil\rX = 1      ",
    "an escape that erases": "# \x1b[2K\x1b[1A",
    "a backspace": "X = 1\x08\x08",
    "a separator that editors break at": "# a\u2028import os",
    "another one": "# a\x85import os",
    "bytes that are no text": "X = '\ufffd'",
    "UTF-7": "# coding: utf-7",
    "letters turned": "#!/x # -*- coding: rot13 -*-",
    "escapes read as code": "# vim: set fileencoding=unicode_escape :",
    "text turned around": "if who != 'user\u202e \u2066# admin\u2069 \u2066':",
    "a space of no width": "NAME = 'adm\u200bin'",
    "tags that only a model reads": "# \U000e0069\U000e0067",
    "an invisible name": "\u3164 = evil",
    "variations that carry bytes": "X = 'a\U000e0120\U000e0121'",
    "a joiner within a Latin name": "NAME = 'ad\u200dmin'",
    "a non-joiner within a Latin name": "NAME = 'ad\u200cmin'",
    "a variation of a Latin letter": "NAME = 'ad\ufe00min'",
    "a picture's variation of a Latin letter": "NAME = 'ad\ufe0fmin'",
    "a Mongolian variation of a Latin letter": "NAME = 'ad\u180bmin'",
    "an Egyptian mark on a Latin letter": "NAME = 'ad\U00013440min'",
    "what stands for an object": "NAME = 'ad\ufffcmin'",
    "what is no character": "NAME = 'ad\uffffmin'",
    "variations in a row after a picture": "X = '\U0001f600\ufe0f\ufe0f'",
    "variations of a picture that draw nothing": "X = '\U0001f600\ufe01'",
    "joiners in a row": "X = '\u0645\u200d\u200c\u0645'",
    "a joiner of a picture with a letter": "X = '\U0001f600\u200da'",
    "a variation of a digit": "X = '1\ufe0f'",
    "bold letters": "\U0001d41e\U0001d42f\U0001d41a\U0001d425('1')",
    "wide letters": "import \uff4f\uff53",
    "a name half in Cyrillic": "is_\u0430dmin = True",
    "a name half in Greek": "\u03bfwner = 1",
    "far to the right": "X = 1" + " " * 90 + "; evil()",
    "far to the right, behind wide spaces": "X = 1  #" + "\u3000" * 90 + "evil",
    "far to the right, behind tabs": "X = 1" + "\t" * 12 + "; evil()",
    "a form feed": "\x0cevil()",
    "a vertical tab": "X = 1  # \x0b",
    "no-break spaces": "X = 'a\xa0\xa0b'",
    "em spaces": "# a" + "\u2003" * 60 + "b",
    "wider than any screen": "X = '" + "a" * 500 + "'",
    "indented with both": "if X:\n \tY = 1",
    "struck through": "# a" + "\u0336" * 3 + "b",
}
ANYWHERE = ("a form feed", "a vertical tab", "no-break spaces", "em spaces", "a space of no width",
            "far to the right", "text turned around", "struck through",
            "a joiner within a Latin name", "a variation of a Latin letter")  # fmt: skip
HARMLESS = {
    "an emoji of a family": "FACE = '\U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f'",
    "emoji of several pieces": "X = '\u2764\ufe0f\u200d\U0001f525 1\ufe0f\u20e3 \xa9\ufe0f'",
    "an emoji with a colour": "# \U0001f469\U0001f3fd\u200d\U0001f4bb",
    "an emoji of a flag": "# \U0001f3f3\ufe0f\u200d\U0001f308",
    "Sinhala and Malayalam": "X = '\u0dc1\u0dca\u200d\u0dbb\u0dd3 \u0d28\u0d4d\u200d'",
    "Persian": "WORD = '\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645'",
    "Russian": "# \u043a\u043e\u0440\u0430\u0431\u043b\u044c and ship",
    "Greek for a sum": "x = \u0394 + 2 * \u03b1_",
    "a difference of times": "X = 3  # \u0394t in k\u03a9",
    "a square and a fraction": "# 5 m\u00b2 and \u00bd",
    "accents": "NAME = 'na\u00efve \u00c5ngstr\u00f6m'",
    "a Windows line end": "X = 1\r",
    "a tab": "if X:\n\tX = 1\t# tabbed",
    "a wide space between wide letters": "WORD = '\u6f22\u3000\u5b57'",
    "accents one above the other": "NAME = 'Vi\u0065\u0302\u0323t'",
    "UTF-8": "# -*- coding: utf-8 -*-",
}
ODD_PATHS = ("x\u202eyp.py", "di\u200bce.py", ".g\u200cit/config", "conftest.py ", "caf\ufffd.py",
             "\uff0eenv", "cogs./dice.py", "a\nb.py", "a`b.py", "di\ufe0fce.py", "di\u200dce.py",
             "di\u180bce.py", "\u0430uth.py", "bot/is_\u043ewner/x.py",
             "\u0455\u04bb\u043e\u0440.py", "auth\u0251.py", "d\u0131ce.py", "con.py", "a/NUL",
             "aux.tar.gz", "x.py:evil", "GITATT~1", "CONFTE~1.PY")  # fmt: skip
PLAIN_PATHS = ("na\u00efve/\u00c5ngstr\u00f6m_gro\u00df.py",
               "\u0434\u043e\u043a/\u043e_\u0431\u043e\u0442\u0435.md", "\u6f22\u5b57.txt",
               "ti\u1ebfng_vi\u1ec7t.po", "console.py", "com10.md", "a~b.txt")  # fmt: skip


def judged(line: str, *, path: str = DICE, instead_of: str = "") -> list[Finding]:
    """Return what is said of a change that adds the line, or puts it in the place of another."""
    before, after = f"X = 0\n{instead_of}\n" if instead_of else "X = 0\n", f"X = 0\n{line}\n"
    taken, put = f"-{instead_of}\n" if instead_of else "", line.replace("\n", "\n+")
    lines = after.count("\n") - 1
    diff = (
        f"diff --git a/{path} b/{path}\nindex 1..2 100644\n--- a/{path}\n+++ b/{path}\n"
        f"@@ -1,{2 if taken else 1} +1,{1 + lines} @@\n X = 0\n{taken}+{put}\n"
    )
    changes = [FileChange(path=path, added=lines, removed=bool(taken))]
    found = inspect(
        diff,
        changes,
        owned_files=frozenset({path}),
        base_files=frozenset(),
        protection=PROTECTION,
        allowed_new=frozenset(),
        sources=make_source(path, before, after),
        redact=redact,
        known_import=lambda _: True,
    )
    return list(found)


@pytest.mark.parametrize("name", SEEN_OTHERWISE)
def test_a_line_that_is_not_what_it_seems_stops_a_proposal(name: str) -> None:
    found = judged(SEEN_OTHERWISE[name])
    assert {(one.rule, one.blocking) for one in found} == {("unsafe_file", True)}
    assert all(one.message.isascii() and one.message.isprintable() for one in found)


@pytest.mark.parametrize("path", ["deploy/run.sh", "data/x.yaml", "docs/x.md", "x.toml", "run"])
@pytest.mark.parametrize("name", ANYWHERE)
def test_it_does_in_any_other_file_as_well(name: str, path: str) -> None:
    found = judged(SEEN_OTHERWISE[name], path=path)
    assert {(one.rule, one.blocking) for one in found} == {("unsafe_file", True)}
    assert all(one.path == path and "Line 2" in one.message for one in found)


@pytest.mark.parametrize("name", HARMLESS)
def test_other_peoples_letters_are_let_through(name: str) -> None:
    assert judged(HARMLESS[name]) == []


def test_a_line_that_was_odd_before_may_be_edited() -> None:
    assert judged("X = '\u200b' + 'a'", instead_of="X = '\u200b'") == []


def test_one_odd_line_is_no_excuse_for_another() -> None:
    (found,) = judged("X = 'adm\u200b\u200bin'", instead_of="X = '\u200b'")
    assert found.blocking
    assert judged("X = 1" + " " * 90 + "; evil()", instead_of="Y = 2" + " " * 90 + "# far")


@pytest.mark.parametrize("path", PLAIN_PATHS)
def test_a_path_in_other_peoples_letters_is_let_through(path: str) -> None:
    assert not [one for one in judged("X = 1", path=path) if one.blocking]


@pytest.mark.parametrize("path", ODD_PATHS)
def test_a_path_that_others_read_otherwise_stops_a_proposal(path: str) -> None:
    assert any(one.rule == "unsafe_file" and one.blocking for one in judged("X = 1", path=path))


@pytest.mark.parametrize(
    "line",
    [
        "import pytest",
        "from _pytest import runner",
        "if os.environ.get('PYTEST_CURRENT_TEST'): pass",
        "os._exit(0)",
        "os.kill(os.getppid(), 9)",
    ],
)
def test_sources_that_touch_what_runs_their_tests_are_shown(line: str) -> None:
    found = judged(line)
    assert [(one.rule, one.blocking) for one in found] == [("test_weakened", False)]
    assert line.strip() in found[0].message
    assert not any(one.blocking for one in judged(line, path="tests/test_dice.py"))
    assert judged(line, path="docs/testing.md") == []
