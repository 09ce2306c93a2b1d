"""Homes full of secrets, with a Python in each as one comes by it; and what checks see of them."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
REAL = Path(sys.base_prefix).resolve()
VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"
SECRET_FILES = (
    ".ssh/id_ed25519", ".netrc", ".local/share/keyrings/login.keyring", ".local/share/token",
    "bin/deploy.key", ".config/gh/hosts.yml", "theseus/.env", "tools/password", ".pyenv/secret",
    ".local/share/uv/credentials/pypi.org",
)  # fmt: skip
# Run by the Python of a made-up home: it builds the sandbox as the bot does, and tries it.
PROGRAM = """
import asyncio, json, os, sys
from pathlib import Path
import bot  # makes the packages of the checkout importable
from theseus_rehearsal.ports.sandbox import SandboxLimits
from theseus_rehearsal.sandbox import BubblewrapSandbox, measure
tree, names = Path(sys.argv[1]), json.loads(sys.argv[2])
look = (
    "import json, os, sys; names = json.loads(sys.argv[1]); import sqlite3; "
    "print(json.dumps([name for name in names if os.path.exists(name)]))"
)
looking = [sys.executable, "-c", look, json.dumps(names)]
async def told(argv, env=None):
    child = await asyncio.create_subprocess_exec(*argv, env=env, stdout=-1, stderr=-2)
    return (await child.communicate())[0].decode().strip()
async def tried():
    sandbox = BubblewrapSandbox(private=[tree.parent])
    seen = {}
    for name, python in (("check", sys.executable), ("by name", os.path.basename(sys.executable))):
        limits, command = SandboxLimits(seconds=30), [python, *looking[1:]]
        done = await sandbox.run(command, cwd=tree, writable=[tree], env={}, limits=limits)
        seen[name] = done.output.strip()
    seen["program"] = await told(sandbox.enclose(looking, cwd=tree).argv)
    command, env = sandbox.inner.wrap(looking, cwd=tree, writable=(), env={})
    seen["command"] = await told(sandbox.enclose(command, cwd=tree).argv, env)
    tried = await measure(sandbox, private=[tree.parent])
    seen["doctor"] = [tried.failed, tried.seen, "homes" in tried.held]
    print(json.dumps(seen))
asyncio.run(tried())
"""


def make_home(folder: Path) -> Path:
    """Return a home with private files, and a checkout in it."""
    home = folder / "home" / "someone"
    for name in SECRET_FILES:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("very-secret")
    (home / "theseus/tree").mkdir()
    return home


def make_link(link: Path, target: str | Path) -> Path:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target)
    return link


def install_python(prefix: Path) -> Path:
    """Create a separate Python below a prefix, with a linked library; return its program."""
    (prefix / "bin").mkdir(parents=True, exist_ok=True)
    shutil.copy2(REAL / "bin" / VERSION, prefix / "bin" / VERSION)
    make_link(prefix / "bin/python", VERSION)
    make_link(prefix / "lib" / VERSION, sysconfig.get_path("stdlib"))
    for library in (REAL / "lib").glob("libpython*"):
        make_link(prefix / "lib" / library.name, library)
    return prefix / "bin/python"


def make_environment(folder: Path, python: Path) -> Path:
    """Make an environment by hand, as `python -m venv` does; return its program."""
    make_link(folder / "bin/python", python)
    (folder / "lib" / VERSION / "site-packages").mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text(f"home = {python.parent}\nversion = {sys.version[:6]}\n")
    return folder / "bin/python"


def install_by_pyenv(home: Path) -> Path:
    install_python(home / ".pyenv/versions/3.11.7")
    make_link(home / ".pyenv/versions/3.11", "3.11.7")
    return make_environment(home / "theseus/.venv", home / ".pyenv/versions/3.11/bin/python")


def install_by_uv(home: Path) -> Path:
    install_python(home / ".local/share/uv/python/cpython-3.11.7-linux")
    make_link(home / ".local/share/uv/python/cpython-3.11-linux", "cpython-3.11.7-linux")
    real = home / ".local/share/uv/python/cpython-3.11-linux/bin" / VERSION
    return make_environment(home / "theseus/.venv", make_link(home / ".local/bin" / VERSION, real))


def link_in_local_bin(home: Path) -> Path:
    return make_link(home / ".local/bin/python", REAL / "bin" / VERSION)


def link_in_bin(home: Path) -> Path:
    python = make_link(home / "bin/python", REAL / "bin" / VERSION)
    return make_environment(home / "theseus/.venv", python)


def chain_links(home: Path) -> Path:
    make_link(home / "tools/v1/python", REAL / "bin" / VERSION)
    make_link(home / "tools/current", "v1")
    make_link(home / "bin/python3", "../tools/../tools/current/python")
    return make_link(home / ".local/bin/python", home / "bin/python3")


def install_into_local(home: Path) -> Path:
    return install_python(home / ".local")


def install_into_home(home: Path) -> Path:
    """Use the home itself as the prefix."""
    return install_python(home)


def make_home_environment(home: Path) -> Path:
    return make_environment(home, REAL / "bin" / VERSION)


def make_environment_around_checkout(home: Path) -> Path:
    """Create an environment whose folder contains the checkout."""
    return make_environment(home / "theseus", REAL / "bin" / VERSION)


def use_system_python(home: Path) -> Path:
    system = Path("/usr/bin") / VERSION
    if not system.exists():
        return link_in_bin(home)
    return make_environment(home / "theseus/.venv", system)


LAYOUTS = (
    install_by_pyenv, install_by_uv, link_in_local_bin, link_in_bin, chain_links,
    install_into_local,
    install_into_home, make_home_environment, make_environment_around_checkout, use_system_python,
)  # fmt: skip


def probe_home(layout: Callable[[Path], Path], home: Path) -> dict[str, object]:
    """Return what a Python in the home sees of it through checks, program and commands.

    For each, the result lists the visible paths of secrets. For `doctor` it has the reason of the
    failure, the visible paths, and whether it reports that homes are hidden. Raises `RuntimeError`
    if that Python could not run.
    """
    python = layout(home)
    kept = [str(home / name) for name in SECRET_FILES if (home / name).exists()]
    paths = f"{ROOT}:{sysconfig.get_path('purelib')}"
    done = subprocess.run(
        [python, "-c", PROGRAM, home / "theseus/tree", json.dumps(kept)],
        env={"HOME": str(home), "PATH": os.environ["PATH"], "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    found: dict[str, object] = json.loads(done.stdout)
    return found
