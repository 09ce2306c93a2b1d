"""What every advisory database promises, on the fake and on the file in the state folder."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.adapters.advisory_file import FILE, AdvisoryFile
from bot.domain.advisories import AdvisoriesMissing, AdvisorySource, KnownFlaw, PackageVersion
from bot.ports.advisory_database import AdvisoryDatabase
from tests.fakes.fake_advisory_database import FakeAdvisoryDatabase

NOW = datetime(2026, 11, 21, tzinfo=UTC)
OLD, NEW = (PackageVersion(name="dice", version=version) for version in ("1.9", "2.0"))
FLAW = KnownFlaw(package=OLD, ids=("GHSA-1", "CVE-1", "PYSEC-1"), summary="Bad.", fixed_in="2.0")
SOURCE = AdvisorySource(imported_at=NOW, newest="2026-11-20", count=2)


def import_into(folder: Path) -> AdvisoryFile:
    for advisory in ("GHSA-1", "PYSEC-1"):
        events = [{"introduced": "0"}, {"fixed": "2.0"}]
        entry = {
            "id": advisory,
            "aliases": ["CVE-1"],
            "modified": "2026-11-20",
            "summary": "Bad.",
            "affected": [
                {
                    "package": {"ecosystem": "PyPI", "name": "Dice"},
                    "ranges": [{"type": "ECOSYSTEM", "events": events}],
                }
            ],
        }
        (folder / f"{advisory}.json").write_text(json.dumps(entry))
    database = AdvisoryFile(folder / "state")
    database.import_from(folder, NOW)
    return database


@pytest.fixture(params=["fake", "file"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> AdvisoryDatabase:
    if request.param == "fake":
        return FakeAdvisoryDatabase(SOURCE, FLAW)
    return import_into(tmp_path)


@pytest.fixture(params=["fake", "none", "damaged"])
def missing(request: pytest.FixtureRequest, tmp_path: Path) -> AdvisoryDatabase:
    if request.param == "damaged":
        (tmp_path / FILE).write_text('{"source": 1}')
    return FakeAdvisoryDatabase() if request.param == "fake" else AdvisoryFile(tmp_path)


async def test_flaws_of_exactly_these_versions_are_found_once(database: AdvisoryDatabase) -> None:
    assert await database.find([OLD, NEW]) == (FLAW,)
    assert await database.find([NEW]) == ()
    assert await database.find([]) == ()


async def test_the_source_says_how_old_it_is(database: AdvisoryDatabase) -> None:
    assert await database.get_source() == SOURCE


async def test_a_missing_or_damaged_database_is_an_error(missing: AdvisoryDatabase) -> None:
    with pytest.raises(AdvisoriesMissing):
        await missing.find([OLD])
    with pytest.raises(AdvisoriesMissing):
        await missing.get_source()


@pytest.mark.parametrize("text", ["", "[" * 50_000, "a = 1\n[b", "\x00", "dice==" + "1" * 9_000])
@pytest.mark.parametrize("path", ["pyproject.toml", "uv.lock", "requirements.txt"])
def test_any_text_is_read_as_a_manifest(database: AdvisoryDatabase, path: str, text: str) -> None:
    database.read_manifest(path, text)
