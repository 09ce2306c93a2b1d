"""What the documents show is tried out."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import cogs
from bot.__main__ import cli
from bot.domain.path_classes import BUILT_IN
from tests.cogs.room import open_room

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def guide(tmp_path: Path) -> Iterator[list[str]]:
    """Put the guide's cog beside the others; return the guide's pieces of Python."""
    pieces = re.findall(
        r"```python\n(.*?)```", (ROOT / "docs/writing-a-cog.md").read_text(), re.DOTALL
    )
    (tmp_path / "coins.py").write_text(pieces[0])
    cogs.__path__.append(str(tmp_path))
    yield pieces
    cogs.__path__.remove(str(tmp_path))
    sys.modules.pop("cogs.coins", None)


async def test_the_cog_of_the_guide_passes_the_guides_test(
    guide: list[str], tmp_path: Path
) -> None:
    known: dict[str, object] = {"Path": Path, "open_room": open_room}
    exec(guide[1], known)  # noqa: S102  our own document
    (tried,) = (known[name] for name in known if name.startswith("test_"))
    assert callable(tried)
    await tried(tmp_path)


def test_every_route_of_the_person_side_is_described() -> None:
    told = (ROOT / "docs/local-discord.md").read_text()
    routes = [
        (found.group(1).upper(), found.group(2))
        for path in (ROOT / "bot/local").glob("*.py")
        for found in re.finditer(
            r'web\.(get|post|patch|delete)\("(/local/[^"]*)"', path.read_text()
        )
    ]
    assert len(routes) > 10
    missing = [
        f"{method} {path}"
        for method, path in routes
        if re.sub(r"\{.*?\}", "{", path).split("{")[0].rstrip("/") not in told or method not in told
    ]
    assert missing == []


def test_every_command_of_the_command_line_is_in_the_readme() -> None:
    told = (ROOT / "README.md").read_text()
    names = {
        each.name or getattr(each.callback, "__name__", "") for each in cli.registered_commands
    }
    names |= {str(group.name) for group in cli.registered_groups}
    assert {name for name in names if f"`theseus {name}" not in told} == set()


def test_every_class_of_guarded_paths_is_told() -> None:
    told = (ROOT / "docs/safety.md").read_text()
    for name, kind in BUILT_IN.items():
        paths = ", ".join(f"`{path}`" for path in kind.paths)
        assert f"| {name} | {kind.guard} | {paths} |" in told
    assert told.count(" | named | ") == 1 + sum(kind.guard == "named" for kind in BUILT_IN.values())
