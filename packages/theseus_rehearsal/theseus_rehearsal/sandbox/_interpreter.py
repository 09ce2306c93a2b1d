"""Lists the files of this Python that a sandboxed command sees: the interpreter and libraries.

Pythons are often installed in homes, in `~/.pyenv` or `~/.local`, next to private files. So the
folders around a Python are not shown, only the parts of each prefix that belong to Python. Links on
the path to it are recreated as links.
"""

import os
import pwd
import site
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

_LINKS_AT_MOST = 40  # on the path to one file, as in the kernel
_LIBRARIES = ("lib", "lib64")
Links = dict[Path, str]


def list_interpreter_paths() -> list[Path]:
    """Return the existing files and folders of this Python, by the names that Python uses.

    The first one is the interpreter itself.
    """
    base = Path(getattr(sys, "_base_executable", "") or sys.executable)
    prefixes = dict.fromkeys((Path(sys.prefix), Path(sys.base_prefix), Path(sys.base_exec_prefix)))
    candidates = [
        Path(sys.executable),
        base,
        *(part for prefix in prefixes for part in _iterate_parts(prefix)),
    ]
    return [path for path in dict.fromkeys(candidates) if path.exists()]


def _iterate_parts(prefix: Path) -> Iterator[Path]:
    """Yield the paths below a prefix that may belong to Python.

    If the prefix is a home, or the target of `pip install --user`, most of `bin` belongs to other
    programs.
    """
    version = Path(sysconfig.get_path("stdlib")).name
    shared = prefix.resolve() in {
        home.resolve() for home in (*list_homes(), Path(site.getuserbase()))
    }
    yield from sorted((prefix / "bin").glob("python*")) if shared else [prefix / "bin"]
    yield from (prefix / "pyvenv.cfg", prefix / "include" / version)
    for folder in _LIBRARIES:
        yield prefix / folder / version
        yield from sorted((prefix / folder).glob("*.so*"))


def resolve_links(path: Path) -> tuple[Links, Path]:
    """Return the links on the path to a file (location -> target), and the path without links."""
    links: Links = {}
    current, remaining = Path("/"), list(path.absolute().parts[1:])
    for _ in range(_LINKS_AT_MOST * 100):
        if not remaining:
            break
        name = remaining.pop(0)
        step = current.parent if name == ".." else current / name
        if not step.is_symlink() or len(links) > _LINKS_AT_MOST:
            current = step
            continue
        target = links[step] = str(step.readlink())
        current = Path("/") if target.startswith("/") else current
        remaining = [*(part for part in Path(target).parts if part != "/"), *remaining]
    return links, current


def select_outermost(paths: Iterable[Path]) -> list[Path]:
    """Return the paths that are not inside another of the paths."""
    outermost: list[Path] = []
    for path in sorted(set(paths)):
        if not any(path.is_relative_to(outer) for outer in outermost):
            outermost.append(path)
    return outermost


def list_homes() -> list[Path]:
    """Return the homes on this machine; the home of the current account is the first."""
    homes = [Path("/root"), Path("/home")]
    with suppress(KeyError):  # an account without an entry
        homes.insert(0, Path(pwd.getpwuid(os.geteuid()).pw_dir))
    with suppress(RuntimeError):
        homes.insert(0, Path.home())
    return [home for home in dict.fromkeys(homes) if home != Path("/")]


def find_exposed(visible: Iterable[Path], private: Iterable[Path]) -> str:
    """Return why showing `visible` would expose a home or another private folder, or ""."""
    hidden = [private_path.resolve() for private_path in (*list_homes(), *private)]
    for path in visible:
        for private_path in hidden:
            if private_path.is_relative_to(path):
                return (
                    f"this Python ({sys.executable}) cannot be shown to checks without also "
                    f"showing {private_path}, because {path} contains it: recreate the bot's "
                    "environment in a separate folder"
                )
    return ""
