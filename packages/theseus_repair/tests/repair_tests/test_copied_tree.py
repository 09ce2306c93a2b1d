"""Commands in a copy use the copy, whatever is installed, and leave no process running."""

import os
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from theseus_repair.command_check import CommandCheck
from theseus_repair.errors import OptionError
from theseus_repair.plain import copy_tree
from theseus_repair.process_cleanup import is_running, wait_until_gone
from theseus_repair.runner import skip_confinement

CALC = "def total(a, b):\n    return a - b\n"
# As setuptools writes them, and the library `editables`, shortened to what finds a package.
FINDER = """\
import sys
from importlib.machinery import PathFinder

MAPPING = {{"acme": {where!r}}}


class _EditableFinder:
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name in MAPPING:
            import importlib.util
            return importlib.util.spec_from_file_location(
                name, MAPPING[name] + "/__init__.py", submodule_search_locations=[MAPPING[name]]
            )


def install():
    sys.meta_path.append(_EditableFinder)
"""
REDIRECTING = FINDER.replace("MAPPING = {{", "class F:\n    pass\n\n\nMAPPING = {{").replace(
    "class _EditableFinder:", "class _EditableFinder:\n    _redirections = MAPPING\n"
)
START = "import {name}; {name}.install()\n"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Return a project that is installed in place, with an environment next to it."""
    shop = tmp_path / "shop"
    (shop / "src/acme").mkdir(parents=True)
    (shop / "src/acme/__init__.py").touch()
    (shop / "src/acme/calc.py").write_text(CALC)
    (shop / "check.py").write_text("from acme.calc import total\n\nassert total(2, 3) == 5\n")
    argv = [sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "env")]
    subprocess.run(argv, check=True)
    return shop


@pytest.mark.parametrize("way", ["path", "__editable___acme_finder", "_editable_impl_acme"])
async def test_what_is_installed_in_place_is_imported_from_the_copy(shop: Path, way: str) -> None:
    (site,) = shop.parent.glob("env/lib/python*/site-packages")
    if way == "path":
        (site / "acme.pth").write_text(f"{shop}/src\n")
    else:
        source = FINDER if way.startswith("__editable__") else REDIRECTING
        (site / f"{way}.py").write_text(source.format(where=str(shop / "src/acme")))
        (site / "acme.pth").write_text(START.format(name=way))
    python = str(shop.parent / "env/bin/python")
    check = CommandCheck(
        shop, shop.parent / "check", [python, "check.py"], skip_confinement, seconds=30.0
    )

    assert not await check({})
    assert await check({"src/acme/calc.py": CALC.replace("-", "+")})


async def test_the_projects_own_start_up_module_is_run_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/check.py").write_text("import sys\n\nassert sys.started\n")
    (tmp_path / "own").mkdir()
    (tmp_path / "own/sitecustomize.py").write_text("import sys\n\nsys.started = True\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "own"))
    argv = [sys.executable, "check.py"]
    check = CommandCheck(
        tmp_path / "tree", tmp_path / "check", argv, skip_confinement, seconds=30.0
    )

    assert await check({})


async def test_a_process_in_a_session_of_its_own_is_ended_with_the_command(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    started = tmp_path / "started"
    (tmp_path / "tree/check.py").write_text(
        "import pathlib, subprocess\n\n"
        "left = subprocess.Popen(['sleep', '7777'], start_new_session=True, stdout=-3, stderr=-3)\n"
        f"pathlib.Path({str(started)!r}).write_text(str(left.pid))\n"
    )
    argv = [sys.executable, "check.py"]
    check = CommandCheck(
        tmp_path / "tree", tmp_path / "check", argv, skip_confinement, seconds=30.0
    )

    assert await check({})
    pid = int(started.read_text())
    await wait_until_gone([pid])
    assert not is_running(pid)


def test_pipes_and_sockets_of_a_repository_are_not_copied(tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    (shop / "calc.py").write_text(CALC)
    os.mkfifo(shop / "events")
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(shop / "control"))
        copy_tree(shop, tmp_path / "copy")

    assert [file.name for file in (tmp_path / "copy").iterdir()] == ["calc.py"]


def test_a_file_that_cannot_be_copied_is_named(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/calc.py").write_text(CALC)
    (tmp_path / "copy/calc.py/calc.py").mkdir(
        parents=True
    )  # in the way, as an unreadable file would be

    with pytest.raises(OptionError, match=r"shop/calc\.py cannot be copied \(.+\)"):
        copy_tree(tmp_path / "shop", tmp_path / "copy")
