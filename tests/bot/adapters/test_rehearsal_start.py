"""The imports of a replay process before it forks: those that cogs need, and few others."""

import subprocess
import sys
from pathlib import Path

import pytest
from theseus_rehearsal.runner.fork_server import list_needed_modules

ROOT = Path(__file__).parents[3]


def test_what_cogs_import_of_the_bot_is_known_from_their_sources(tmp_path: Path) -> None:
    (tmp_path / "dice.py").write_text("import random\nfrom bot.client import TheseusClient\n")
    (tmp_path / "chat").mkdir()
    (tmp_path / "chat/__init__.py").write_text("from .parts import said\n")
    (tmp_path / "chat/parts.py").write_text(
        "from bot.client import TheseusClient\nfrom json import loads\n"
        "def said():\n    from bot.grammar import parse\n    return parse\n"
    )
    (tmp_path / "broken.py").write_text("if\n")

    assert list_needed_modules(tmp_path, ["dice"]) == ["bot.client"]
    assert sorted(list_needed_modules(tmp_path, ["chat"])) == ["bot.client", "bot.grammar"]
    assert list_needed_modules(tmp_path, ["broken", "nowhere"]) == []


@pytest.mark.slow
def test_the_client_alone_brings_neither_runs_nor_monitoring() -> None:
    code = "import sys, bot.client; print(*sys.modules, sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = done.stdout.split()
    assert "bot.client" in loaded
    assert [name for name in loaded if name.startswith(("bot.self_imp", "bot.monit"))] == []
