"""Connects to a remote with a secret, without using the repository's own configuration.

That configuration can send a fetch or a push elsewhere, through a proxy, past the check of
certificates, or start a program on the way. So what carries a secret is done in a bare repository
of the moment, which borrows the objects of the real one and has no configuration but ours. Git gets
the secret through its environment, never in an argument or an address.
"""

import shutil
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from theseus_guard.completion import run_in_thread
from theseus_guard.git_settings import Private

from bot.infra.git import Git


class Way(NamedTuple):
    """The HTTP address of a remote, and the git configuration with its credentials."""

    url: str
    config: Private


Access = Callable[[str], Awaitable[Way | None]]
"""Returns the way to a remote by its URL, or `None` to let git connect by itself."""


async def find_way(git: Git, remote: str, access: Access | None) -> Way | None:
    """Return the way to one of a repository's remotes, if `access` knows one."""
    if access is None:
        return None
    answer = await run_in_thread(git.run, "config", "--get", f"remote.{remote}.url", ok=None)
    return await access(answer.line) if answer.status == 0 else None


@contextmanager
def borrow_objects(git: Git) -> Iterator[Git]:
    """Yield a temporary bare repository with all objects of `git`, and none of its settings."""
    objects, shallow, kind = _read_object_store(git)
    with TemporaryDirectory(prefix="theseus-") as name:
        folder = Path(name).resolve() / "borrowing.git"
        git.open_sibling(Path(name)).run(
            "init", "-q", "--bare", "--template=", f"--object-format={kind}", str(folder)
        )
        (folder / "objects/info").mkdir(exist_ok=True)
        (folder / "objects/info/alternates").write_text(f"{objects}\n")
        if shallow.is_file():
            shutil.copyfile(shallow, folder / "shallow")
        yield git.open_sibling(folder, f"--git-dir={folder}")


def _read_object_store(git: Git) -> tuple[Path, Path, str]:
    """Return the object folder, the file about a shallow clone, and the hash algorithm."""
    kind = git.run("rev-parse", "--show-object-format").line
    objects, shallow = (
        (git.folder / git.run("rev-parse", "--git-path", name).line).resolve()
        for name in ("objects", "shallow")
    )
    return objects, shallow, kind
