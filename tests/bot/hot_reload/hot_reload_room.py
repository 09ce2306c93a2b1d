"""A live registry over a temporary folder, with everything that it reported."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from bot.domain.errors import ConfigError
from bot.domain.live_items import FILE_AUTHOR, ItemKind, LiveItem, ReloadResult
from bot.hot_reload.catalog import Catalog, Key
from bot.hot_reload.content import ItemContent
from bot.hot_reload.live_changes import LiveChanges
from bot.hot_reload.look import ItemChange
from bot.hot_reload.registry import FileLiveRegistry, ItemLoader
from bot.hot_reload.validation import Validation, decode_text
from bot.hot_reload.versions import VersionRepository
from bot.settings import parse_config
from tests.fakes.fake_clock import START, FakeClock

ROOT = Path(__file__).resolve().parents[3]
CONFIG = (ROOT / "data/config.yaml").read_text(encoding="utf-8")


def skill(name: str, text: str = "Look first.") -> str:
    """Return a whole skill."""
    return f"---\nname: {name}\ndescription: What to do.\n---\n{text}\n"


FILES = {
    "prompts/persona.md": "Kind.\n",
    "prompts/executor.md": "Write $what as $who.\n",
    "prompts/skills/triage/SKILL.md": skill("triage"),
    "cogs/__init__.py": "",
    "cogs/dice.py": "SIDES = 6\n",
    "cogs/ui/__init__.py": "",
    "data/config.yaml": CONFIG,
}


def config_flaw(_name: str, content: ItemContent) -> str:
    """Return what is wrong with a configuration."""
    try:
        parse_config(decode_text(content), "data/config.yaml")
    except ConfigError as error:
        return str(error)
    return ""


class Loader:
    """Keeps what it is to load. `refusing` has reasons by name."""

    def __init__(self) -> None:
        self.loaded: list[tuple[str, ...]] = []
        self.refusing: dict[str, str] = {}
        self.waiting: tuple[str, ...] = ()

    async def load(self, changed: Sequence[ItemChange]) -> Mapping[Key, str]:
        """Take all of it, but what is to be refused."""
        self.loaded.append(tuple(each.key[1] for each in changed))
        names = {each.key: self.refusing.get(each.key[1], "") for each in changed}
        return {key: reason for key, reason in names.items() if reason}


class Room:
    """The registry, its folder, and what it has told."""

    def __init__(self, root: Path, registry: FileLiveRegistry, cogs: Loader) -> None:
        self.root = root
        self.registry = registry
        self.cogs = cogs
        self.told: list[LiveChanges] = []
        self.told_at_start: tuple[LiveChanges, ...] = ()

    def write(self, path: str, text: str | bytes) -> None:
        """Write a file below the root."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())

    async def look(self) -> ReloadResult:
        """Have the registry look."""
        return await self.registry.reload(FILE_AUTHOR)

    def item(self, kind: ItemKind, name: str) -> LiveItem:
        """Return an item."""
        return self.registry.get_item(kind, name)


@asynccontextmanager
async def hot_room(
    root: Path, *, files: Mapping[str, str] | None = None, at: datetime = START
) -> AsyncIterator[Room]:
    """Make a registry that has started on the files, or on what lies there already."""
    loader = Loader()
    loaders: dict[ItemKind, ItemLoader] = {"cog": loader}
    told: list[LiveChanges] = []

    async def tell(changes: LiveChanges) -> None:
        told.append(changes)

    async with VersionRepository(root / "state" / "live.sqlite3") as versions:
        registry = FileLiveRegistry(
            Catalog(root, root / "data/config.yaml"),
            Validation(config=config_flaw),
            versions,
            FakeClock(at),
            commit=lambda: "c0ffee",
            loaders=loaders,
            tell=tell,
        )
        room = Room(root, registry, loader)
        room.told = told
        for path, text in (FILES if files is None else files).items():
            room.write(path, text)
        await registry.start()
        room.told_at_start = tuple(told)
        told.clear()
        yield room
