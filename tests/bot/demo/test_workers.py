"""The demo's workers: what they need, and what the bot is told of them."""

from pathlib import Path

import pytest

from bot.demo.workers import DemoWorkers, find_temporal
from bot.domain.errors import ConfigError
from bot.settings import load, read_worker_tokens

CHECKS = "checks: {quick: [{name: nothing, command: ['true']}]}\n"


def test_without_temporal_or_bubblewrap_the_way_out_is_named(tmp_path: Path) -> None:
    pytest.importorskip("temporalio", reason="needs theseus[temporal]")
    with pytest.raises(ConfigError, match="make servers"):
        find_temporal(tmp_path, path=str(tmp_path))
    (tmp_path / "temporal").touch(mode=0o755)
    with pytest.raises(ConfigError, match="install the package bubblewrap"):
        find_temporal(tmp_path, path=str(tmp_path))
    (tmp_path / "bwrap").touch(mode=0o755)
    assert find_temporal(tmp_path, path=str(tmp_path)) == tmp_path / "temporal"


def test_the_bot_gets_settings_that_it_takes(tmp_path: Path) -> None:
    workers = DemoWorkers(tmp_path, tmp_path / "checkout", 1, program=tmp_path / "temporal")
    (tmp_path / "data").mkdir()
    options = ", ".join(f"{name}: {value}" for name, value in workers.settings.items())
    (tmp_path / "data/config.yaml").write_text(f"{CHECKS}work: {{{options}}}\n", encoding="utf-8")
    settings = load(tmp_path, workers.variables)
    assert settings.config.work.queue == "temporal"
    assert sorted(read_worker_tokens(settings)) == ["first", "second"]
    assert "2 workers of two groups" in workers.hint
