"""Every function of the everyday cogs can be made to raise at once, and what people do is known."""

import ast
from pathlib import Path

from bench.reproducible import COGS, find_functions
from bench.script_data import build_script, read_data

ROOT = Path(__file__).resolve().parents[2]


def test_what_is_planted_is_the_first_thing_a_function_does() -> None:
    found = list(find_functions())
    assert {way.cog for way in found} == set(COGS)
    assert sum(way.is_entry_point for way in found) == 10
    for way in found[::9]:
        planted = ast.parse(way.plant_in((ROOT / way.file).read_text(encoding="utf-8")))
        raised = [each for each in ast.walk(planted) if _raises(each, way.name)]
        assert len(raised) == 1, way


def _raises(node: ast.AST, name: str) -> bool:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name != name:
        return False
    told = 1 if ast.get_docstring(node) else 0
    return ast.unparse(node.body[told]) == "raise ValueError('planted')"


def test_people_do_something_with_each_cog() -> None:
    assert set(read_data("ways_in.yaml")) == set(COGS)
    assert all(build_script(cog, steps).steps for cog, steps in read_data("ways_in.yaml").items())
