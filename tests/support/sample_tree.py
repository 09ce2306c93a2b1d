"""Creates a tree to rehearse: this project's code with cogs that a test chooses."""

import shutil
import textwrap
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def make_tree(folder: Path, cogs: Mapping[str, str], *, own: bool = False) -> Path:
    """Create a tree in `folder` with these cogs (names to sources).

    With `own`, they are added to the project's own cogs, and the complete bot can run.
    """
    tree = folder / "tree"
    for name in ("bot", "packages"):
        shutil.copytree(ROOT / name, tree / name)
    if own:
        shutil.copytree(ROOT / "cogs", tree / "cogs")
        shutil.copytree(ROOT / "prompts", tree / "prompts")
        (tree / "data").mkdir()
        for name in ("config.yaml", "hearing.tsv"):
            shutil.copyfile(ROOT / "data" / name, tree / "data" / name)
    (tree / "cogs").mkdir(exist_ok=True)
    (tree / "cogs" / "__init__.py").touch()
    for name, source in cogs.items():
        (tree / "cogs" / f"{name}.py").write_text(textwrap.dedent(source), encoding="utf-8")
    return tree
