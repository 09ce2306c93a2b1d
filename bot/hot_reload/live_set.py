"""Everything that is live at one moment. It is never changed: a new one takes its place."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from bot.domain.live_items import ItemKind, LiveItem
from bot.domain.skill import RefusedSkill, SkillSet
from bot.hot_reload.catalog import Key
from bot.hot_reload.content import ItemContent
from bot.hot_reload.validation import decode_text


@dataclass(frozen=True)
class LiveState:
    """An item with its live content, and a mark of its file at the last check.

    `content` is `None` if no version was ever valid. `newest` is the highest version number.
    """

    item: LiveItem
    content: ItemContent | None
    mark: str
    newest: int

    @property
    def key(self) -> Key:
        """The item's kind and name."""
        return self.item.kind, self.item.name


class LiveSet:
    """Items by kind and name, and the texts of prompts as they are rendered."""

    def __init__(self, states: Iterable[LiveState] = ()) -> None:
        by_key = {state.key: state for state in states}
        self.states: Mapping[Key, LiveState] = MappingProxyType(dict(sorted(by_key.items())))
        self.prompts: Mapping[str, str] = MappingProxyType(
            {
                state.item.name: decode_text(state.content)
                for state in self.states.values()
                if state.content is not None and state.item.kind in ("prompt", "persona")
            }
        )

    @cached_property
    def skills(self) -> SkillSet:
        """The skills for models, and the refused ones with their reasons."""
        contents = self.get_contents("skill")
        return SkillSet(
            skills=tuple(content.get_skill(name) for name, content in contents.items()),
            refused=tuple(
                RefusedSkill(name=item.name, reason=item.reason)
                for item in self.list_items("skill")
                if item.state == "refused"
            ),
        )

    def list_items(self, kind: ItemKind | None = None) -> tuple[LiveItem, ...]:
        """Return the items by kind and name."""
        return tuple(
            state.item for state in self.states.values() if kind in (None, state.item.kind)
        )

    def get_contents(self, kind: ItemKind) -> Mapping[str, ItemContent]:
        """Return what is live of each item of a kind, by its name."""
        return {
            state.item.name: state.content
            for state in self.states.values()
            if state.item.kind == kind and state.content is not None
        }

    def replace_states(
        self, changed: Iterable[LiveState], removed: Iterable[Key] = ()
    ) -> "LiveSet":
        """Return a set with these states in place of those of the same items."""
        gone = set(removed)
        remaining = {key: state for key, state in self.states.items() if key not in gone}
        return LiveSet((remaining | {state.key: state for state in changed}).values())
