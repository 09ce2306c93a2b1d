"""How a bot of another kind starts: its command, and its Python."""

import os
import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from theseus_rehearsal.errors import RehearsalError
from theseus_rehearsal.repository import Repository

_PYTHON = re.compile(r"(?:.*/)?(?:python|py)(?:\d+(?:\.\d+)?)?(?:\.exe)?")
_RUNNERS = (("poetry", "run"), ("uv", "run"), ("pipenv", "run"), ("pdm", "run"), ("exec",))
_FACTORY = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_FORMS = "`python bot.py`, `python -m package` or `package.module:function`"
ENVIRONMENTS = (".venv", "venv", "env")
_RED = "^[[:space:]]*(import|from)[[:space:]]+redbot([[:space:].]|$)"
_ENDS_IN_RUN = r"\.(run|start)\("
_NAMES = ("bot.py", "main.py", "run.py", "launcher.py", "app.py", "start.py", "__main__.py")
_OTHERS = ("setup.py", "tests.py", "conftest.py", "noxfile.py")


class BotStart(NamedTuple):
    """A start: a `file`, a `module` or a `factory` (a function that returns the client).

    `folder` is where it starts, inside the repository.
    """

    kind: str
    name: str
    arguments: tuple[str, ...] = ()
    folder: str = "."

    @property
    def words(self) -> tuple[str, ...]:
        """The start as arguments of the process that runs it."""
        return (self.kind, self.name, *self.arguments)


def parse_start(command: str, option: str = "--start") -> BotStart:
    """Return the start that a command names, which an option names. Raises `RehearsalError`."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise RehearsalError(f"{option}: {error}; write {_FORMS}.") from error
    for runner in _RUNNERS:
        if tuple(words[: len(runner)]) == runner:
            words = words[len(runner) :]
    if words and _PYTHON.fullmatch(words[0]):
        words = [*_skip_options(words[1:])]
    if words[:1] == ["-m"] and len(words) > 1:
        return BotStart("module", words[1], tuple(words[2:]))
    if words and words[0].endswith(".py"):
        return BotStart("file", words[0], tuple(words[1:]))
    if len(words) == 1 and _FACTORY.fullmatch(words[0]):
        return BotStart("factory", words[0])
    raise RehearsalError(f"{option}: `{command}` is no start of a Python program: write {_FORMS}.")


def _skip_options(words: Sequence[str]) -> Sequence[str]:
    """Return the words after Python's own options, such as `-u`."""
    at = 0
    while at < len(words) and words[at].startswith("-") and words[at] != "-m":
        at += 2 if words[at] in ("-W", "-X") else 1
    return words[at:]


def require_start(repository: Repository, commit: str, start: BotStart) -> None:
    """Raise `RehearsalError` if a commit does not have what the start names."""
    files = {*repository.list_files(commit)}
    module = start.name.partition(":")[0].replace(".", "/")
    wanted = {f"{module}.py", f"{module}/__main__.py", f"{module}/__init__.py"}
    if start.kind == "file":
        wanted = {os.path.normpath(start.name)}
    if not wanted & files:
        raise RehearsalError(
            f"--start: commit {commit[:7]} has no {min(wanted, key=len)} (uncommitted files are "
            f"not used)."
        )


def find_start(repository: Repository, commit: str) -> BotStart:
    """Return the start of a commit's bot, if it can only be one. Raises `RehearsalError`."""
    if found := _list_red_cogs(repository, commit):
        raise RehearsalError(
            f"cannot be replayed: commit {commit[:7]} is a pack of cogs for Red-DiscordBot "
            f"({len(found)} folders, such as {found[0]}), which has no start of its own."
        )
    running = {*repository.find_text(commit, _ENDS_IN_RUN)}
    nearest = sorted(file for file in running if "/" not in file and file not in _OTHERS)
    if not nearest:
        nearest = sorted(file for file in running if PurePosixPath(file).name in _NAMES)
    if len(nearest) == 1:
        path = PurePosixPath(nearest[0])
        if path.name == "__main__.py":
            return BotStart("module", ".".join(path.parent.parts) or "__main__")
        return BotStart("file", nearest[0])
    hint = f" Perhaps {' or '.join(f'`python {file}`' for file in nearest[:3])}." if nearest else ""
    raise RehearsalError(f"name the start of the bot: --start with {_FORMS}.{hint}")


def _list_red_cogs(repository: Repository, commit: str) -> list[str]:
    """Return the folders of a pack of cogs for Red, which runs them in its own program."""
    files = repository.list_files(commit)
    packs = {str(PurePosixPath(each).parent) for each in files if each.endswith("/info.json")}
    importing = {file.split("/")[0] for file in repository.find_text(commit, _RED)}
    return sorted(packs & importing)


def find_python(folder: Path, named: Path | None) -> Path:
    """Return the Python of a bot: the named one, its environment's, or this one.

    Raises `RehearsalError` if the named one does not exist.
    """
    if named is not None:
        path = named / "bin" / "python" if named.is_dir() else named
        if not os.access(path, os.X_OK):
            raise RehearsalError(f"--python: {named} is no Python; name bin/python of its venv.")
        return path.absolute()
    for name in ENVIRONMENTS:
        path = folder / name / "bin" / "python"
        if os.access(path, os.X_OK):
            return path.absolute()
    return Path(sys.executable)


def list_python_paths(python: Path) -> list[Path]:
    """Return the files of a Python and its environment, which its process must see."""
    prefix = python.parent.parent
    prefixes = [prefix]
    settings = prefix / "pyvenv.cfg"
    if settings.is_file():
        for line in settings.read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition("=")
            if key.strip() == "home":
                prefixes.append(Path(value.strip()).parent)
    else:
        prefixes.append(python.resolve().parent.parent)
    parts = ("bin", "lib", "lib64", "include", "pyvenv.cfg")
    found = [each / part for each in dict.fromkeys(prefixes) for part in parts]
    return [path for path in found if path.exists()]
