"""Commands in bubblewrap: an empty root with only what they need bound into it."""

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bot.adapters.sandbox._environment import clean_environment, not_startable
from bot.adapters.sandbox._subprocess import NOT_STARTABLE, limited, run_bounded
from bot.ports.sandbox import Completed, Limits

PRIVATE = ("/dev/shm", "/tmp")  # noqa: S108 - these are mounted inside, for one command
HOME = f"{PRIVATE[1]}/home"
TMPFS_BYTES = str(1024 * 1024 * 1024)
PROBE = Limits(seconds=10, memory_mb=512, processes=16, output_chars=2_000)

# The system, read-only. What is not named here does not exist inside: no homes, no state, no
# sockets under /run, no checkout with its .env, and of /etc only what programs look up.
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store")
ETC = (
    "alternatives", "ca-certificates", "chromium", "chromium.d", "fonts", "group", "host.conf",
    "hosts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "mime.types",
    "nsswitch.conf", "os-release", "passwd", "pki/tls/certs", "protocols", "services",
    "ssl/certs", "ssl/openssl.cnf", "timezone",
)  # fmt: skip


def _system() -> Iterator[str]:
    for folder in map(Path, SYSTEM):
        if folder.is_symlink():
            yield from ("--symlink", str(folder.readlink()), str(folder))
        elif folder.exists():
            yield from ("--ro-bind", str(folder), str(folder))
    for name in ETC:
        yield from ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")


def _hops(file: Path) -> Iterator[Path]:
    """Yield `file` and every link on the way to what it really is."""
    seen: set[Path] = set()
    while file not in seen:
        seen.add(file)
        yield file
        if file.is_symlink():
            file = file.parent / file.readlink()


def _interpreter() -> list[Path]:
    """Return the folders this Python lives in: the environment, its base, and links between."""
    folders = [Path(sys.prefix), Path(sys.base_prefix), Path(sys.base_prefix).resolve()]
    for hop in _hops(Path(sys.executable)):
        if hop.parent.name == "bin":
            folders.append(hop.parent.parent)
    outside = [folder for folder in folders if not folder.is_relative_to("/usr")]
    return [folder for folder in dict.fromkeys(outside) if folder != Path("/")]


def _bound(option: str, paths: Sequence[Path]) -> Iterator[str]:
    for path in paths:
        yield from (option, str(path), str(path))


def _private() -> Iterator[str]:
    for folder in PRIVATE:
        yield from ("--size", TMPFS_BYTES, "--tmpfs", folder)


def _git_links(writable: Sequence[Path]) -> Iterator[str]:
    """Keep `.git` as it is: a command that rewrote it could run programs in our own git."""
    for path in writable:
        yield from ("--ro-bind-try", str(path / ".git"), str(path / ".git"))


class BubblewrapSandbox:
    """Runs commands in namespaces of their own. `visible` are further folders to read.

    Source of what the options do: bwrap(1), version 0.8.
    """

    def __init__(self, *, visible: Sequence[Path] = (), program: str = "bwrap") -> None:
        self._visible = tuple(path.absolute() for path in visible)
        self._program = program

    @property
    def description(self) -> str:
        """Return what is enforced here."""
        return (
            "bubblewrap: no network but its own loopback, only the worktree writable, no home, "
            "secrets or other checkout visible, memory, processes (counted five times a second), "
            "output and time limited"
        )

    def wrap(
        self, argv: Sequence[str], *, cwd: Path, writable: Sequence[Path], env: Mapping[str, str]
    ) -> tuple[list[str], dict[str, str]]:
        """Return the `bwrap` command line; the environment is set inside, by it."""
        program = shutil.which(self._program) or self._program
        confined = [
            program, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL",
            "--clearenv", *_system(),
            "--proc", "/proc", "--dev", "/dev", *_private(), "--dir", HOME,
            *_bound("--ro-bind", [*_interpreter(), *self._visible]),
            *_bound("--ro-bind", [cwd.absolute()]),
            *_bound("--bind", [path.absolute() for path in writable]),
            *_git_links([path.absolute() for path in writable]),
            "--remount-ro", "/", "--chdir", str(cwd.absolute()),
        ]  # fmt: skip
        for key, value in clean_environment(HOME, env).items():
            confined += ["--setenv", key, value]
        return [*confined, "--", *argv], {"PATH": "/usr/bin:/bin"}

    async def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        writable: Sequence[Path],
        env: Mapping[str, str],
        limits: Limits,
    ) -> Completed:
        """Run to the end; when bwrap ends, or is killed, the kernel ends everything inside."""
        if reason := not_startable(argv[0], cwd, clean_environment(HOME, env)):
            return Completed(returncode=NOT_STARTABLE, output=reason, seconds=0.0)
        command, outer = self.wrap(limited(argv, limits), cwd=cwd, writable=writable, env=env)
        return await run_bounded(
            command, cwd=Path("/"), env=outer, limits=limits, sweep=lambda: None
        )


async def probe(program: str = "bwrap") -> str | None:
    """Return why bubblewrap does not work on this machine; `None` when it does."""
    if shutil.which(program) is None:
        return "bubblewrap is not installed (`apt install bubblewrap`, `dnf install bubblewrap`)"
    here = Path(sys.prefix)
    done = await BubblewrapSandbox(program=program).run(
        [sys.executable, "-c", "print('confined')"], cwd=here, writable=(), env={}, limits=PROBE
    )
    if done.returncode == 0 and "confined" in done.output:
        return None
    return f"bubblewrap does not work here: {done.output.strip()[-500:] or 'no output'}"
