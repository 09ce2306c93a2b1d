"""Wherever a Python is installed in a home, checks see it and nothing else of the home."""

import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest
from theseus_rehearsal.sandbox import BubblewrapSandbox, measure, probe
from theseus_rehearsal.sandbox._interpreter import find_exposed

from bot.adapters.sandbox import choose_sandbox
from tests.support import homes


@pytest.fixture
async def home(tmp_path: Path) -> Path:
    if reason := await probe():
        pytest.skip(reason)
    return homes.make_home(tmp_path)


@pytest.mark.parametrize(
    "stands",
    [
        pytest.param(way, marks=() if number < 2 else pytest.mark.slow)
        for number, way in enumerate(homes.LAYOUTS)
    ],
    ids=lambda way: way.__name__,
)
def test_a_python_is_seen_and_nothing_else_of_the_home(
    stands: Callable[[Path], Path], home: Path
) -> None:
    found = homes.probe_home(stands, home)
    assert found.pop("doctor") == ["", "", True]
    assert found == dict.fromkeys(("check", "by name", "program", "command"), "[]")


async def test_a_python_that_cannot_be_shown_without_what_is_private_is_refused() -> None:
    """Where a part of it is an ancestor of what is private, or that itself."""
    library = Path(sysconfig.get_path("stdlib"))
    for private in (library, library / "site-packages/theseus"):
        sandbox = await choose_sandbox("auto", required=True, private=[private])
        assert f"cannot be shown to checks without also showing {private}" in sandbox.refusal
        assert "a separate folder" in sandbox.refusal


def test_a_home_is_private_to_whoever_runs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/srv/bots/theseus")
    assert find_exposed([Path("/srv/bots/theseus/.venv/bin")], []) == ""
    assert find_exposed([Path("/srv/bots")], []) != ""
    assert find_exposed([Path("/srv/bots/theseus")], []) != ""


async def test_the_doctor_finds_a_home_that_is_seen_and_names_a_file_in_it(home: Path) -> None:
    leaking = BubblewrapSandbox(visible=[home / ".local"])
    tried = await measure(leaking, private=[home])
    assert tried.seen in {
        str(home / name) for name in homes.SECRET_FILES if name.startswith(".local")
    }
    assert "homes" in tried.open
