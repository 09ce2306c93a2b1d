"""Each configured bot has a journal, in a folder that it cannot write."""

import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import yaml

from bot.adapters.system_clock import SystemClock
from bot.app.target_journals import TargetJournals, open_target_journals
from bot.domain.ids import create_sortable_id
from bot.domain.journal import JournalQuery
from bot.domain.personal_data import DataSubject
from bot.settings import Settings, load

ROOT = Path(__file__).resolve().parents[3]


def make_settings(folder: Path, *targets: dict[str, Any]) -> Settings:
    content: dict[str, Any] = yaml.safe_load((ROOT / "data/config.yaml").read_text())
    content["targets"] = [{"start": {"file": "bot.py"}, **each} for each in targets]
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data/config.yaml").write_text(yaml.safe_dump(content))
    return load(folder, {})


def write_record(folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    now = SystemClock().now()
    record = {
        "ts": now.isoformat(), "id": create_sortable_id(now), "event": f"command.{name}",
        "kind": "command", "name": name, "outcome": "ok",
    }  # fmt: skip
    (folder / f"{now.date()}.ndjson").write_text(json.dumps(record) + "\n")


async def read_names(journals: TargetJournals) -> dict[str, list[str]]:
    return {
        name: [each.name for each in await journal.read(JournalQuery())]
        for name, journal in journals.by_name.items()
    }


async def test_a_journal_is_read_from_where_the_bot_writes_it(tmp_path: Path) -> None:
    (tmp_path / "data/state/targets/cloned").mkdir(parents=True)
    settings = make_settings(
        tmp_path,
        {"name": "near", "repository": "../near", "log": {"folder": "logs"}},
        {"name": "away", "repository": "../away", "log": {"folder": str(tmp_path / "var/log")}},
        {"name": "leaves", "repository": "../leaves", "log": {"folder": "../elsewhere"}},
        {"name": "cloned", "repository": "https://example.org/a.git", "log": {"folder": "logs"}},
        {"name": "sends", "repository": "../sends"},
    )
    write_record(tmp_path.parent / "near/logs", "near")
    write_record(tmp_path / "var/log", "away")
    write_record(tmp_path.parent / "elsewhere", "leaves")
    write_record(settings.state / "targets/cloned/logs", "cloned")
    async with AsyncExitStack() as stack:
        journals = await open_target_journals(settings, SystemClock(), stack)
        assert await read_names(journals) == {
            "near": ["near"], "away": ["away"], "leaves": [], "cloned": ["cloned"], "sends": [],
        }  # fmt: skip
        assert await journals.count_records(DataSubject(id=471100000000, pseudonym="u-ada")) == 0
        checkout = settings.state / "targets/cloned"
        assert [each.name for each in checkout.iterdir()] == ["logs"]
        assert (settings.state / "observed/cloned/journal").is_dir()
