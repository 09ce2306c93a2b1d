"""simcord's internals are used in one room only."""

import ast
from pathlib import Path

import local_discord


def _imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    return names


def test_simcord_is_imported_in_the_world_alone() -> None:
    root = Path(str(local_discord.__path__[0]))
    found = {p.relative_to(root).parent for p in root.rglob("*.py") if "simcord" in _imports(p)}
    assert found == {Path("world")}
