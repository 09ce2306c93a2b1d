"""Edits that quiet a call by doing less: a call that failed is no longer made, or not awaited.

`send(str(await pool.fetchval("...")))` fails without a pool and `send(ctx)` does not, but it is no
answer to anything.
"""

import ast
from collections import Counter

from bot.infra.syntax import parse
from bot.repair.model import Texts


def has_lost_work(before: Texts, after: Texts) -> bool:
    """Return whether an edit leaves fewer calls, or fewer of them awaited, than there were."""
    return any(_work(before[path]) - _work(text) for path, text in after.items())


def _work(text: str) -> Counter[type[ast.AST]]:
    kinds = (type(node) for node in ast.walk(parse(text)))
    return Counter(kind for kind in kinds if kind in (ast.Call, ast.Await))
