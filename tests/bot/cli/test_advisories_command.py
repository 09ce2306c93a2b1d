"""`theseus advisories update` replaces the database, and says what it left out."""

import json
from pathlib import Path

from typer.testing import CliRunner

from bot.adapters.advisory_file import FILE
from bot.cli.main import build_command_line

EVENTS = [{"introduced": "0"}]
AFFECTED = {
    "package": {"ecosystem": "PyPI", "name": "dice"},
    "ranges": [{"type": "ECOSYSTEM", "events": EVENTS}],
}


def test_a_folder_is_imported_and_what_is_no_advisory_is_named(tmp_path: Path) -> None:
    folder, state = tmp_path / "osv", tmp_path / "state"
    folder.mkdir()
    advisory = {"id": "GHSA-1", "modified": "2026-11-20T00:00:00Z", "affected": [AFFECTED]}
    (folder / "a.json").write_text(json.dumps(advisory))
    (folder / "b.json").write_text("{")
    runner = CliRunner(env={"THESEUS_STATE": str(state)})
    done = runner.invoke(build_command_line(), ["advisories", "update", str(folder)])
    assert done.exit_code == 0
    assert "the newest is of 2026-11-20" in done.stdout
    assert "left out: b.json: it is not JSON" in done.stderr
    assert (state / FILE).is_file()
