"""Replacements of earlier commits are applied where the same text occurs elsewhere."""

import ast
import difflib
from dataclasses import replace
from pathlib import Path

import pytest
from repair_tests.repositories import PYTEST_OPTIONS, commit, make_repository, run_git
from theseus_repair.clock import MachineClock
from theseus_repair.command import repair
from theseus_repair.model import Crash, SuspectHunk
from theseus_repair.operators import View, build_pools
from theseus_repair.operators.templates import propose
from theseus_repair.reverts import parse_diff
from theseus_repair.source import Source
from theseus_repair.templates import learn_templates

pytestmark = pytest.mark.usefixtures("few_plugins")


def hunks(old: str, new: str, path: str = "shop.py", sha: str = "a" * 40) -> list[SuspectHunk]:
    """Return the hunks of a commit that replaced lines of a function."""
    before, after = (f"def subject(self, user, key):\n    {each}\n" for each in (old, new))
    diff = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=9)
    lines = "\n".join(list(diff)[2:])
    return parse_diff(f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n{lines}\n", sha)


@pytest.mark.parametrize(
    ("old", "new", "before", "after"),
    [
        ("return self.kept[key]", "return self.kept.get(key, NONE)",
         "_any1_[_any2_]", "_any1_.get(_any2_, NONE)"),
        ("await greet(user)", "await greet(escaped(user))",
         "greet(_any1_)", "greet(escaped(_any1_))"),
        ("self.stock.send(key)", "await self.stock.send(key)",
         "_any1_.send(_any2_)", "await _any1_.send(_any2_)"),
        ("return total(key) / 2", "return round(total(key) / 2, 1)",
         "_any1_ / 2", "round(_any1_ / 2, 1)"),
        ("return f'{user.name:>8} owes'", "return f'{user.display_name:>8} owes'",
         "_any1_.name", "_any1_.display_name"),
    ],
)  # fmt: skip
def test_what_both_sides_share_may_be_anything(old: str, new: str, before: str, after: str) -> None:
    (template,) = learn_templates(hunks(old, new))

    assert (template.before, template.after) == (before, after)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return key < user", "return key <= user"),  # fits anywhere
        ("return user", "return key"),
        ("return 3", "return 4"),
        ("for each in key: pass", "return total(key)"),  # no expression became another
        (
            "\n    ".join(f"a{n} = f(key, {n})" for n in range(5)),
            "\n    ".join("g()" for _ in "12345"),
        ),
    ],
)
def test_what_says_nothing_of_where_it_stands_is_not_learned(old: str, new: str) -> None:
    assert learn_templates(hunks(old, new)) == ()


def test_what_several_commits_did_comes_first_and_what_was_taken_back_is_left_out() -> None:
    once = hunks("return key.lower()", "return key.casefold()", sha="1" * 40)
    twice = [
        *hunks("return load(key)", "return load(key, strict=True)", sha="2" * 40),
        *hunks("x = load(user)", "x = load(user, strict=True)", sha="3" * 40),
    ]
    undone = [
        *hunks("return user.name", "return user.nick", sha="4" * 40),
        *hunks("return user.nick", "return user.name", sha="5" * 40),
    ]
    of_tests = hunks("assert old(key)", "assert new(key)", path="tests/test_it.py")

    found = learn_templates([*once, *undone, *of_tests, *twice])

    assert [(each.before, each.commit[0], each.times) for each in found] == [
        ("load(_any1_)", "2", 2),
        ("_any1_.lower", "1", 1),
    ]


def test_a_template_is_filled_with_what_stands_here_and_brings_its_import_along() -> None:
    source = Source("cogs/greet.py", "import re\n\n\ndef hello(a, b):\n    return greet(a or b)\n")
    other = Source("cogs/leave.py", "from texts import escaped\n")
    pools = build_pools([source, other])
    templates = learn_templates(hunks("return greet(user)", "return greet(escaped(user))"))
    view = View(source, Crash("AssertionError"), replace(pools, templates=templates))
    statement = source.tree.body[1]
    assert isinstance(statement, ast.FunctionDef)

    (candidate,) = propose(statement.body[0], view)

    text = candidate.apply({source.path: source.text})[source.path]
    assert "import re\nfrom texts import escaped\n" in text
    assert "return greet(escaped(a or b))" in text
    assert (
        candidate.why
        == "replace `greet(a or b)` by `greet(escaped(a or b))`, as commit aaaaaaa did"
    )


SHOP = """\
def padded(text):
    return text.strip().rjust(6, ".")


def price(text):
    return text


def stock(text):
    return text.upper()


def line(text):
    return stock(text) + "!"


def row(text):
    return stock(text) + "?"
"""


@pytest.mark.slow
async def test_the_history_of_a_repository_mends_the_same_fault_elsewhere(tmp_path: Path) -> None:
    repo = tmp_path / "shop"
    make_repository(repo, {"shop.py": SHOP, "pyproject.toml": PYTEST_OPTIONS})
    fixed = SHOP.replace('stock(text) + "!"', 'padded(stock(text)) + "!"')
    sha = commit(repo, {"shop.py": fixed}, "Align lines")
    for number in range(13):  # long ago: no suspect any more
        commit(repo, {f"notes{number}.py": f"NOTE = {number}\n"}, "Take a note")
    test = "from shop import row\n\n\ndef test_row():\n    assert row(' ab ') == '....AB?'\n"
    commit(repo, {"test_shop.py": test}, "Say how rows look")

    report = await repair(
        repo, "pytest -q test_shop.py", seconds=60, accept="plausible", clock=MachineClock()
    )

    assert report.repaired
    assert f"as commit {sha[:7]} did" in report.explanation
    assert run_git(repo, "status", "--porcelain") == ""
