"""What was live when the program ended: where it begins again, whatever the files hold by now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.live_items import LiveItem
from bot.hot_reload.catalog import Key
from bot.hot_reload.content import ItemContent
from bot.hot_reload.live_set import LiveState
from bot.hot_reload.look import Seen
from bot.hot_reload.validation import Validation
from bot.hot_reload.versions import SavedItem, SqlVersionRepository


@dataclass(frozen=True, eq=False)
class LastGood:
    """The newest version of each item that is valid now, beginning with the one that was live."""

    versions: SqlVersionRepository
    validation: Validation
    now: datetime

    async def load_states(self, seen: Seen, saved: Mapping[Key, SavedItem]) -> list[LiveState]:
        """Return the items whose files are there, or may not be gone. Raises `StoreError`."""
        return [state for each in saved.values() if (state := await self._load_state(each, seen))]

    async def _load_state(self, saved: SavedItem, seen: Seen) -> LiveState | None:
        if saved.key not in seen and not self.validation.check_removal(saved.key):
            return None
        kind, name = saved.key
        path = seen[saved.key][0].path if saved.key in seen else f"prompts/{name}.md"
        stored = {each.number: each.at for each in await self.versions.list_versions(saved.key)}
        for number in dict.fromkeys([saved.version, *stored]):
            content = await self.versions.get_content(saved.key, number)
            if content is None or self.validation(saved.key, content):
                continue
            back = saved.rolled_back if number == saved.version else None
            item = LiveItem(
                kind=kind, name=name, path=path, version=number, digest=content.digest,
                since=stored.get(number, self.now) if back is None else back.at, rolled_back=back,
            )  # fmt: skip
            # a file that was refused is judged again: the rules may have changed since
            mark = saved.mark if back is not None or saved.mark == content.digest else ""
            return LiveState(item, content, mark, saved.newest)
        return None


def collect_prompts(seen: Seen) -> dict[str, ItemContent]:
    """Return the prompts as the files have them."""
    return {
        name: read
        for (kind, name), (_, read) in seen.items()
        if kind in ("prompt", "persona") and isinstance(read, ItemContent)
    }
