"""All candidates for a problem, ranked: undoings of suspect hunks, then single edits."""

import ast
from collections.abc import Iterator
from dataclasses import replace

from bot.repair import reverts
from bot.repair.guidance import factor, is_test
from bot.repair.localise import UNSEEN, Suspicion
from bot.repair.model import Candidate, Crash, Problem
from bot.repair.operators import OPERATORS, Pools, View, pools_of
from bot.repair.source import FunctionNode, Source, header_lines

FLOOR = 0.1
CRASHES_AT_MOST = 3
REVERT_FIRST = 1.6


def propose(problem: Problem, suspicion: Suspicion) -> list[Candidate]:
    """Return the candidates, best first. Equal edits appear once, with their best rank."""
    sources = _parsed(problem)
    best: dict[tuple[object, ...], Candidate] = {}
    for candidate in (*_undoings(problem, suspicion), *_edits(problem, suspicion, sources)):
        if any(is_test(edit.path) for edit in candidate.edits):
            continue
        known = best.get(candidate.edits)
        if known is None or known.rank < candidate.rank:
            best[candidate.edits] = candidate
    return sorted(best.values(), key=lambda candidate: -candidate.rank)


def _parsed(problem: Problem) -> list[Source]:
    sources = []
    for path, text in problem.texts.items():
        if path.endswith(".py") and not is_test(path):
            try:
                sources.append(Source(path, text))
            except (SyntaxError, ValueError):
                continue  # only an undoing can mend a file that does not parse
    return sources


def _undoings(problem: Problem, suspicion: Suspicion) -> Iterator[Candidate]:
    for candidate in reverts.propose(problem.texts, problem.hunks):
        edit = candidate.edits[0]
        text = problem.texts[edit.path]
        first = text.count("\n", 0, edit.start) + 1
        lines = range(first - 1, first + text.count("\n", edit.start, edit.end) + 2)
        scored = suspicion.scores.get(edit.path, {})
        near = max((scored.get(line, 0.0) for line in lines), default=0.0)
        rank = REVERT_FIRST + candidate.rank * (0.5 + near) if near else candidate.rank * 0.3
        yield replace(candidate, rank=rank, line=first)


def _edits(problem: Problem, suspicion: Suspicion, sources: list[Source]) -> Iterator[Candidate]:
    pools = pools_of(sources)
    reach = _reach(sources, suspicion)
    for crash in _distinct(problem.crashes):
        for source in sources:
            for statement in ast.walk(source.tree):
                if isinstance(statement, ast.stmt):
                    score = _score(statement, source, suspicion, reach)
                    if score:
                        yield from _at(statement, View(source, crash, pools), score)


def _distinct(crashes: tuple[Crash, ...]) -> list[Crash]:
    kept: dict[object, Crash] = {}
    for crash in crashes:
        kept.setdefault((crash.error, crash.frames[-1:] and crash.frames[-1].line), crash)
    return list(kept.values())[:CRASHES_AT_MOST] or [Crash("")]


def _at(statement: ast.stmt, view: View, score: float) -> Iterator[Candidate]:
    near = view.at_crash(statement)
    for operator in OPERATORS:
        for candidate in operator(statement, view):
            weight = candidate.rank * factor(view.crash, candidate.kind, near)
            yield replace(candidate, rank=weight * (FLOOR + score))


def _score(
    statement: ast.stmt, source: Source, suspicion: Suspicion, reach: dict[str, float]
) -> float:
    """Return the suspicion of a statement; 0 when no failing test can depend on it."""
    score = suspicion.of(source.path, header_lines(statement))
    if isinstance(statement, FunctionNode):
        inside = range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
        return max(score, 0.75 * suspicion.of(source.path, inside))
    if source.function(statement) is not None:
        return score if score or suspicion.measured else UNSEEN
    if isinstance(statement, (ast.Import, ast.ImportFrom, ast.ClassDef)):
        return score
    return max(score, max((reach.get(name, 0.0) for name in _bound(statement)), default=0.0))


def _bound(statement: ast.stmt) -> set[str]:
    return {
        node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _reach(sources: list[Source], suspicion: Suspicion) -> dict[str, float]:
    """Return, for every name, 0.7 times the suspicion of the worst statement that uses it."""
    reach: dict[str, float] = {}
    for source in sources:
        scores = suspicion.scores.get(source.path, {})
        for node in ast.walk(source.tree):
            if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
                name = node.id if isinstance(node, ast.Name) else node.attr
                score = 0.7 * scores.get(node.lineno, 0.0)
                reach[name] = max(reach.get(name, 0.0), score)
    return reach


__all__ = ["Pools", "propose"]
