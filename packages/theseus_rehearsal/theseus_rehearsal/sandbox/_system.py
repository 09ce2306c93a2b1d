"""Mounts the parts of this machine that a command may see: programs, read-only, no user's files."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from theseus_rehearsal.errors import SandboxUnavailable
from theseus_rehearsal.sandbox._interpreter import (
    Links,
    find_exposed,
    list_interpreter_paths,
    resolve_links,
    select_outermost,
)

# Everything else does not exist inside: no homes, no state, no sockets in /run, no checkout with
# its .env, and only those files of /etc that programs look up.
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store")
ETC = (
    "alternatives", "ca-certificates", "chromium", "chromium.d", "fonts", "group", "host.conf",
    "hosts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "mime.types",
    "nsswitch.conf", "os-release", "passwd", "pki/tls/certs", "protocols", "services",
    "ssl/certs", "ssl/openssl.cnf", "timezone",
)  # fmt: skip
NAMES = ("/etc/resolv.conf",)  # the name servers: useful only with network access
KERNEL = ("acpi", "asound", "bus", "driver", "fs", "irq", "scsi", "sys", "tty")  # under /proc


def iterate_system_options() -> Iterator[str]:
    """Yield the options that mount the system read-only."""
    for folder in map(Path, SYSTEM):
        if folder.is_symlink():
            yield from ("--symlink", str(folder.readlink()), str(folder))
        elif folder.exists():
            yield from ("--ro-bind", str(folder), str(folder))
    for name in ETC:
        yield from ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")


def iterate_visible_options(paths: Sequence[Path], *, private: Sequence[Path]) -> Iterator[str]:
    """Yield the options that show this Python and `paths` read-only, under all their names.

    Raises `SandboxUnavailable` if showing this Python would expose private folders.
    """
    python, further = _resolve_all(list_interpreter_paths()), _resolve_all(paths)
    if reason := find_exposed(python[1], private):
        raise SandboxUnavailable(reason)
    for link, target in sorted({**python[0], **further[0]}.items()):
        yield from ("--symlink", target, str(link))
    yield from iterate_bind_options("--ro-bind", [*python[1], *further[1]])


def _resolve_all(paths: Sequence[Path]) -> tuple[Links, list[Path]]:
    """Return the links on the way to `paths`, and their targets, except those of the system."""
    links: Links = {}
    ends = []
    for path in paths:
        on_the_way, end = resolve_links(path)
        links.update({link: target for link, target in on_the_way.items() if not _is_system(link)})
        ends.append(end)
    return links, select_outermost(end for end in ends if not _is_system(end))


def _is_system(path: Path) -> bool:
    return any(path.is_relative_to(folder) for folder in SYSTEM)


def iterate_bind_options(option: str, paths: Sequence[Path]) -> Iterator[str]:
    """Yield the options that mount each path at its own location."""
    for path in paths:
        yield from (option, str(path), str(path))


def iterate_kernel_options() -> Iterator[str]:
    """Yield the options that make the machine-wide parts of /proc read-only.

    Namespaces do not protect these from root: a process of root outside, even without capabilities,
    may write `/proc/sys/kernel/core_pattern`, which names a program that the kernel runs.
    """
    writable = [
        entry.name
        for entry in os.scandir("/proc")
        if entry.is_file(follow_symlinks=False) and entry.stat().st_mode & 0o222
    ]
    for name in (*KERNEL, *sorted(writable)):
        if Path("/proc", name).exists():
            yield from ("--ro-bind", f"/proc/{name}", f"/proc/{name}")
