"""Each package is built as a wheel, installed alone in a new environment, and used."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.repositories import commit, make_repository

ROOT = Path(__file__).resolve().parents[2]
UV = Path(sys.executable).with_name("uv")

pytestmark = pytest.mark.slow


class Environment:
    """A new virtual environment with some packages of this checkout and what they declare."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, *packages: str) -> None:
        """Build the wheels and install them; skip the test where nothing can be downloaded."""
        run_or_fail(str(UV), "venv", "-q", "--python", sys.executable, str(self.folder / "env"))
        for package in packages:
            wheels = str(self.folder / "wheels")
            run_or_fail(str(UV), "build", "-q", "--package", package, "--wheel", "-o", wheels)
        wheel_files = sorted(map(str, (self.folder / "wheels").glob("*.whl")))
        python = str(self.folder / "env/bin/python")
        done = run(str(UV), "pip", "install", "-q", "--python", python, *wheel_files)
        if done.returncode and "fetch" in done.stderr:
            pytest.skip(f"packages cannot be downloaded: {done.stderr.strip()[-200:]}")
        assert done.returncode == 0, done.stderr

    def call(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment, in an empty folder."""
        (self.folder / "empty").mkdir(exist_ok=True)
        return run(str(self.folder / "env/bin" / program), *arguments, at=self.folder / "empty")


def run(*command: str, at: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(
        command, cwd=at, env=environment, capture_output=True, text=True, check=False
    )


def run_or_fail(*command: str) -> None:
    done = run(*command)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    if not UV.exists():
        pytest.skip("uv is not installed in this environment")
    return Environment(tmp_path)


def test_the_guard_works_alone(environment: Environment, tmp_path: Path) -> None:
    environment.install("theseus-guard")
    missing = environment.call("python", "-c", "import bot")
    assert "No module named 'bot'" in missing.stderr
    shop = tmp_path / "shop"
    base = make_repository(shop, {"cart.py": "X = 1\n"})
    commit(shop, {"cart.py": "X = 2\n", ".env": "A=1\n"})
    done = environment.call("theseus-guard", "--repo", str(shop), "--base", base, "--head", "HEAD")
    assert done.returncode == 1, done.stderr
    assert done.stdout.split()[:3] == ["blocks", "immutable_path", ".env"]
    assert "secrets are not looked for" in done.stderr


def test_the_repair_works_with_the_guard_alone(environment: Environment, tmp_path: Path) -> None:
    environment.install("theseus-guard", "theseus-repair")
    missing = environment.call("python", "-c", "import bot")
    assert "No module named 'bot'" in missing.stderr
    test = "from cart import last\n\n\ndef test_last():\n    assert last([1, 2]) == 2\n"
    code = "def last(items):\n    return items[len(items)]\n"
    shop = tmp_path / "shop"
    make_repository(shop, {"cart.py": code, "test_cart.py": test})
    done = environment.call(
        "theseus-repair", "--repo", str(shop), "--test", "pytest -q test_cart.py", "--apply",
        "--accept", "plausible",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "shop: 1 Python files, 1 tests; its git history" in done.stderr
    assert (shop / "cart.py").read_text() != code
    again = environment.call(
        "theseus-repair", "--repo", str(shop), "--test", "pytest -q test_cart.py"
    )
    assert (again.returncode, "passes already" in again.stderr) == (2, True)
