"""What the operators of the offline engine make of one module."""

import ast
from dataclasses import replace

from theseus_repair.library import EMPTY, Library
from theseus_repair.model import Crash
from theseus_repair.operators import OPERATORS, View, build_pools
from theseus_repair.source import Source


def list_proposals(
    text: str, crash: Crash | None = None, library: Library = EMPTY
) -> dict[str, float]:
    """Return every text the operators make of a module, with the best weight of each."""
    source = Source("m.py", text)
    view = View(source, crash or Crash(""), replace(build_pools([source]), library=library))
    made: dict[str, float] = {}
    for statement in ast.walk(source.tree):
        if isinstance(statement, ast.stmt):
            for operator in OPERATORS:
                for candidate in operator(statement, view):
                    new = candidate.apply({"m.py": text})["m.py"]
                    made[new] = max(made.get(new, 0), candidate.rank)
    return made
