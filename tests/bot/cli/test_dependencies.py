"""Attacks on the supply chain, against a lock, a project and an environment made on the spot."""

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.doctor.supply_chain import look_at_dependencies
from bot.cli.main import build_command_line
from bot.cli.supply_chain import Examined, examine_dependencies
from bot.domain.errors import ConfigError
from bot.settings import load

ROOT = Path(__file__).resolve().parents[3]
HASH = "a" * 64
URL = "https://files.pythonhosted.org/packages/aa/dice_set-1.4.0"
LOCK = f"""version = 1

[[package]]
name = "dice-set"
version = "1.4.0"
source = {{ registry = "https://pypi.org/simple" }}
sdist = {{ url = "{URL}.tar.gz", hash = "sha256:{HASH}" }}
wheels = [
    {{ url = "{URL}-py3-none-any.whl", hash = "sha256:{HASH}" }},
]

[[package]]
name = "mine"
version = "0.1"
source = {{ editable = "." }}
dependencies = [{{ name = "dice-set" }}]

[package.metadata]
requires-dist = [{{ name = "dice-set", specifier = ">=1.4,<2" }}]
"""
PROJECT = '[project]\nname = "mine"\nversion = "0.1"\ndependencies = ["dice-set>=1.4,<2"]\n'


class Place:
    """A project, and an environment with one package in it."""

    def __init__(self, root: Path) -> None:
        self.root, self.site = root, root / "site"
        self.site.mkdir()
        self.lock, self.project = LOCK, PROJECT
        self.install("dice_set", "1.4.0")

    def install(self, name: str, version: str, **more: str) -> Path:
        """Install a package as an installer does; return its module."""
        info = f"{name}-{version}.dist-info"
        files = {
            f"{name}.py": "SIDES = 6\n",
            f"{info}/METADATA": f"Name: {name}\nVersion: {version}\n",
            **{f"{info}/{file}": content for file, content in more.items()},
        }
        rows = [f"{file},sha256={_hash(content)},{len(content)}" for file, content in files.items()]
        files[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", "dice_set.pyc,,"]) + "\n"
        for file, content in files.items():
            path = self.site / file
            path.parent.mkdir(exist_ok=True)
            path.write_text(content)
        return self.site / f"{name}.py"

    def examined(self, advisories: Path | None = None) -> Examined:
        """Look at it all."""
        (self.root / "uv.lock").write_text(self.lock)
        (self.root / "pyproject.toml").write_text(self.project)
        return examine_dependencies(self.root, advisories, environment=[self.site])


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return one with nothing wrong in it."""
    return Place(tmp_path)


def relock(old: str, new: str) -> Callable[[Place], None]:
    """Return an attack on the lock's text."""

    def attack(place: Place) -> None:
        assert old in place.lock
        place.lock = place.lock.replace(old, new)

    return attack


def reproject(old: str, new: str) -> Callable[[Place], None]:
    """Return an attack on the project's text."""

    def attack(place: Place) -> None:
        assert old in place.project
        place.project = place.project.replace(old, new)

    return attack


ATTACKS: dict[str, tuple[Callable[[Place], object], str, str]] = {
    "a file without a hash": (relock(f', hash = "sha256:{HASH}"', ""), "hash", "no sha256 hash"),
    "a weak hash": (relock(f"sha256:{HASH}", "md5:" + "a" * 32), "hash", "no sha256"),
    "another index": (relock("pypi.org", "pypi.evil.example"), "source", "comes from registry"),
    "git": (
        relock('registry = "https://pypi.org/simple"', 'git = "https://evil.example/d"'),
        "source", "comes from git"),
    "a path": (
        relock('registry = "https://pypi.org/simple"', 'editable = "lib"'), "source", "editable"),
    "a path that leaves the packages": (
        relock('registry = "https://pypi.org/simple"', 'editable = "packages/../lib"'),
        "source", "editable"),
    "another host": (relock("files.pythonhosted.org", "evil.example"), "source", "fetched from"),
    "another package's file": (relock("dice_set-1.4.0-", "dicee_set-1.4.0-"), "source",
        "not a file"),
    "another version's file": (relock("dice_set-1.4.0.tar", "dice_set-1.3.9.tar"), "source", "no"),
    "a dependency the lock lacks": (
        reproject('"dice-set>=1.4,<2"', '"dice-set>=1.4,<2", "dicee"'), "disagreement", "dicee"),
    "a bound the lock lacks": (reproject("<2", "<3"), "disagreement", "requires"),
    "a bound the lock breaks": (reproject(">=1.4", ">=1.5"), "disagreement", "1.4.0 is locked"),
    "a source in the project": (
        lambda place: setattr(place, "project", PROJECT + "[tool.uv.sources]\nx = {path = 'y'}\n"),
        "source", "tool.uv.sources"),
    "a package nobody locked": (
        lambda place: place.install("dicee", "1.0"), "unlocked", "not in the lock"),
    "another version": (
        lambda place: (place.site / "dice_set-1.4.0.dist-info/METADATA").write_text(
            "Name: dice_set\nVersion: 9.9\n"), "version", "9.9 is installed"),
    "installed from a folder": (
        lambda place: place.install(
            "dice_set", "1.4.0", **{"direct_url.json": '{"url": "file:///tmp/x"}'}),
        "source", "file:///tmp/x"),
    "a changed file": (
        lambda place: (place.site / "dice_set.py").write_text("import os\n"),
        "file", "was changed after it was installed"),
    "a missing file": (lambda place: (place.site / "dice_set.py").unlink(), "file", "is missing"),
    "a planted module": (
        lambda place: (place.site / "discord.py").write_text("x"), "file", "no installed package"),
    "a planted path file": (
        lambda place: (place.site / "zz.pth").write_text("import os"), "file", "no installed"),
}  # fmt: skip


def test_nothing_is_wrong_with_what_nobody_touched(place: Place) -> None:
    examined = place.examined()

    assert examined.flaws == ()
    assert (examined.packages, examined.hashes, examined.installed, examined.files) == (2, 2, 1, 2)


@pytest.mark.parametrize("name", list(ATTACKS))
def test_each_attack_is_found_and_has_a_way_out(place: Place, name: str) -> None:
    attack, what, words = ATTACKS[name]
    attack(place)

    flaws = place.examined().flaws

    assert any(flaw.what == what and words in flaw.message for flaw in flaws), flaws
    assert all(flaw.remedy for flaw in flaws)


def test_bytecode_may_change_by_itself(place: Place) -> None:
    (place.site / "__pycache__").mkdir()
    (place.site / "__pycache__/dice_set.cpython-311.pyc").write_bytes(b"x")

    assert place.examined().flaws == ()


def advisory(**affected: object) -> dict[str, object]:
    """Return one in OSV's format."""
    package = {"ecosystem": "PyPI", "name": "Dice.Set"}
    return {
        "id": "PYSEC-2026-1",
        "aliases": ["CVE-2026-1"],
        "summary": "Loaded dice.",
        "affected": [{"package": package, **affected}],
    }


def between(*events: dict[str, str]) -> dict[str, object]:
    """Return an advisory for what lies between these events."""
    return advisory(ranges=[{"type": "ECOSYSTEM", "events": list(events)}])


@pytest.mark.parametrize(
    ("told", "affected"),
    [
        (between({"introduced": "0"}, {"fixed": "1.4.1"}), True),
        (between({"introduced": "0"}, {"fixed": "1.4.0"}), False),
        (between({"introduced": "1.4.0"}), True),
        (between({"introduced": "1.4.1"}), False),
        (between({"introduced": "0"}, {"last_affected": "1.4.0"}), True),
        (between({"introduced": "0"}, {"last_affected": "1.3"}), False),
        (between({"fixed": "1.2"}, {"introduced": "0"}, {"introduced": "1.3"}), True),
        (between({"introduced": "0"}, {"fixed": "1.10"}), True),
        (advisory(versions=["1.4.0"]), True),
        (advisory(versions=["1.4"]), True),
        ({**between({"introduced": "0"}), "withdrawn": "2026-01-01T00:00:00Z"}, False),
        (advisory(ranges=[{"type": "GIT", "events": [{"introduced": "0"}]}]), False),
    ],
)
def test_advisories_are_matched_by_version(
    place: Place, tmp_path: Path, told: dict[str, object], affected: bool
) -> None:
    folder = tmp_path / "osv"
    folder.mkdir()
    (folder / "one.json").write_text(json.dumps(told))

    flaws = place.examined(folder).flaws

    assert [(flaw.what, flaw.package) for flaw in flaws] == (
        [("advisory", "dice-set")] if affected else []
    )


def test_an_advisory_says_where_it_is_mended(place: Place, tmp_path: Path) -> None:
    folder = tmp_path / "osv"
    folder.mkdir()
    told = [between({"introduced": "0"}, {"fixed": "1.4.1"})]
    (folder / "all.json").write_text(json.dumps(told))

    (flaw,) = place.examined(folder).flaws

    assert "CVE-2026-1: Loaded dice. It is fixed in 1.4.1." in flaw.message
    assert flaw.remedy == "Run `uv lock --upgrade-package dice-set`."


@pytest.mark.parametrize("content", [None, "", "{", '{"x": 1}', "[1]"])
def test_a_folder_without_advisories_is_a_clear_error(
    place: Place, tmp_path: Path, content: str | None
) -> None:
    folder = tmp_path / "osv"
    folder.mkdir()
    if content is not None:
        (folder / "one.json").write_text(content)

    with pytest.raises(ConfigError, match="osv"):
        place.examined(folder)


@pytest.mark.parametrize("lock", ["", "x = 1", "[[package]]\nname = 1", "["])
def test_a_broken_lock_is_a_clear_error(place: Place, lock: str) -> None:
    place.lock = lock

    with pytest.raises(ConfigError, match=r"uv\.lock"):
        place.examined()


def test_the_lock_of_this_project_has_no_flaw(tmp_path: Path) -> None:
    examined = examine_dependencies(ROOT, environment=[tmp_path])

    assert examined.flaws == ()
    assert examined.packages > 50


async def test_the_doctor_says_it_in_a_line(place: Place) -> None:
    place.lock = LOCK.replace("pypi.org", "pypi.evil.example")
    place.examined()
    (place.root / "data").mkdir()
    checks = "checks:\n  quick:\n    - {name: lint, command: [ruff]}\n"
    (place.root / "data/config.yaml").write_text(checks)

    (finding,) = await look_at_dependencies(load(place.root, {}))

    assert (finding.name, finding.status) == ("dependencies", "bad")
    assert "pypi.evil.example" in finding.message
    assert "theseus dependencies" in finding.remedy


def test_the_command_ends_badly_for_a_flaw(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.lock = LOCK.replace("pypi.org", "pypi.evil.example")
    place.examined()
    monkeypatch.chdir(place.root)  # the folder a person stands in, not our code

    said = CliRunner().invoke(build_command_line(), ["dependencies", "--no-files", "--json"])

    assert said.exit_code == 1
    assert {"what": "source", "package": "dice-set"}.items() <= json.loads(said.output)["flaws"][
        0
    ].items()
