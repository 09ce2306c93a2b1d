"""All candidates for a problem, ranked: reverts of suspect hunks, migrations, single edits."""

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice, takewhile

from theseus_repair import migrations, reverts
from theseus_repair.expectation import parse_expectation
from theseus_repair.guidance import get_factor, is_test
from theseus_repair.localise import UNSEEN, Suspicion
from theseus_repair.model import Candidate, Crash, Problem, SourceEdit
from theseus_repair.operators import OPERATORS, Pools, View, build_pools
from theseus_repair.operators.decorators import is_property_replacement
from theseus_repair.source import FunctionNode, Source, get_header_lines
from theseus_repair.source_text import find_line

# Added to each suspicion, so that operators' weights also order edits of unsuspicious lines.
FLOOR = 0.1
# Operators read the crash; more crashes would multiply the edits with little new information.
CRASHES_AT_MOST = 3
EACH = 150  # edits of one statement by one operator; a literal table would have thousands
# The first of the reverts rank before all single edits, whose rank is usually below 1.6.
REVERT_FIRST, FIRST_REVERTS = 1.6, 30
# For edits of a condition above the crash that reads the same names: it often let the crash happen.
RELATED_WEIGHT = 1.6
LEAST_FACTOR, MOST_FACTOR = 0.5, 2.0  # what earlier runs taught never excludes a kind of edit
RELATED_KINDS = {"comparison", "off by one", "constant", "boolean operator", "negation"}


def return_false() -> bool:
    """Return that time is not up."""
    return False


def propose(
    problem: Problem,
    suspicion: Suspicion,
    late: Callable[[], bool] = return_false,
    is_revert_time_up: Callable[[], bool] = return_false,
    reverts_first: int = FIRST_REVERTS,
) -> list[Candidate]:
    """Return the candidates, best first. Equal edits appear once, with their best rank.

    Once it is `late`, generation stops, which omits the least suspicious statements. Once
    `is_revert_time_up`, no more reverts are generated; reverts of complete commits come first.
    """
    sources = _parse_sources(problem)
    best: dict[tuple[object, ...], Candidate] = {}
    reach = _reach(sources, suspicion)
    singles = _iterate_edits(problem, suspicion, sources, reach, late)
    migrated = migrations.propose(problem, sources)
    reverted = _propose_reverts(
        problem, suspicion, sources, reach, is_revert_time_up, reverts_first
    )
    for candidate in (*singles, *migrated, *reverted):
        if any(is_test(edit.path) for edit in candidate.edits):
            continue
        known = best.get(candidate.edits)
        if known is None or known.rank < candidate.rank:
            best[candidate.edits] = candidate
    return sorted(best.values(), key=lambda candidate: -candidate.rank)


def _parse_sources(problem: Problem) -> list[Source]:
    sources = []
    for path, text in problem.texts.items():
        if path.endswith(".py") and not is_test(path):
            try:
                sources.append(Source(path, text))
            except (SyntaxError, ValueError):
                continue  # only a revert can fix a file that does not parse
    return sources


def _propose_reverts(
    problem: Problem,
    suspicion: Suspicion,
    sources: list[Source],
    reach: dict[str, float],
    is_revert_time_up: Callable[[], bool],
    reverts_first: int,
) -> list[Candidate]:
    """Return the reverts: the likeliest rank before all single edits, the others among them."""
    top = {
        source.path: [
            (
                statement,
                max(
                    (reach.get(name, 0.0) for name in _collect_bound_names(statement)), default=0.0
                ),
            )
            for statement in source.tree.body
        ]
        for source in sources
    }
    proposed = reverts.propose(problem.texts, problem.hunks)
    ranked: list[tuple[float, float, Candidate]] = []
    for candidate in takewhile(lambda _: not is_revert_time_up(), proposed):
        near = max(_measure_nearness(edit, problem, suspicion, top) for edit in candidate.edits)
        first = candidate.edits[0]
        placed = replace(candidate, line=find_line(problem.texts[first.path], first.start))
        ranked.append((candidate.rank * (0.5 + near) if near else 0.0, near, placed))
    ranked.sort(key=lambda each: -each[0])
    return [
        replace(each, rank=REVERT_FIRST + rank if rank else 0.3 * each.rank)
        if number < reverts_first
        else replace(each, rank=each.rank * (near or 0.3))
        for number, (rank, near, each) in enumerate(ranked)
    ]


def _measure_nearness(
    edit: SourceEdit,
    problem: Problem,
    suspicion: Suspicion,
    top: Mapping[str, Sequence[tuple[ast.stmt, float]]],
) -> float:
    """Return the suspicion of the lines a revert touches, or of the names they bind.

    `top` are the outermost statements of each file that parses, with the suspicion of the names
    they bind.
    """
    text = problem.texts[edit.path]
    first = find_line(text, edit.start)
    last = find_line(text, edit.end)
    scored = suspicion.scores.get(edit.path, {})
    near = max((scored.get(line, 0.0) for line in range(first - 1, last + 2)), default=0.0)
    if near:
        return near
    if edit.path not in top:
        return UNSEEN
    touched = (
        score
        for statement, score in top[edit.path]
        if statement.lineno <= last and (statement.end_lineno or statement.lineno) >= first
    )
    return max(touched, default=0.0)


def _iterate_edits(
    problem: Problem,
    suspicion: Suspicion,
    sources: list[Source],
    reach: dict[str, float],
    late: Callable[[], bool],
) -> Iterator[Candidate]:
    """Yield the edits of every statement, those of the most suspicious ones first."""
    pools = replace(
        build_pools(sources),
        stated=problem.stated,
        templates=problem.templates,
        library=problem.library,
    )
    views = [
        (source, [View(source, crash, pools) for crash in _select_distinct(problem.crashes)])
        for source in sources
    ]
    scored = [
        (_score_statement(statement, source, suspicion, reach), statement, seen)
        for source, seen in views
        for statement in source.nodes
        if isinstance(statement, ast.stmt)
    ]
    for score, statement, seen in sorted(scored, key=lambda each: -each[0]):
        if not score or late():
            return
        for view in seen:
            yield from _weigh_edits(statement, view, score, problem.edit_factors)


def _select_distinct(crashes: tuple[Crash, ...]) -> list[Crash]:
    distinct: dict[object, Crash] = {}
    for crash in crashes:
        distinct.setdefault((crash.error, crash.frames[-1:] and crash.frames[-1].line), crash)
    return list(distinct.values())[:CRASHES_AT_MOST] or [Crash("")]


def iterate_single_edits(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield the operators' edits for one statement, with the weights of the operators.

    For a literal table only the first edits of each operator are used, because it has too many.
    """
    for operator in OPERATORS:
        yield from islice(operator(statement, view), EACH)


def _weigh_edits(
    statement: ast.stmt, view: View, score: float, factors: Mapping[str, float]
) -> Iterator[Candidate]:
    near = view.is_at_crash(statement)
    kin = 1.0 if near or not _is_related(statement, view) else RELATED_WEIGHT
    expected = parse_expectation(view.crash)
    for candidate in iterate_single_edits(statement, view):
        weight = candidate.rank * get_factor(view.crash, candidate.kind, near)
        weight *= expected.get_factor(candidate.kind) if expected else 1.0
        weight *= min(max(factors.get(candidate.kind, 1.0), LEAST_FACTOR), MOST_FACTOR)
        weight *= kin if candidate.kind in RELATED_KINDS else 1.0
        yield replace(candidate, rank=weight * (FLOOR + score))


def _is_related(statement: ast.stmt, view: View) -> bool:
    """Return whether a condition above the crash, in its function, reads names the crash reads."""
    crash = next((frame for frame in reversed(view.crash.frames)
                  if frame.path == view.source.path), None)  # fmt: skip
    function = view.source.find_function(statement)
    if crash is None or function is None or not isinstance(statement, (ast.If, ast.While)):
        return False
    if not function.lineno <= crash.line <= (function.end_lineno or 0):
        return False
    read = {node.id for node in ast.walk(function)
            if isinstance(node, ast.Name) and node.lineno == crash.line}  # fmt: skip
    return any(isinstance(node, ast.Name) and node.id in read for node in ast.walk(statement.test))


def _score_statement(
    statement: ast.stmt, source: Source, suspicion: Suspicion, reach: dict[str, float]
) -> float:
    """Return the suspicion of a statement; 0 when no failing test can depend on it."""
    score = suspicion.get_score(source.path, get_header_lines(statement))
    for handler in getattr(statement, "handlers", ()):
        score = max(
            score, suspicion.get_score(source.path, range(handler.lineno, handler.lineno + 1))
        )
    if isinstance(statement, FunctionNode):
        inside = range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
        if is_property_replacement(
            statement, source
        ):  # reading the property does not run this statement
            score = max(score, UNSEEN)
        # Edits of a `def` line count less than those of the line inside that is suspected.
        return max(score, 0.75 * suspicion.get_score(source.path, inside))
    if source.find_function(statement) is not None:
        return score if score or suspicion.has_coverage else UNSEEN
    if isinstance(statement, (ast.Import, ast.ImportFrom, ast.ClassDef)):
        return score
    return max(
        score, max((reach.get(name, 0.0) for name in _collect_bound_names(statement)), default=0.0)
    )


def _collect_bound_names(statement: ast.stmt) -> set[str]:
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
        for node in source.nodes:
            if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
                name = node.id if isinstance(node, ast.Name) else node.attr
                score = 0.7 * scores.get(node.lineno, 0.0)
                reach[name] = max(reach.get(name, 0.0), score)
    return reach


__all__ = ["Pools", "propose"]
