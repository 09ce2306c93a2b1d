"""A change brings in no version with a known flaw, and nothing that no advisory covers."""

import io
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.adapters.advisory_file import FILE, AdvisoryFile
from bot.domain.errors import ConfigError
from bot.domain.gates import GateResult
from bot.infra.osv import MOST_BYTES
from bot.self_improvement.checks.gates.advisories import AdvisoryGate
from tests.fakes.fake_clock import FakeClock
from tests.support.gate_cases import make_case

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def advise(flaw: str, *aliases: str, fixed: str = "2.0", **more: object) -> dict[str, object]:
    """Return an advisory about `dice` before a version."""
    events = [{"introduced": "0"}, {"fixed": fixed}]
    package = {"ecosystem": "PyPI", "name": "Dice"}
    affected = [{"package": package, "ranges": [{"type": "ECOSYSTEM", "events": events}]}]
    return {"id": flaw, "aliases": aliases, "summary": "Loaded.", "affected": affected, **more}


def write_folder(folder: Path, *contents: object) -> Path:
    folder.mkdir(exist_ok=True)
    for number, content in enumerate(contents):
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / f"{number}.json").write_text(text)
    return folder


def open_database(tmp_path: Path, *advisories: object) -> AdvisoryFile:
    database = AdvisoryFile(tmp_path / "state")
    if advisories:
        database.import_from(write_folder(tmp_path / "osv", *advisories), NOW)
    return database


async def judge(
    tmp_path: Path, before: str, after: str, *advisories: object, file: str = "requirements.txt"
) -> GateResult:
    case = await make_case(tmp_path, {file: before, "a.py": ""}, {file: after})
    gate = AdvisoryGate(open_database(tmp_path, *advisories), FakeClock(NOW))
    return (await gate.judge(case)).result


async def test_a_flaw_that_comes_in_blocks_and_names_the_way_out(tmp_path: Path) -> None:
    flaws = [advise("GHSA-1", "CVE-1"), advise("PYSEC-1", "CVE-1")]
    found = await judge(tmp_path, "x==1\n", "x==1\ndice==1.9\n", *flaws)
    assert found.status == "failed"
    assert found.details[0] == "`dice` 1.9: GHSA-1 CVE-1: Loaded., fixed in 2.0"
    assert "2 advisories, 0 days old" in found.details
    assert "Choose versions" in found.remedy


async def test_a_flaw_of_base_is_only_listed_and_an_upgrade_says_what_it_fixes(
    tmp_path: Path,
) -> None:
    kept = await judge(tmp_path, "dice==1.8\n", "dice==1.9\n", advise("GHSA-1"))
    assert kept.status == "passed"
    assert kept.details[0] == "known before, not by this change: GHSA-1 (`dice`)"
    fixed = await judge(tmp_path / "2", "dice==1.9\n", "dice==2.0\n", advise("GHSA-1"))
    assert (fixed.status, fixed.details[0]) == ("passed", "fixes GHSA-1 (`dice`)")


async def test_withdrawn_advisories_do_not_count(tmp_path: Path) -> None:
    withdrawn = advise("GHSA-1", withdrawn="2026-01-01T00:00:00Z")
    found = await judge(tmp_path, "x==1\n", "x==1\ndice==1.0\n", withdrawn)
    assert (found.status, found.summary) == ("passed", "brings in no known flaw")


async def test_without_a_database_the_gate_says_how_to_get_one(tmp_path: Path) -> None:
    found = await judge(tmp_path, "x==1\n", "x==2\n")
    assert found.status == "unmeasured"
    assert found.summary.startswith("no advisory database: import osv.dev's PyPI archive with")


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("dice @ https://user:hunter2@evil.example/dice.whl#x=1", "https://evil.example/dice.whl"),
        ("git+https://evil.example/dice.git", "git+https://evil.example/dice.git"),
        ("--extra-index-url https://evil.example/simple", "https://evil.example/simple"),
        ("--index-url=https://evil.example/simple", "https://evil.example/simple"),
        ("./local/dice", "a local path"),
        ("-e .", "a local path"),
    ],
)
async def test_what_comes_from_elsewhere_is_refused_without_showing_secrets(
    tmp_path: Path, line: str, named: str
) -> None:
    found = await judge(tmp_path, "x==1\n", f"x==1\n{line}\n", advise("GHSA-1"))
    assert found.status == "failed"
    text = " ".join(found.details)
    assert f"comes from {named}, which no advisory covers" in text
    assert "hunter2" not in text


async def test_a_line_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    found = await judge(tmp_path, "x==1\n", "x==1\ndice = = 1\n", advise("GHSA-1"))
    assert (found.status, found.details[0]) == (
        "failed",
        "`requirements.txt: dice = = 1` cannot be read",
    )


async def test_a_lock_decides_which_version_a_loose_requirement_means(tmp_path: Path) -> None:
    lock = '[[package]]\nname = "dice"\nversion = "1.5"\nsource = {{ {} }}\n'
    index = lock.format('registry = "https://pypi.org/simple"')
    found = await judge(tmp_path, "", index, advise("GHSA-1"), file="uv.lock")
    assert found.details[0].startswith("`dice` 1.5: GHSA-1")
    other = lock.format('git = "https://evil.example/dice"')
    found = await judge(tmp_path / "2", "", other, advise("GHSA-1"), file="uv.lock")
    assert found.details[0].startswith("`dice` comes from https://evil.example/dice")
    loose = '[project]\ndependencies = ["dice>=1"]\n'
    found = await judge(tmp_path / "3", "", loose, advise("GHSA-1"), file="pyproject.toml")
    assert found.details[0] == "not compared, because no exact version is named: `dice`"


@pytest.mark.parametrize(
    "hostile",
    [
        "[" * 100_000,
        '{"id": "A", "affected": "(a+)+$"}',
        '{"id": "A", "affected": [{"package": {"ecosystem": "PyPI", "name": "x"}, "ranges": 1}]}',
        '{"id": "A", "affected": [{"package": {"ecosystem": "PyPI", "name": 3}}]}',
        '{"id": "A", "aliases": [{}]}',
        '{"id": 7}',
        '"text"',
        '{"id": "A", "affected": [{"package": {"ecosystem": "PyPI", "name": "x"}, "versions": ["'
        + "1" * 5_000
        + '"]}]}',
        '{"id": "A", "summary": "' + "x" * MOST_BYTES + '"}',
    ],
    ids=["deep", "pattern", "ranges", "name", "aliases", "id", "text", "version", "huge"],
)
def test_hostile_files_are_named_and_left_out(tmp_path: Path, hostile: str) -> None:
    database = AdvisoryFile(tmp_path / "state")
    imported = database.import_from(write_folder(tmp_path / "osv", hostile, advise("B")), NOW)
    assert imported.source.count == 1
    assert [line.partition(":")[0] for line in imported.refused] == ["0.json"]


def test_an_archive_is_read_in_memory_and_a_bad_one_leaves_the_database(tmp_path: Path) -> None:
    database = open_database(tmp_path, advise("A"))
    before = (tmp_path / "state" / FILE).read_bytes()
    archive = tmp_path / "all.zip"
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("../../escape.json", json.dumps(advise("B")))
        opened.writestr("bomb.json", b" " * 50_000_000)
    archive.write_bytes(content.getvalue())
    imported = database.import_from(archive, NOW)
    assert (imported.source.count, len(imported.refused)) == (1, 1)
    assert not (tmp_path.parent / "escape.json").exists()
    (tmp_path / "state" / FILE).write_bytes(before)
    for wrong in (write_folder(tmp_path / "none", "{"), tmp_path / "state" / FILE):
        with pytest.raises(ConfigError, match=wrong.name):
            database.import_from(wrong, NOW)
    assert (tmp_path / "state" / FILE).read_bytes() == before


async def test_a_branch_cannot_bring_its_own_database(tmp_path: Path) -> None:
    case = await make_case(
        tmp_path,
        {"requirements.txt": "x==1\n"},
        {"requirements.txt": "dice==1.0\n", f"data/state/{FILE}": "{}", FILE: "{}"},
    )
    gate = AdvisoryGate(open_database(tmp_path, advise("GHSA-1")), FakeClock(NOW))
    assert (await gate.judge(case)).result.status == "failed"
