"""Tests stay on this machine, have no real keys, and with CI=true nothing may be missing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.temporary_files import NEEDED, find_memory_folder

ROOT = Path(__file__).resolve().parents[1]


def outcomes(folder: Path, code: str, **variables: str) -> list[str]:
    """Run tests under a copy of our conftest; return one letter each: `.`, `F`, `s`."""
    shutil.copy(ROOT / "tests/conftest.py", folder)
    (folder / "test_it.py").write_text(code)
    # The plugins that are not needed take seconds to load.
    without = ("cacheprovider", "xdist", "hypothesispytest", "simcord", "anyio")
    options = [part for name in without for part in ("-p", f"no:{name}")]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *options],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    return list(done.stdout.splitlines()[0].split()[0])


def test_a_test_that_tries_to_leave_this_machine_fails_whatever_it_makes_of_it(
    tmp_path: Path,
) -> None:
    code = """
import contextlib, socket, urllib.request
def test_connects():
    with contextlib.suppress(OSError): socket.create_connection(("192.0.2.1", 80), timeout=1)
def test_looks_up():
    with contextlib.suppress(OSError): socket.getaddrinfo("example.org", 443)
def test_asks():
    with contextlib.suppress(OSError): urllib.request.urlopen("https://discord.com", timeout=1)
def test_stays():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(("localhost", server.getsockname()[1])).close()
"""
    assert outcomes(tmp_path, code) == ["F", "F", "F", "."]


def test_keys_and_settings_of_the_developer_are_not_there(tmp_path: Path) -> None:
    code = """
import os, tempfile
def test_nothing_is_there():
    assert not [name for name in os.environ if "TOKEN" in name or "THESEUS" in name]
    assert os.path.basename(os.environ["HOME"]).startswith("theseus-tests-home-")
def test_a_temporary_folder_that_is_asked_for_holds():
    assert tempfile.gettempdir() == os.environ["WANTED"]
"""
    variables = {"DISCORD_TOKEN": "x", "GITHUB_TOKEN": "x", "THESEUS_STATE": "/elsewhere"}
    variables |= dict.fromkeys(("TMPDIR", "WANTED"), str(tmp_path))
    assert outcomes(tmp_path, code, **variables) == [".", "."]


def test_memory_is_written_into_where_there_is_room_alone(tmp_path: Path) -> None:
    memory = tmp_path / "meminfo"
    told = "MemTotal:       16000000 kB\nMemFree:  9000000 kB\nMemAvailable: {} kB\n"
    memory.write_text(told.format(1_000_000))
    assert find_memory_folder(tmp_path, memory) is None
    memory.write_text(told.format(9_000_000))
    roomy = shutil.disk_usage(tmp_path).free >= NEEDED
    assert find_memory_folder(tmp_path, memory) == (tmp_path if roomy else None)
    assert find_memory_folder(tmp_path / "none", memory) is None
    assert (
        find_memory_folder(Path("/proc"), memory) is None
    )  # it has no space, and programs cannot run from it
    assert find_memory_folder(tmp_path, tmp_path / "none") is None


@pytest.mark.slow
@pytest.mark.parametrize(("ci", "expected"), [("", ["s", "s"]), ("true", ["F", "s"])])
def test_with_ci_a_missing_browser_is_a_failure_and_other_skips_are_not(
    tmp_path: Path, ci: str, expected: list[str]
) -> None:
    code = """
import pytest
def test_page(): pytest.skip("no browser: install one")
def test_other(): pytest.skip("only root can do this")
"""
    assert outcomes(tmp_path, code, CI=ci) == expected


@pytest.mark.slow
def test_property_tests_are_the_same_every_time(tmp_path: Path) -> None:
    code = """
from hypothesis import given, settings, strategies as st
@given(st.integers())
def test_it(number): assert settings.default.derandomize and settings.default.deadline is None
"""
    assert outcomes(tmp_path, code) == ["."]
