"""What is optional to install is optional to the tests: its files are skipped, saying why."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import conftest

ABSENT = "not_there_at_all"


def test_only_a_package_that_is_not_there_is_an_extra_that_is_missing() -> None:
    extras = {ABSENT: "a thing", "aiohttp": "the network"}
    wrapped = RuntimeError("collecting failed")
    wrapped.__cause__ = ModuleNotFoundError(name=f"{ABSENT}.inside")
    assert conftest.missing_extra(wrapped, extras) == "a thing"
    assert conftest.missing_extra(ModuleNotFoundError(name="aiohttp.renamed"), extras) is None
    assert conftest.missing_extra(ModuleNotFoundError(name="bot.gone"), extras) is None
    assert conftest.missing_extra(ImportError("cannot import name"), extras) is None


@pytest.mark.parametrize(("ci", "told"), [("", "1 passed, 1 skipped"), ("true", "1 error")])
def test_a_file_that_needs_it_is_skipped_and_the_others_run_unless_all_is_promised(
    tmp_path: Path, ci: str, told: str
) -> None:
    source = Path(conftest.__file__).read_text().replace('"matplotlib"', f'"{ABSENT}"')
    (tmp_path / "conftest.py").write_text(source)
    (tmp_path / "test_needing.py").write_text(f"import {ABSENT}\n\ndef test_a(): pass\n")
    (tmp_path / "test_plain.py").write_text("def test_b(): pass\n")
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-c", os.devnull]
    command += ["-p", "no:simcord", "-p", "no:hypothesispytest", "-p", "no:anyio"]
    ended = subprocess.run(
        [*command, "--rootdir", str(tmp_path), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "CI": ci},
    )
    assert told in ended.stdout, ended.stdout
    assert ("needs pictures (make install)" in ended.stdout) is (not ci)
