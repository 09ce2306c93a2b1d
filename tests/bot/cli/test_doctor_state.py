# small files of the test's own
"""What the doctor says of the state and of a standby."""

from pathlib import Path

import pytest

from bot.app.state_stores import StateStores
from bot.cli.doctor.state import check_shared, look_at_state
from bot.domain.postgres_place import PostgresPlace
from bot.settings import Settings, load

CONFIG = "checks: {quick: [{name: lint, command: [ruff, check]}]}\n"


def _settings(root: Path, more: str = "") -> Settings:
    (root / "data").mkdir()
    (root / "data/config.yaml").write_text(CONFIG + more)
    return load(root, {})


async def test_a_standby_without_postgresql_has_no_effect_and_how_to_set_it_is_told(
    tmp_path: Path,
) -> None:
    settings = _settings(tmp_path, "availability: {standby: true}\n")
    (finding,) = await look_at_state(settings)
    assert finding.status == "note"
    assert "availability.standby has no effect" in finding.message
    assert "THESEUS_STATE_URL" in finding.remedy


@pytest.mark.parametrize(("shared", "status"), [("shared", "good"), ("", "note")])
async def test_a_standby_needs_a_journal_that_all_machines_read(
    shared: str, status: str, tmp_path: Path
) -> None:
    settings = _settings(tmp_path, "availability: {standby: true}\n")
    folder = tmp_path / shared if shared else None
    place = PostgresPlace.parse("postgresql://theseus@db.example.org/theseus")
    (finding,) = check_shared(settings, StateStores(settings.state, place, shared=folder))
    assert finding.status == status
    assert "journal" in finding.message


async def test_without_a_standby_nothing_is_said_of_it(tmp_path: Path) -> None:
    assert await look_at_state(_settings(tmp_path)) == []
