"""What a confined command sees of this machine: programs, read-only, and nothing of anybody's."""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

# What is not named here does not exist inside: no homes, no state, no sockets under /run, no
# checkout with its .env, and of /etc only what programs look up.
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store")
ETC = (
    "alternatives", "ca-certificates", "chromium", "chromium.d", "fonts", "group", "host.conf",
    "hosts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "mime.types",
    "nsswitch.conf", "os-release", "passwd", "pki/tls/certs", "protocols", "services",
    "ssl/certs", "ssl/openssl.cnf", "timezone",
)  # fmt: skip
NAMES = ("/etc/resolv.conf",)  # who answers for names: of use only where there is a network
KERNEL = ("acpi", "asound", "bus", "driver", "fs", "irq", "scsi", "sys", "tty")  # under /proc


def programs() -> Iterator[str]:
    """Yield the options that bind the system in, read-only."""
    for folder in map(Path, SYSTEM):
        if folder.is_symlink():
            yield from ("--symlink", str(folder.readlink()), str(folder))
        elif folder.exists():
            yield from ("--ro-bind", str(folder), str(folder))
    for name in ETC:
        yield from ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")


def bound(option: str, paths: Sequence[Path]) -> Iterator[str]:
    """Yield the options that bind each path to where it is."""
    for path in paths:
        yield from (option, str(path), str(path))


def kernel_settings() -> Iterator[str]:
    """Yield the options that make read-only what of /proc is the machine's, not a process's.

    Root's namespaces hold nothing back there: whoever is root outside, even without a single
    capability, may write `/proc/sys/kernel/core_pattern`, a program the kernel runs.
    """
    writable = [
        entry.name
        for entry in os.scandir("/proc")
        if entry.is_file(follow_symlinks=False) and entry.stat().st_mode & 0o222
    ]
    for name in (*KERNEL, *sorted(writable)):
        if Path("/proc", name).exists():
            yield from ("--ro-bind", f"/proc/{name}", f"/proc/{name}")


def interpreter() -> list[Path]:
    """Return the folders this Python lives in: the environment, its base, and links between."""
    folders = [Path(sys.prefix), Path(sys.base_prefix), Path(sys.base_prefix).resolve()]
    for hop in _hops(Path(sys.executable)):
        if hop.parent.name == "bin":
            folders.append(hop.parent.parent)
    outside = [folder for folder in folders if not folder.is_relative_to("/usr")]
    return [folder for folder in dict.fromkeys(outside) if folder != Path("/")]


def _hops(file: Path) -> Iterator[Path]:
    """Yield `file` and every link on the way to what it really is."""
    seen: set[Path] = set()
    while file not in seen:
        seen.add(file)
        yield file
        if file.is_symlink():
            file = file.parent / file.readlink()
