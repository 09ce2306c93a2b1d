"""Python files that do not run as they read, as what a run might propose."""

import ast

import pytest
from guard_tests.cases import DICE, HERE, judge_change
from hypothesis import given, settings
from hypothesis import strategies as st
from theseus_guard._code_and_text import tokenize_source
from theseus_guard._layout import find_misplaced, parse_source

BASE = '''import os


def roll(count: int) -> int:
    """Roll.

    os.system("id")
    """
    if count < 1:
        return 0
    check(count)
    if count > 9:
        raise ValueError(count)
    return count


def last() -> int:
    return 1
'''
TAIL = "    return 1\n"

RUNS_OTHERWISE = {
    "a form feed before a statement": BASE + "        \x0cpayload()\n",
    "a form feed alone on its line's start": BASE + "\x0c    payload()\n",
    "a backslash that splits an indentation": BASE + "\\\n    payload()\n",
    "a statement behind a backslash": BASE + "X = 1; \\\n    payload()\n",
    "a header's statement on the next line": BASE + "if os: \\\n        payload()\n",
    "two statements on a line": BASE.replace("return 0", "return 0; payload()"),
    "a semicolon in a class on one line": BASE + "class A: x = 1; payload()\n",
    "a semicolon inside a text": BASE + 'X = """\nmore """; payload()\n',
    "a text that runs": BASE + '"""Well\nknown.""" + payload()\n',
    "a text that formats": BASE + 'f"""\nSays {payload()}.\n"""\n',
    "a text that is called": BASE + "'''Well\nknown.'''.join(payload())\n",
    "a text over a line's end": BASE + "X = 'a \\\nb' + payload()\n",
    "a remark that runs": BASE + 'X = """\n# only a remark """ + payload()\n',
    "a remark in another quote": BASE + "X = '''\n    # more of it''', payload()\n",
    "far to the right in brackets": BASE + "X = (1," + " " * 60 + "payload())\n",
    "far to the right without brackets": BASE + "X = 1," + " " * 45 + "payload()\n",
    "code that a text swallows": BASE.replace("        return 0\n", '        return 0\n    """\n')
    .replace("        raise ValueError(count)\n", '        raise ValueError(count)\n    """\n'),
    "a text whose end moves up": BASE.replace('    """Roll.\n', '    """Roll."""\n').replace(
        '(\"id\")\n    """\n', '("id")\n'
    ),
    "a name in Cyrillic alone": BASE + "\u0441\u043e\u0440\u0443 = 1\n",
    "a name in Cyrillic within a text": BASE + "X = f'{\u0441\u043e\u0440\u0443}'\n",
    "a keyword in other letters": BASE + "\u0456\u0455 = 1\n",
    "what Python cannot read": BASE + "def (:\n",
    "a case on a backslash": BASE + "match os:\n    case 1: \\\n        payload()\n",
    "a decorator out of its place": BASE + "class A:\n  @ \\\nos\n  def a(self): payload()\n",
}  # fmt: skip
SILENCED = ("# fmt: off", "# fmt: skip", "# yapf: disable", "# FMT:off", "# autopep8: off")
CLASS = """class Base:
    def verify(self, user):
        return True


class Auth(Base):
    \"\"\"Lets admins in.\"\"\"

    STRICT = True

    def other(self, user):
        count = 1
        log(count)

    def verify(self, user):
        return user in ADMINS
"""
CLEAN = "def _clean(user):\n    user = user.strip()\n\n"
VERIFY = "    def verify(self, user):\n        return user in"
PLAIN = 'HELP = """\nuse:\n a\n b\n c\n d\n e\n"""\n'
HELP = PLAIN.replace("d", "{evil()}")
ESCAPED = PLAIN.replace("d", "\\t")
FREED = 'X = f"""\na\nevil()\nb\n"""\n'
FIELD = FREED.replace("a\n", "a{\n").replace("\nb", "\n}b")
READ_ANEW = {
    "a method that a function takes": (CLASS, CLASS.replace(VERIFY, CLEAN + VERIFY)),
    "a method that a class takes": (
        CLASS,
        CLASS.replace(VERIFY, "class A:\n    x = 1\n\n" + VERIFY),
    ),
    "a method that a condition takes": (CLASS, CLASS.replace(VERIFY, "if ADMINS:\n" + VERIFY)),
    "a method taken while its class is elsewhere changed": (
        CLASS,
        CLASS.replace("Auth(Base)", "Auth(Other)").replace(VERIFY, CLEAN + VERIFY),
    ),
    "what a class holds": (CLASS, CLASS.replace("    STRICT", CLEAN + "    STRICT")),
    "what a function does": ("def a():\n    b()\n    c()\n", "def a():\n    b()\nif 0:\n    c()\n"),
    "a text that formats far below": (HELP, HELP.replace("= ", "= f")),
    "a text whose escapes change far below": (ESCAPED, ESCAPED.replace("= ", "= r")),
    "a text whose lines become a field": (FREED, FIELD),
    "a text that formats from line to line": (FREED.replace("f", ""), FIELD),
}
READ_AS_BEFORE = {
    "a class with another name": (CLASS, CLASS.replace("class Auth(Base):", "class Guard:")),
    "a class put above, in its own first line's place": (
        CLASS,
        CLASS.replace("class Auth(Base):", "class Other:\n    x = 1\n\n\nclass Guard(Base):"),
    ),
    "a method put before": (
        CLASS,
        CLASS.replace(VERIFY, "    def more(self):\n        pass\n\n" + VERIFY),
    ),
    "a class put before one that looks the same": (
        CLASS,
        CLASS.replace(VERIFY, VERIFY + " OTHERS\n\n\nclass Third(Base):\n" + VERIFY),
    ),
    "a function cut in two": (
        CLASS,
        CLASS.replace("        log", "        self.more()\n\n    def more(self):\n        log"),
    ),
    "a text that formats, without any field below": (
        PLAIN,
        PLAIN.replace("use", "{use}").replace("= ", "= f"),
    ),
}
RUNS_AS_IT_READS = {
    "one-line blocks": BASE + "if os: payload()\nelse: pass\nclass E(Exception): ...\n",
    "elif, else, try, match": BASE
    + "if os:\n    a()\nelif 1:\n    b()\nelif 2:\n    c()\nelse:\n    if 3:\n        d()\n"
    + "try:\n    a()\nexcept OSError:\n    b()\nelse:\n    c()\nfinally:\n    d()\n"
    + "match os:\n    case 1:\n        a()\n    case (\n        2\n    ):\n        b()\n",
    "decorators": BASE + "@os.one(\n    1,\n)\n@two\nclass A:\n    @three\n    def a(self): ...\n",
    "texts over several lines": BASE
    + 'X = """\n# head\n  body\n""".strip()\nY = (\n    """a\n"""\n)\n',
    "a backslash within a statement": BASE + "assert os, \\\n    1\n",
    "a remark that ends in a backslash": BASE + "# C:\\\nX = 1\n",
    "tabs throughout": "def f():\n\tif 1:\n\t\treturn\n",
    "two columns deep": "def f():\n  if 1:\n     return\n",
    "an async block": BASE
    + "async def f():\n    async with a:\n        async for b in c:\n            pass\n",
    "accents in code": BASE + "\u00e9t\u00e9 = '\u00e9'\n",
    "words in Cyrillic": BASE + "X = f'\u0441 {os} \u043e\u0440'  # \u0441\n",
    "a longer text": BASE.replace("Roll.\n", "Roll.\n\n    More of it.\n"),
    "a function before one with the same texts": BASE.replace(
        "def last",
        'def more() -> int:\n    """More.\n\n    Of it.\n    """\n    return 2\n\n\ndef last',
    ),
    "a text that becomes shorter": BASE.replace('\n\n    os.system("id")\n    """', '"""'),
    "Windows line ends": BASE.replace("\n", "\r\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", RUNS_OTHERWISE)
def test_a_file_that_does_not_run_as_it_reads_is_not_proposed(name: str) -> None:
    found = [one for one in judge_change(DICE, BASE, RUNS_OTHERWISE[name]) if one.blocking]
    assert found
    assert {one.rule for one in found} == {"unsafe_file"}
    assert all(one.message.isascii() and one.message.isprintable() for one in found)


@pytest.mark.parametrize("name", READ_ANEW)
def test_no_line_that_stays_belongs_elsewhere_or_is_read_anew(name: str) -> None:
    found = judge_change(DICE, *READ_ANEW[name])
    assert {(one.rule, one.blocking) for one in found} == {("unsafe_file", True)}
    assert all("Line " in one.message and "unchanged" in one.message for one in found)


@pytest.mark.parametrize("name", READ_AS_BEFORE)
def test_what_moves_with_what_it_belongs_to_may_stay(name: str) -> None:
    assert judge_change(DICE, *READ_AS_BEFORE[name]) == ()


@pytest.mark.parametrize("sign", SILENCED)
def test_what_takes_a_line_from_the_formatter_is_not_proposed(sign: str) -> None:
    (found,) = judge_change(DICE, BASE, BASE + f"X = 1  {sign}\n")
    assert (found.rule, found.blocking) == ("test_weakened", True)


@pytest.mark.parametrize("name", RUNS_AS_IT_READS)
def test_a_file_that_runs_as_it_reads_may_be(name: str) -> None:
    assert judge_change(DICE, BASE, RUNS_AS_IT_READS[name]) == ()


def test_what_was_odd_before_and_stays_is_not_the_changes_doing() -> None:
    before = BASE + "X = 1; Y = 2\n"
    assert judge_change(DICE, before, before.replace("count > 9", "count > 6")) == ()
    assert judge_change(DICE, before, before + "X = 1; Y = 3\n")


def test_a_file_that_python_never_could_read_may_be_changed_and_none_may_become_so() -> None:
    found = judge_change(HERE, "def (:\n", "def (:\n\n\n")
    assert [(one.rule, one.blocking) for one in found] == [
        ("unsafe_file", False),
        ("test_changed", False),
    ]
    assert judge_change(HERE, "x = 1\n", "def (:\n")
    assert judge_change(DICE, "", "def (:\n")


TEXT = "'''a\nb'''"
shapes = st.recursive(
    st.sampled_from(["pass", "x = 1", "'text'", f"x = {TEXT}", "# remark"]),
    lambda inner: st.tuples(
        st.sampled_from(["if x:", "for x in y:", "class A:", "with x:", "def f():"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=6,
)


def written(shape: object, indent: str = "") -> str:
    """Return a program of that shape, as a formatter would write it."""
    if isinstance(shape, str):
        return f"{indent}{shape}\n"
    assert isinstance(shape, tuple)
    head, block = shape
    body = "".join(written(each, indent + "    ") for each in block)
    return f"{indent}{head}\n{body}{indent}    pass\n"


@settings(max_examples=50)
@given(st.lists(shapes, min_size=1, max_size=4))
def test_no_program_that_is_written_plainly_is_odd(block: list[object]) -> None:
    text = "".join(written(each) for each in block)
    tree, words = parse_source(text), tokenize_source(text)
    assert tree is not None
    assert words is not None
    assert list(find_misplaced(tree, text.split("\n"), words.end_lines)) == []


@settings(max_examples=50)
@given(
    st.lists(shapes, min_size=1, max_size=3),
    st.integers(0, 200),
    st.sampled_from(["\x0c", "\\\n", "\x0c    ", "\\\n    "]),
)
def test_whatever_moves_a_statement_from_where_it_is_seen_is_found(
    block: list[object], at: int, sign: str
) -> None:
    """Either the program is the same one without the sign, or the sign is found by its effect."""
    lines = "".join(written(each) for each in block).splitlines(keepends=True)
    at %= len(lines)
    spoilt = "".join([*lines[:at], sign, *lines[at:]])
    tree, words = parse_source(spoilt), tokenize_source(spoilt)
    if tree is None or words is None or TEXT[:3] in spoilt:
        return
    clean = parse_source(spoilt.replace("\x0c", "").replace("\\\n", ""))
    same = clean is not None and ast.dump(clean) == ast.dump(tree)
    assert same or list(find_misplaced(tree, spoilt.split("\n"), words.end_lines))


@pytest.mark.parametrize("first", ["#!/usr/bin/python3.11 -I", "#!/usr/bin/env -S uv run --script"])
@pytest.mark.parametrize("name", ["two statements on a line", "code that a text swallows"])
def test_a_script_is_read_as_python_by_its_first_line(name: str, first: str) -> None:
    before, after = f"{first}\n{BASE}", f"{first}\n{RUNS_OTHERWISE[name]}"
    for path in ("scripts/report", "scripts/report.cgi"):
        assert "unsafe_file" in {
            one.rule for one in judge_change(path, before, after) if one.blocking
        }
        shell = [text.replace(first, "#!/bin/sh") for text in (before, after)]
        assert not [one for one in judge_change(path, *shell) if one.blocking]
    without = judge_change("scripts/report", before, RUNS_OTHERWISE[name])
    assert "unsafe_file" in {one.rule for one in without if one.blocking}
