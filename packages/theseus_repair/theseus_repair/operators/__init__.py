"""The edits that the search may try, one module per family. They propose edits and judge none."""

import ast
from collections.abc import Callable, Iterator

from theseus_repair.model import Candidate
from theseus_repair.operators import (
    arithmetic,
    attributes,
    awaits,
    booleans,
    call_arguments,
    calls,
    comparisons,
    constants,
    conversions,
    copied_lines,
    decorators,
    discord_calls,
    exits,
    expressions,
    guards,
    handlers,
    insertions,
    keys,
    library_names,
    literals,
    movement,
    names,
    patterns,
    refusals,
    responses,
    returns,
    sql,
    sql_parameters,
    super_calls,
    templates,
    texts,
    times,
    wrappers,
)
from theseus_repair.operators._view import Pools, View, build_pools

Operator = Callable[[ast.stmt, View], Iterator[Candidate]]
OPERATORS: tuple[Operator, ...] = tuple(
    family.propose
    for family in (
        comparisons, constants, arithmetic, booleans, names, attributes, calls, keys, guards,
        returns, insertions, wrappers, awaits, times, sql, sql_parameters,
        discord_calls, literals, expressions, movement, texts, decorators, handlers, patterns,
        templates, copied_lines, call_arguments, conversions, refusals, exits,
        library_names, super_calls, responses,
    )
)  # fmt: skip

__all__ = ["OPERATORS", "Operator", "Pools", "View", "build_pools"]
