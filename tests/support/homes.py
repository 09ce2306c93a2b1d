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
KEPT = (
    ".ssh/id_ed25519", ".netrc", ".local/share/keyrings/login.keyring", ".local/share/token",
    "bin/deploy.key", ".config/gh/hosts.yml", "theseus/.env", "tools/password", ".pyenv/secret",
    ".local/share/uv/credentials/pypi.org",
)  # fmt: skip
# Run by the Python of a made-up home: it builds the sandbox as the bot does, and tries it.
PROGRAM = """
import asyncio, json, os, sys
from pathlib import Path
from bot.adapters.sandbox import BubblewrapSandbox, measure
from bot.ports.sandbox import SandboxLimits
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


def furnished(folder: Path) -> Path:
    """Return a home full of what is nobody's business, with a checkout in it."""
    home = folder / "home" / "someone"
    for name in KEPT:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("very-secret")
    (home / "theseus/tree").mkdir()
    return home


def linked(link: Path, target: str | Path) -> Path:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target)
    return link


def installed(prefix: Path) -> Path:
    """Put a Python of its own below a prefix; return its program. The library is a link."""
    (prefix / "bin").mkdir(parents=True, exist_ok=True)
    shutil.copy2(REAL / "bin" / VERSION, prefix / "bin" / VERSION)
    linked(prefix / "bin/python", VERSION)
    linked(prefix / "lib" / VERSION, sysconfig.get_path("stdlib"))
    for library in (REAL / "lib").glob("libpython*"):
        linked(prefix / "lib" / library.name, library)
    return prefix / "bin/python"


def environment(folder: Path, python: Path) -> Path:
    """Make an environment by hand, as `python -m venv` does; return its program."""
    linked(folder / "bin/python", python)
    (folder / "lib" / VERSION / "site-packages").mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text(f"home = {python.parent}\nversion = {sys.version[:6]}\n")
    return folder / "bin/python"


def as_pyenv_has_it(home: Path) -> Path:
    installed(home / ".pyenv/versions/3.11.7")
    linked(home / ".pyenv/versions/3.11", "3.11.7")
    return environment(home / "theseus/.venv", home / ".pyenv/versions/3.11/bin/python")


def as_uv_has_it(home: Path) -> Path:
    installed(home / ".local/share/uv/python/cpython-3.11.7-linux")
    linked(home / ".local/share/uv/python/cpython-3.11-linux", "cpython-3.11.7-linux")
    real = home / ".local/share/uv/python/cpython-3.11-linux/bin" / VERSION
    return environment(home / "theseus/.venv", linked(home / ".local/bin" / VERSION, real))


def in_local_bin(home: Path) -> Path:
    return linked(home / ".local/bin/python", REAL / "bin" / VERSION)


def in_bin(home: Path) -> Path:
    python = linked(home / "bin/python", REAL / "bin" / VERSION)
    return environment(home / "theseus/.venv", python)


def over_several_links(home: Path) -> Path:
    linked(home / "tools/v1/python", REAL / "bin" / VERSION)
    linked(home / "tools/current", "v1")
    linked(home / "bin/python3", "../tools/../tools/current/python")
    return linked(home / ".local/bin/python", home / "bin/python3")


def into_local(home: Path) -> Path:
    return installed(home / ".local")


def into_the_home(home: Path) -> Path:
    """The home itself is the prefix."""
    return installed(home)


def an_environment_that_is_the_home(home: Path) -> Path:
    return environment(home, REAL / "bin" / VERSION)


def around_the_checkout(home: Path) -> Path:
    """The environment's folder holds the checkout."""
    return environment(home / "theseus", REAL / "bin" / VERSION)


def of_the_system(home: Path) -> Path:
    system = Path("/usr/bin") / VERSION
    if not system.exists():
        return in_bin(home)
    return environment(home / "theseus/.venv", system)


WAYS = (
    as_pyenv_has_it, as_uv_has_it, in_local_bin, in_bin, over_several_links, into_local,
    into_the_home, an_environment_that_is_the_home, around_the_checkout, of_the_system,
)  # fmt: skip


def seen(stands: Callable[[Path], Path], home: Path) -> dict[str, object]:
    """Return what is seen of a home by its own Python's checks, program and commands.

    Of each the paths of secrets; of the `doctor` why it failed, what it saw, and whether it says
    that homes are held back. Raises `RuntimeError` where that Python could try nothing.
    """
    python = stands(home)
    kept = [str(home / name) for name in KEPT if (home / name).exists()]
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
