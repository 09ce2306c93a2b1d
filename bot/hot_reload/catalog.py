"""Finds the files of items and reads them, with size limits and without following links."""

import os
import stat
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bot.domain.cogs import get_cog_name
from bot.domain.live_items import ItemKind
from bot.hot_reload.content import ItemContent
from bot.infra.cog_files import find_module, is_extension
from bot.skills import MOST_FILES

Key = tuple[ItemKind, str]
SHARED = "ui"
"""The item of what cogs share: `cogs/ui/`, and files of `cogs/` whose names begin with `_`."""
_LARGEST: Mapping[ItemKind, int] = {
    "prompt": 64 * 1024,
    "persona": 16 * 1024,
    "skill": 512 * 1024,
    "config": 256 * 1024,
    "cog": 1024 * 1024,
}
_MOST_FILES = 200
_DEEP = ("prompts", "cogs")
_IGNORED = ("__pycache__",)
_IGNORED_ENDS = ("~", ".swp", ".swx", ".tmp", ".pyc", ".orig", ".rej")


class Located(NamedTuple):
    """The paths of an item, relative to the root; the configuration's may be absolute."""

    path: str
    paths: tuple[str, ...]


class Unreadable(NamedTuple):
    """Why an item's files cannot be taken, naming the file and the way out."""

    reason: str


class Catalog:
    """The items below a root. `config_file` may be outside of it, because its owner chose the path.

    `cogs` are the names of the loaded cogs; if empty, all cogs count.
    """

    def __init__(
        self, root: Path, config_file: Path | None = None, cogs: Collection[str] = ()
    ) -> None:
        self._root = root
        self._config = config_file
        self._cogs = frozenset(cogs)
        self._config_place = str(config_file)
        self._linked: dict[str, str] = {}
        self._seen_cogs: set[str] = set()

    @property
    def folders(self) -> tuple[tuple[tuple[Path, ...], bool], ...]:
        """The existing folders to watch, and whether to watch their subfolders too.

        The configuration's folder is watched without subfolders, because the state is often one of
        them and is written all the time.
        """
        deep = tuple(each for name in _DEEP if (each := self._root / name).is_dir())
        config_folder = () if self._config is None else (self._config.parent,)
        flat = tuple(each for each in config_folder if each.is_dir())
        return tuple((each, deeply) for each, deeply in ((deep, True), (flat, False)) if each)

    def is_relevant(self, path: Path) -> bool:
        """Return whether a changed path may be a file of an item, not a backup of an editor."""
        if _is_ignored(path.name) or any(part in _IGNORED for part in path.parts):
            return False
        if path == self._config:
            return True
        return any(path.is_relative_to(self._root / name) for name in _DEEP)

    def locate(self) -> dict[Key, Located]:
        """Return every item by kind and name. Raises `OSError` where a folder cannot be read."""
        self._linked = {str(self._root): ""}
        found: dict[Key, Located] = {}
        found |= _locate_prompts(self._root)
        found |= _locate_skills(self._root)
        if self._config is not None and os.path.lexists(self._config):
            found["config", "config"] = Located(self._name(self._config), (str(self._config),))
        cogs = _locate_cogs(self._root, self._cogs, self._seen_cogs)
        self._seen_cogs.update(name for _, name in cogs if name != SHARED)
        found |= cogs
        return dict(sorted(found.items()))

    def read(self, key: Key, located: Located) -> ItemContent | Unreadable:
        """Return the current files of an item, or why they cannot be used."""
        most = MOST_FILES if key[0] == "skill" else _MOST_FILES
        if len(located.paths) > most:
            return Unreadable(f"{located.path}: {len(located.paths)} files; {most} at most")
        files: dict[str, bytes] = {}
        left = _LARGEST[key[0]]
        for path in located.paths:
            try:
                data = self._read_bytes(path, left)
            except _Refused as refused:
                return Unreadable(f"{self._name(Path(path))}: {refused}")
            except OSError as error:
                return Unreadable(f"{self._name(Path(path))} cannot be read: {error.strerror}")
            left -= len(data)
            files[self._name(Path(path)) if key[0] == "config" else path] = data
        return ItemContent(files)

    def _read_bytes(self, path: str, most: int) -> bytes:
        place = os.path.join(self._root, path)  # noqa: PTH118  of hundreds of files, at each look
        if place != self._config_place and (link := self._link_of(place)):
            what = "it" if link == place else os.path.relpath(link, self._root)
            raise _Refused(f"{what} is a link; put the file itself there")
        # Non-blocking: opening a pipe would otherwise wait for a writer.
        handle = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise _Refused("it is no plain file; take it out")
            data = file.read(most + 1)
        if len(data) > most:
            raise _Refused(f"it is too large; {most // 1024 or 1} KB of this item are left for it")
        return data

    def _link_of(self, place: str) -> str:
        """Return the symbolic link in a path below the root, if there is one; results are cached.

        A link is refused even if it points into the root: its target, such as `.env`, would be
        shown, stored and backed up as a text.
        """
        if os.path.islink(place):  # noqa: PTH114
            return place
        folder, _ = os.path.split(place)
        if folder not in self._linked:
            self._linked[folder] = self._link_of(folder)
        return self._linked[folder]

    def _name(self, place: Path) -> str:
        if not place.is_absolute():
            return place.as_posix()
        if place.is_relative_to(self._root):
            return place.relative_to(self._root).as_posix()
        return place.as_posix()


class _Refused(Exception):
    """Raised for a file that must not be read."""


def _locate_prompts(root: Path) -> dict[Key, Located]:
    found: dict[Key, Located] = {}
    for name in _list_entries(f"{root}/prompts"):
        if name.endswith(".md"):
            kind: ItemKind = "persona" if name == "persona.md" else "prompt"
            path = f"prompts/{name}"
            found[kind, name.removesuffix(".md")] = Located(path, (path,))
    return found


def _locate_skills(root: Path) -> dict[Key, Located]:
    found: dict[Key, Located] = {}
    for name, entry in _list_entries(f"{root}/prompts/skills").items():
        path = f"prompts/skills/{name}"
        if entry.is_symlink():
            found["skill", name] = Located(path, (path,))  # refused as that
        elif entry.is_dir():
            found["skill", name] = Located(path, tuple(_list_files(root, path)))
    return found


def _locate_cogs(root: Path, wanted: Collection[str], seen: Collection[str]) -> dict[Key, Located]:
    """Return the cogs. One that was `seen` stays one, so that a lost `setup` is refused."""
    by_cog: dict[str, list[str]] = {}
    helpers: dict[str, bool] = {}
    for path in _list_files(root, "cogs"):
        name = _get_cog_name(path)
        if name not in helpers:
            helpers[name] = name not in seen and _is_helper(root, name)
        by_cog.setdefault(SHARED if helpers[name] else name, []).append(path)
    return {
        ("cog", name): Located(_place(name, paths), tuple(paths))
        for name, paths in by_cog.items()
        if name == SHARED or (_is_loadable(name, paths) and (not wanted or name in wanted))
    }


def _is_helper(root: Path, name: str) -> bool:
    """Return whether a module of `cogs` is no cog: what changes in it concerns every cog."""
    folder = root / "cogs"
    return find_module(folder, name) is not None and not is_extension(folder, name)


def _get_cog_name(path: str) -> str:
    """Return the cog that a file below `cogs` is of: its data too, where it is a folder."""
    parts = path.split("/")
    code = path if path.endswith(".py") else f"cogs/{parts[1]}/data.py"
    return SHARED if len(parts) == 2 and code != path else get_cog_name(code) or SHARED


def _is_loadable(name: str, paths: Sequence[str]) -> bool:
    return f"cogs/{name}.py" in paths or f"cogs/{name}/__init__.py" in paths


def _place(name: str, paths: Sequence[str]) -> str:
    """Return the file of a cog in one file, else its folder."""
    return paths[0] if paths == [f"cogs/{name}.py"] else f"cogs/{name}"


def _list_files(root: Path, folder: str) -> Iterable[str]:
    for name, entry in _list_entries(f"{root}/{folder}").items():
        path = f"{folder}/{name}"
        if entry.is_dir(follow_symlinks=False):
            yield from _list_files(root, path)
        else:
            yield path


def _list_entries(folder: str) -> dict[str, "os.DirEntry[str]"]:
    """Return the entries of a folder by name, sorted; empty if there is no such folder."""
    try:
        with os.scandir(folder) as entries:
            found = {entry.name: entry for entry in entries if not _is_ignored(entry.name)}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    return dict(sorted(found.items()))


def _is_ignored(name: str) -> bool:
    return name.startswith((".", "#")) or name in _IGNORED or name.endswith(_IGNORED_ENDS)
