"""Texts for people use plain words, not internal names."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from bot.domain import errors
from bot.domain.run import Stage
from bot.presentation.cards import get_activity

ROOT = Path(__file__).parents[1]
SPOKEN = (
    "bot/domain",
    "bot/self_improvement/steps",
    "bot/self_improvement",
    "bot/monitoring",
    "cogs",
)
SENTENCE = re.compile(r"\w+ \w+")
NAMES = re.compile(r"(^|\.)stage$|^(run|ended|now|other)\.status$|__name__")
WORDS = (
    "quarantin(?:e|ed)", "execute", "stage", "lease[ds]?", "outbox", "shelf", "clerk", "keeper",
    *(name for name in vars(errors) if re.match(r"[A-Z]\w+[A-Z]", name)),  # StoreConflict, ...
)  # fmt: skip
MISTAKES = ("AssertionError", "StoreConflict", "TypeError", "ValueError")
INNER = re.compile(rf"\b(?:{'|'.join(WORDS)})\b")


@cache
def spoken(file: Path) -> tuple[tuple[int, ast.expr], ...]:
    """Return the texts of a file that are sentences, but docstrings and what is only logged."""
    return tuple(_find_spoken(file))


def _find_spoken(file: Path) -> Iterator[tuple[int, ast.expr]]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    silent: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            silent.add(node.value)
        logs = isinstance(node, ast.Call) and ast.unparse(node.func).startswith(("_log.", "log."))
        if logs or isinstance(node, ast.Assert) or _is_for_us(node):
            silent.update(ast.walk(node))
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr | ast.Constant) and node not in silent:
            yield node.lineno, node


def _is_for_us(node: ast.AST) -> bool:
    """Return whether it is an error that only our own mistake raises, or a field's description."""
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        return ast.unparse(node.exc.func) in MISTAKES
    return isinstance(node, ast.keyword) and node.arg == "description"


FILES = [
    file
    for folder in SPOKEN
    for file in sorted((ROOT / folder).rglob("*.py"))
    if "grammar" not in file.parts  # its texts are what people say to it
]


def test_no_sentence_holds_the_name_of_a_step_or_state_of_the_code() -> None:
    """`at {run.stage}` said "restarted while at execute"; `doing` and `standing` have the words."""
    inner = [
        f"{file.relative_to(ROOT)}:{line}: {ast.unparse(part.value)}"
        for file in FILES
        for line, text in spoken(file)
        if isinstance(text, ast.JoinedStr) and SENTENCE.search(ast.unparse(text))
        for part in text.values
        if isinstance(part, ast.FormattedValue) and NAMES.search(ast.unparse(part.value))
    ]
    assert inner == []


def test_no_sentence_uses_a_word_of_the_code() -> None:
    inner = [
        f"{file.relative_to(ROOT)}:{line}: {found[0]!r} in {text.value!r}"
        for file in FILES
        for line, text in spoken(file)
        if isinstance(text, ast.Constant)
        and isinstance(text.value, str)
        and SENTENCE.search(text.value)
        and (found := INNER.search(text.value))
    ]
    assert inner == []


@pytest.mark.parametrize("stage", Stage)
def test_every_step_has_words_that_fit_into_a_sentence(stage: Stage) -> None:
    assert re.fullmatch(r"[a-z]+ing( [a-z]+)*", get_activity(stage))
