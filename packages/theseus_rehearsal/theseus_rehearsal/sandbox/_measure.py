"""Tests what a sandbox actually blocks on this machine."""

import asyncio
import json
import os
import platform
import socket
import sys
import sysconfig
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from theseus_guard.record import Record

from theseus_rehearsal.ports.sandbox import Sandbox, SandboxLimits
from theseus_rehearsal.sandbox._interpreter import list_homes

_LIMITS = SandboxLimits(seconds=20, memory_mb=512, processes=64, output_chars=20_000)
_KEYCTL = {"x86_64": 250, "aarch64": 219}
_LEFT_FREE = 8  # processes a probe may start before it stops itself
# Each attempt returns if it succeeds and raises an exception if it is blocked.
_ATTEMPTS: Mapping[str, str] = {
    "network": "socket.create_connection(('127.0.0.1', {port}), timeout=1)",
    "files outside": "open({outside!r}, 'r+')",
    "environment": "assert set({names!r}) & set(os.environ)",
    "other processes": "os.kill({pid}, 0)",
    "kernel settings": "open('/proc/sys/kernel/core_pattern', 'r+')",
    "kernel calls": "assert libc.syscall({keyctl}, 0, -3, 0) >= 0 or ctypes.get_errno() != 1",
    "namespaces": "assert libc.unshare(0x10000000) == 0",
    "memory": "bytearray(600 * 2**20)",
    "number of processes": (
        "resource.setrlimit(resource.RLIMIT_NPROC, (3, 3))\n"
        "for _ in range({many}): os.fork() or (time.sleep(1), os._exit(0))"
    ),
    "file size": "os.truncate(os.open('/dev/shm/huge', os.O_CREAT | os.O_RDWR), 2 * 2**30)",
}
_PROBE = """
import ctypes, json, os, resource, signal, socket, sys, time
libc = ctypes.CDLL(None, use_errno=True)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
def held(code):
    child = os.fork()
    if child: return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0
    try: exec(code, globals())
    except BaseException: os._exit(1)
    os._exit(0)
print(json.dumps({name: held(code) for name, code in json.loads(sys.argv[1]).items()}))
"""
# Finds the first visible file in private folders, apart from Python's own files. A sandbox contains
# only files that it mounted, so there is little to search.
_LOOK = """
import json, os, sys
private, ours = json.loads(sys.argv[1])
for top in private:
    for folder, inner, files in os.walk(top):
        inner[:] = [name for name in inner if os.path.join(folder, name) not in ours]
        for name in files:
            path = os.path.join(folder, name)
            if path not in ours and not os.path.islink(path):
                sys.exit(path)
print("nothing")
"""
# What the bot does instead where the kernel does not enforce a limit, by the attempt's name.
_INSTEAD = {
    "number of processes": "looked at five times a second: the kernel does not count root's",
    "memory": "looked at five times a second",
}
_SHARED = frozenset({"PATH", "HOME", "LANG", "TMPDIR", "PWD", "SHLVL", "_", "LC_CTYPE"})
_SHARED_MORE = frozenset({"PYTHONDONTWRITEBYTECODE", "OLDPWD", "LINES", "COLUMNS"})


class Enforced(Record):
    """The results of the attempts: which were blocked (`held`), and which were not (`open`).

    `seen` is a file in a home, or in another private folder, that a command can read.
    """

    held: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    seen: str = ""
    failed: str = ""

    @property
    def summary(self) -> str:
        """The results in a sentence or two."""
        if self.failed:
            return f"the sandbox could not be tested: {self.failed}"
        parts = [f"held back when tried: {', '.join(self.held) or 'nothing'}"]
        if self.open:
            parts.append(f"NOT held back: {', '.join(self.open)}")
        return "; ".join(parts)


async def measure(sandbox: Sandbox, *, private: Sequence[Path] = ()) -> Enforced:
    """Try what a sandbox must block, as a check and as a command of an enclosed program.

    `private` are folders, besides homes, whose files must not be visible. Raises
    `SandboxUnavailable`.
    """
    with tempfile.TemporaryDirectory(prefix="theseus-doctor-") as name:
        folder = Path(name)
        tree, outside = folder / "tree", folder / "outside"
        tree.mkdir()
        outside.write_text("x")
        with socket.create_server(("127.0.0.1", 0)) as listening:
            attempts = _build_probes(outside, listening.getsockname()[1])
            command = [sys.executable, "-I", "-S", "-c", _PROBE, json.dumps(attempts)]
            result = await sandbox.run(command, cwd=tree, writable=[tree], env={}, limits=_LIMITS)
            results = _parse_results(result.output)
            if results is None:
                return Enforced(failed=result.output.strip()[-200:] or "no answer")
            results["commands of an enclosed program"] = await _can_nest(sandbox, tree)
            visible = await _find_visible(sandbox, tree, [*list_homes(), *private])
            results["homes"] = not visible
    return Enforced(
        seen=visible,
        held=tuple(name for name, held in results.items() if held),
        open=tuple(_describe(name) for name, held in results.items() if not held),
    )


def _describe(name: str) -> str:
    return f"{name} ({_INSTEAD[name]})" if name in _INSTEAD else name


def _build_probes(outside: Path, port: int) -> dict[str, str]:
    names = sorted(set(os.environ) - _SHARED - _SHARED_MORE)
    around = {
        "{port}": str(port),
        "{outside!r}": repr(str(outside)),
        "{names!r}": repr(names or ["NOTHING"]),
        "{keyctl}": str(_KEYCTL.get(platform.machine(), 219)),
        "{pid}": str(os.getpid()),
        "{many}": str(_LEFT_FREE),
    }
    filled = dict(_ATTEMPTS)
    for placeholder, value in around.items():
        filled = {name: code.replace(placeholder, value) for name, code in filled.items()}
    return filled


async def _find_visible(sandbox: Sandbox, tree: Path, private: Sequence[Path]) -> str:
    """Return the first private file that a command can see, or why that is unknown, or ""."""
    folders = json.dumps(
        [[str(path.resolve()) for path in private], [*_list_own_paths(), str(tree)]]
    )
    result = await sandbox.run(
        [sys.executable, "-I", "-S", "-c", _LOOK, folders],
        cwd=tree,
        writable=[tree],
        env={},
        limits=_LIMITS,
    )
    return "" if result.output == "nothing\n" else result.output.strip()[-500:] or "no answer"


def _list_own_paths() -> list[str]:
    """Return all possible paths of Python's own files, which the search must skip.

    The list is computed here, not by the sandboxed process, which could lie.
    """
    prefixes = [Path(prefix) for prefix in (sys.prefix, sys.base_prefix, sys.base_exec_prefix)]
    paths = [
        prefix / name
        for prefix in dict.fromkeys([*prefixes, *(prefix.resolve() for prefix in prefixes)])
        for name in ("bin", "lib", "lib64", "include", "pyvenv.cfg")
    ]
    libraries = [library for path in paths for library in path.glob("*.so*")]
    paths += [Path(sys.executable), Path(sysconfig.get_path("stdlib")), *libraries]
    return sorted({str(name) for path in paths for name in (path, path.resolve())})


def _parse_results(output: str) -> dict[str, bool] | None:
    for line in reversed(output.splitlines()):
        if line.startswith("{"):
            results: dict[str, bool] = json.loads(line)
            return results
    return None


async def _can_nest(sandbox: Sandbox, tree: Path) -> bool:
    """Return whether an enclosed program can run its commands in a nested sandbox."""
    inner, env = sandbox.inner.wrap(
        ["/bin/sh", "-c", "touch here 2>/dev/null || echo held"], cwd=tree, writable=(), env={}
    )
    enclosure = sandbox.enclose(inner, cwd=tree, writable=[tree])
    if enclosure is None:
        return False
    child = await asyncio.create_subprocess_exec(
        *enclosure.argv, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    out, _ = await child.communicate()
    return out == b"held\n"
