"""Dependencies of the lock file are installed as by `make install`, if the environment is ours."""

from pathlib import Path

from bot.adapters.dependency_installer import DependencyInstaller

MAKEFILE = """install claude:
\t@{does}
"""


def checkout(root: Path, does: str) -> Path:
    """Create a checkout with its own environment, whose installation runs this."""
    (root / ".venv").mkdir()
    (root / "Makefile").write_text(MAKEFILE.format(does=does))
    return root


async def test_it_is_done_in_the_checkout(tmp_path: Path) -> None:
    root = checkout(tmp_path, "touch .venv/done")
    assert await DependencyInstaller(root, root / ".venv")() == ""
    assert (root / ".venv/done").exists()


async def test_why_it_failed_is_told_with_the_way_out(tmp_path: Path) -> None:
    root = checkout(tmp_path, "echo error: no network; false")
    told = await DependencyInstaller(root, root / ".venv")()
    assert told.startswith("`make` did not finish (status 2): error: no network")
    assert told.endswith(f"run `make install` in {root}, then restart me")


async def test_one_that_hangs_is_ended(tmp_path: Path) -> None:
    root = checkout(tmp_path, "sleep 60")
    told = await DependencyInstaller(root, root / ".venv", seconds=0.2)()
    assert told.startswith("`make` did not finish within 0 s")


async def test_an_environment_that_is_not_the_checkouts_is_left_alone(tmp_path: Path) -> None:
    root = checkout(tmp_path, "touch .venv/done")
    told = await DependencyInstaller(root)()
    assert "not from" in told
    assert "run `make install`" in told
    assert not (root / ".venv/done").exists()
