"""Runs sandbox escape attempts: all share one confined Python, each runs in a forked child."""

import ctypes
import json
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.support.sandbox_escape import ATTEMPTS, Attempt

_MAKE = 0o1666  # IPC_CREAT, readable and writable by every user
_PROBE = """
import ctypes, fcntl, json, os, signal, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
def addr(size): return ctypes.create_string_buffer(size)
def read(path):
    try: return open(path, "rb").read()
    except OSError: return b""
def syscall(number, *arguments):
    if libc.syscall(number, *arguments) < 0:
        error = ctypes.get_errno()
        # Only these errors mean "blocked"; with others, the kernel has examined the arguments.
        if error in (1, 38): raise PermissionError(error, os.strerror(error))
def attempt(code):
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        signal.alarm(3)
        try:
            exec(code, dict(globals()))
            told = ""
        except BaseException as error:
            told = f"{type(error).__name__}: {error}"[:120]
        os.write(writing, told.encode() or b"GAINED")
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as came: told = came.read()
    os.waitpid(child, 0)
    return told or "killed"
print(json.dumps({name: attempt(code) for name, code in json.loads(sys.argv[1])}))
"""


def build_probe(around: Mapping[str, object], attempts: Sequence[Attempt] = ATTEMPTS) -> list[str]:
    """Return the command that runs the attempts; `around` describes what is outside the sandbox."""
    filled = [(attempt.name, _fill_code(attempt.code, around)) for attempt in attempts]
    return [sys.executable, "-I", "-S", "-c", _PROBE, json.dumps(filled)]


def _fill_code(code: str, around: Mapping[str, object]) -> str:
    for name, value in around.items():
        code = code.replace(f"{{{name}!r}}", repr(str(value))).replace(f"{{{name}}}", str(value))
    return code


def parse_results(output: str) -> dict[str, str]:
    """Return what the probe printed: how each attempt ended, by its name."""
    line = next(line for line in reversed(output.splitlines()) if line.startswith("{"))
    found: dict[str, str] = json.loads(line)
    return found


def list_succeeded(output: str) -> list[str]:
    """Return the names of the attempts that succeeded."""
    return [name for name, how in parse_results(output).items() if how == "GAINED"]


@contextmanager
def _create_numbered_memory() -> Iterator[int]:
    """Create System V shared memory and a message queue, which are known by number, not by name."""
    libc, number = ctypes.CDLL(None), secrets.randbelow(2**30)
    memory = libc.shmget(number, 4096, _MAKE)
    messages = libc.msgget(number, _MAKE)
    try:
        yield number
    finally:
        libc.shmctl(memory, 0, None)
        libc.msgctl(messages, 0, None)


@contextmanager
def create_surroundings(folder: Path) -> Iterator[dict[str, object]]:
    """Surround a worktree with targets for an attacker: files, a process, sockets, memory.

    Yields the names that the attempts use; `tree` is the worktree.
    """
    home, tree = folder / "someone", folder / "tree"
    for place in (home, tree):
        place.mkdir(parents=True)
    (home / "id_rsa").write_text("very-secret")
    (folder / ".env").write_text("DISCORD_TOKEN=very-secret")
    (folder / "bot.py").write_text("code")
    (tree / ".git").write_text(f"gitdir: {folder}/elsewhere\n")
    name = f"theseus-{secrets.token_hex(4)}"
    shared = Path("/dev/shm", name)
    with ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        for address in (f"\0{name}", f"/tmp/{name}"):
            server = stack.enter_context(socket.socket(socket.AF_UNIX))
            server.bind(address)
            server.listen()
        stack.callback(Path(f"/tmp/{name}").unlink)
        shared.write_text("very-secret")
        stack.callback(shared.unlink)
        segment = stack.enter_context(_create_numbered_memory())
        victim = subprocess.Popen(["/bin/sleep", "60"], env={"TOKEN": "very-secret"})
        stack.callback(victim.wait)
        stack.callback(victim.kill)
        yield {
            "secret": home / "id_rsa",
            "env": folder / ".env",
            "outside": folder / "bot.py",
            "home": home,
            "tree": tree,
            "port": listening.getsockname()[1],
            "abstract": name,
            "socket": f"/tmp/{name}",
            "shared": name,
            "segment": segment,
            "victim": victim.pid,
        }
