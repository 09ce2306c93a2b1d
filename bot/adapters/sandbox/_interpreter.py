"""Which files of this Python a confined command sees: the interpreter, its libraries, no more.

Pythons live in homes: below `~/.pyenv`, or in `~/.local`, beside what is nobody's business. So no
folder around one is shown, only the few parts of each prefix that Python is made of; and links on
the way to it are made anew, as links.
"""

import os
import pwd
import site
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

_LINKS_AT_MOST = 40  # on the way to one file, as the kernel has it
_LIBRARIES = ("lib", "lib64")
Links = dict[Path, str]


def list_interpreter_paths() -> list[Path]:
    """Return what this Python is made of, by the names it calls it: files and folders that exist.

    The first is the program itself.
    """
    base = Path(getattr(sys, "_base_executable", "") or sys.executable)
    prefixes = dict.fromkeys((Path(sys.prefix), Path(sys.base_prefix), Path(sys.base_exec_prefix)))
    found = [
        Path(sys.executable),
        base,
        *(part for each in prefixes for part in _iterate_parts(each)),
    ]
    return [path for path in dict.fromkeys(found) if path.exists()]


def _iterate_parts(prefix: Path) -> Iterator[Path]:
    """Yield what may be Python's below a prefix.

    Where the prefix is a home, or what `pip install --user` installs to, `bin` is full of others'.
    """
    version = Path(sysconfig.get_path("stdlib")).name
    shared = prefix.resolve() in {
        each.resolve() for each in (*list_homes(), Path(site.getuserbase()))
    }
    yield from sorted((prefix / "bin").glob("python*")) if shared else [prefix / "bin"]
    yield from (prefix / "pyvenv.cfg", prefix / "include" / version)
    for folder in _LIBRARIES:
        yield prefix / folder / version
        yield from sorted((prefix / folder).glob("*.so*"))


def resolve_links(path: Path) -> tuple[Links, Path]:
    """Return the links on the way to a file or folder, by where each stands, and where it ends."""
    links: Links = {}
    here, left = Path("/"), list(path.absolute().parts[1:])
    for _ in range(_LINKS_AT_MOST * 100):
        if not left:
            break
        name = left.pop(0)
        step = here.parent if name == ".." else here / name
        if not step.is_symlink() or len(links) > _LINKS_AT_MOST:
            here = step
            continue
        target = links[step] = str(step.readlink())
        here = Path("/") if target.startswith("/") else here
        left = [*(part for part in Path(target).parts if part != "/"), *left]
    return links, here


def select_outermost(paths: Iterable[Path]) -> list[Path]:
    """Return the paths that lie in no other of them."""
    kept: list[Path] = []
    for path in sorted(set(paths)):
        if not any(path.is_relative_to(each) for each in kept):
            kept.append(path)
    return kept


def list_homes() -> list[Path]:
    """Return where people live on this machine, the account that runs this first."""
    found = [Path("/root"), Path("/home")]
    with suppress(KeyError):  # an account without an entry
        found.insert(0, Path(pwd.getpwuid(os.geteuid()).pw_dir))
    with suppress(RuntimeError):
        found.insert(0, Path.home())
    return [home for home in dict.fromkeys(found) if home != Path("/")]


def find_exposed(visible: Iterable[Path], private: Iterable[Path]) -> str:
    """Return what of `shown` would give away a home or something else private, or nothing."""
    hidden = [each.resolve() for each in (*list_homes(), *private)]
    for path in visible:
        for each in hidden:
            if each.is_relative_to(path):
                return (
                    f"this Python ({sys.executable}) cannot be shown to checks without {each}, "
                    f"as {path} is a part of it: make the bot's environment anew in a folder of "
                    "its own"
                )
    return ""
