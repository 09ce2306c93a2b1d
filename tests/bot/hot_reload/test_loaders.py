"""Cogs are tried before they are loaded; settings count at once where they may."""

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import pytest
from theseus_guard.record import Record

from bot.domain.journal import ActionOutcome
from bot.domain.live_items import FILE_AUTHOR, ItemKind
from bot.hot_reload.catalog import Catalog
from bot.hot_reload.cog_loader import CogLoader
from bot.hot_reload.registry import FileLiveRegistry, ItemLoader
from bot.hot_reload.settings_loader import SettingsLoader
from bot.hot_reload.validation import Validation
from bot.hot_reload.versions import VersionRepository
from bot.settings import Config, parse_config
from bot.telemetry import Recorder
from tests.bot.hot_reload.hot_reload_room import CONFIG, FILES, config_flaw
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_journal import FakeJournal
from tests.fakes.fake_runtime import FakeRuntime


class Rig:
    """A registry with real loaders, over a runtime that takes on what it is told to."""

    def __init__(self, root: Path, versions: VersionRepository) -> None:
        self.root = root
        self.runtime = FakeRuntime()
        self.journal = FakeJournal([])
        self.refusing: dict[str, str] = {}
        self.tried: list[list[str]] = []
        self.config = parse_config(CONFIG, "data/config.yaml")
        clock = FakeClock()
        recorder = Recorder(self.journal, clock, root, b"salt", lambda: None)
        settings = SettingsLoader(self.config, lambda text: parse_config(text, "data/config.yaml"))
        settings.follow({"budget": self._apply, "backup": self._apply_backup})
        loaders: dict[ItemKind, ItemLoader] = {
            "cog": CogLoader(lambda: self.runtime, self._check, recorder),
            "config": settings,
        }
        self.registry = FileLiveRegistry(
            Catalog(root, root / "data/config.yaml"),
            Validation(config=config_flaw),
            versions,
            clock,
            loaders=loaders,
        )

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def _apply(self, config: Config) -> Record:
        self.config = config
        return config.budget

    def _apply_backup(self, config: Config) -> Record:
        return config.backup.replace(folder=None)

    async def _check(self, names: Sequence[str]) -> Mapping[str, str]:
        self.tried.append(list(names))
        return {name: self.refusing[name] for name in names if name in self.refusing}


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with VersionRepository(tmp_path / "live.sqlite3") as versions:
        made = Rig(tmp_path, versions)
        for path, text in FILES.items():
            made.write(path, text)
        for path in ("cogs/polls/__init__.py", "cogs/polls/_parts.py", "cogs/polls/words.txt"):
            made.write(path, "async def setup(bot): ...\n" if "__init__" in path else "")
        await made.registry.start()
        yield made


async def test_cogs_are_tried_together_and_those_that_pass_are_loaded(rig: Rig) -> None:
    rig.refusing["dice"] = "it did not load within 20 s"
    rig.write("cogs/dice.py", "while True: pass\n")
    rig.write("cogs/polls/words.txt", "b\n")
    result = await rig.registry.reload(FILE_AUTHOR)
    assert rig.tried == [["dice", "polls"]]
    assert [item.reason for item in result.refused] == ["it did not load within 20 s"]
    assert [item.name for item in result.live] == ["polls"]
    (files,) = rig.runtime.adopted
    assert {"cogs/polls/__init__.py", "cogs/polls/_parts.py"} <= set(files)
    assert not any("dice" in file for file in files)
    (failed,) = [each for each in rig.journal.actions if each.name == "cogs.dice"]
    assert failed.outcome is ActionOutcome.ERROR


async def test_a_shipment_is_told_of_what_failed_now_and_of_what_was_behind_before(
    rig: Rig,
) -> None:
    rig.refusing["dice"] = "NameError"
    rig.write("cogs/dice.py", "x\n")
    await rig.registry.look()
    rig.runtime.failing = {"cogs.polls": "KeyError: 'x'"}
    rig.write("cogs/polls/_parts.py", "x\n")
    adoption = await rig.registry.adopt(["cogs/polls/_parts.py", "bot/a.py"], FILE_AUTHOR)
    assert adoption.failed == {"cogs.polls": "KeyError: 'x'"}
    assert adoption.restart_needed == ("bot/a.py",)
    assert adoption.behind == ("cogs.dice",)


async def test_whoever_looked_first_a_shipment_is_told_what_is_live(rig: Rig) -> None:
    rig.write("cogs/dice.py", "SIDES = 8\n")
    rig.write("prompts/persona.md", "Calm.\n")
    await rig.registry.look()
    changed = ("cogs/dice.py", "prompts/persona.md", "docs/a.md", "uv.lock")
    adoption = await rig.registry.adopt(changed, FILE_AUTHOR)
    assert set(adoption.reloaded) == {"cogs.dice", "prompts/persona.md"}
    assert adoption.restart_needed == ("uv.lock",)
    assert len(rig.runtime.adopted) == 1, "nothing is done twice"
    (rig.root / "cogs/dice.py").unlink()
    adoption = await rig.registry.adopt(["cogs/dice.py"], FILE_AUTHOR)
    assert adoption.reloaded == ("cogs.dice",)


async def test_of_settings_some_count_at_once_and_the_rest_after_a_restart(rig: Rig) -> None:
    started = rig.config
    changed = CONFIG.replace("workers: 2", "workers: 3").replace("rounds: 3", "rounds: 2", 1)
    rig.write("data/config.yaml", changed)
    adoption = await rig.registry.adopt(["data/config.yaml"], FILE_AUTHOR)
    assert rig.config is started
    assert adoption.restart_needed == ("data/config.yaml",)
    result = await rig.registry.reload(FILE_AUTHOR)
    assert result.restart_needed == ("runs.rounds", "runs.workers")
    lowered = CONFIG.replace("reserve_usd: 0.1 ", "reserve_usd: 0.2 ")
    rig.write("data/config.yaml", lowered)
    result = await rig.registry.reload(FILE_AUTHOR)
    assert rig.config.budget == started.budget.replace(reserve_usd=0.2)
    assert result.restart_needed == ()


async def test_of_a_section_that_counts_in_part_the_rest_is_told_to_wait(rig: Rig) -> None:
    moved = CONFIG.replace("folder: null ", "folder: /mnt ").replace("keep: 7 ", "keep: 8 ")
    assert moved != CONFIG
    rig.write("data/config.yaml", moved)
    result = await rig.registry.reload(FILE_AUTHOR)
    assert result.restart_needed == ("backup.folder", "voice.folder")
    rig.write("data/config.yaml", CONFIG)
    assert (await rig.registry.reload(FILE_AUTHOR)).restart_needed == ()
