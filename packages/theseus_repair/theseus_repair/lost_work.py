"""Finds edits that silence a failure by doing less: the failed call is removed, or not awaited.

`send(str(await pool.fetchval("...")))` fails without a pool. `send(ctx)` does not fail, but it does
not do the work either.
"""

import ast
from collections import Counter

from theseus_guard.syntax import parse

from theseus_repair.model import Texts


def has_lost_work(before: Texts, after: Texts) -> bool:
    """Return whether an edit leaves fewer calls, or fewer awaited calls, than before."""
    return any(_work(before[path]) - _work(text) for path, text in after.items())


def _work(text: str) -> Counter[type[ast.AST]]:
    kinds = (type(node) for node in ast.walk(parse(text)))
    return Counter(kind for kind in kinds if kind in (ast.Call, ast.Await))
