"""Whether the packages of a target can be installed, without a network."""

import sys
import zipfile
from pathlib import Path

import pytest

from bot.domain.target import TargetEnvironment
from bot.targets.environment_check import find_environment_problem, try_resolution

LISTED = TargetEnvironment(kind="requirements", file="requirements.txt", python=sys.executable)


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with one wheel, `shop` 1.0: the only place where packages are looked for."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    with zipfile.ZipFile(folder / "shop-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("shop.py", "")
        wheel.writestr(
            "shop-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: shop\nVersion: 1.0\n"
        )
        wheel.writestr("shop-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("shop-1.0.dist-info/RECORD", "")
    for tool in ("UV", "PIP"):
        monkeypatch.setenv(f"{tool}_NO_INDEX", "1")
        monkeypatch.setenv(f"{tool}_FIND_LINKS", str(folder))
    monkeypatch.setenv("UV_OFFLINE", "1")
    return folder


def resolve(folder: Path, text: str) -> str:
    (folder / "requirements.txt").write_text(text)
    return try_resolution(folder, LISTED, sys.executable)


def test_versions_that_exist_are_found_and_others_are_named(wheels: Path, tmp_path: Path) -> None:
    assert resolve(tmp_path, "shop>=1\n") == ""
    assert "shop" in resolve(tmp_path, "shop==2.0  # newer\n")
    assert resolve(tmp_path, "# none\n-r other.txt\n") == ""
    assert not (tmp_path / "shop.py").exists()


def test_a_list_in_utf_16_and_one_with_options_are_read(tmp_path: Path) -> None:
    text = "discord.py==2.4.0 --hash=sha256:abc\ncffi --only-binary all; sys_platform == 'win32'\n"
    (tmp_path / "requirements.txt").write_text(text, encoding="utf-16")
    assert find_environment_problem(tmp_path, LISTED) is None


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("requirements.txt", "aiohttp >== 3\n", "package 1, 'aiohttp >== 3'"),
        ("pyproject.toml", "[project]\ndependencies = ['a ==']\n", "package 1, 'a =='"),
        ("pyproject.toml", "[project\n", "pyproject.toml: "),
    ],
)
def test_an_invalid_list_says_what_is_wrong(
    tmp_path: Path, name: str, text: str, reason: str
) -> None:
    (tmp_path / name).write_text(text)
    environment = TargetEnvironment(kind="pyproject", file=name)
    problem = find_environment_problem(tmp_path, environment)
    assert problem is not None
    assert reason in problem.reason
    assert problem.remedy
