"""Each package is built as a wheel, installed alone in a new environment, and used."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from rehearsal_tests.small_tree import write_small_tree

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


def test_the_local_discord_works_alone(environment: Environment) -> None:
    environment.install("local-discord")
    missing = environment.call("python", "-c", "import bot")
    assert "No module named 'bot'" in missing.stderr
    program = subprocess.Popen(
        [environment.folder / "env/bin/local-discord", "--channel", "lobby"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert program.stdout is not None
    page = program.stdout.readline().split()[-1]
    with urllib.request.urlopen(f"{page}/local/world") as answer:  # noqa: S310  our own server
        world = json.load(answer)
    assert world["channels"][0]["name"] == "lobby"
    program.send_signal(signal.SIGINT)
    assert program.wait() == 0
    program.stdout.close()


def test_the_rehearsal_works_with_what_it_depends_on_alone(
    environment: Environment, tmp_path: Path
) -> None:
    environment.install(
        "local-discord", "theseus-guard", "theseus-observe", "theseus-repair", "theseus-rehearsal"
    )
    missing = environment.call("python", "-c", "import bot")
    assert "No module named 'bot'" in missing.stderr
    shop = tmp_path / "shop"
    make_repository(shop, {"cart.py": "X = 1\n"})
    small = tmp_path / "small"
    make_repository(small)
    write_small_tree(small)
    commit(small, {})
    options = ("--commit", "HEAD", "--script", str(small / "roll.yaml"))
    refused = environment.call("theseus-rehearse", "--repo", str(shop), *options)
    assert refused.returncode == 2
    assert "no discord.py bot found in commit" in refused.stderr
    done = environment.call("theseus-rehearse", "--repo", str(small), "--unconfined", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1     alice  /roll sides:6   dev: You roll " in done.stdout


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
