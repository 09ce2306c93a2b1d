"""What a reloaded cog leaves behind: background loops, and buttons that its new code answers."""

from collections.abc import Iterable
from typing import Any

from discord import ui
from discord.ext import commands, tasks

Button = tuple[int, str]
View = ui.view.BaseView


class Leftovers:
    """The loops and views of an extension, collected before its reload.

    discord.py does not end loops that a cog forgot to stop, and does not remove views that it
    added. They would continue with the old code, and keep it in memory.
    """

    def __init__(self, bot: commands.Bot, extension: str) -> None:
        # discord.py has no other way to its views than this; its version is pinned.
        self._store = bot._connection._view_store
        self._extension = extension
        self._loops = tuple(
            loop
            for cog in bot.cogs.values()
            if self._is_ours(type(cog))
            for loop in _list_loops(cog)
        )
        self._views = tuple(
            view for view in self._store.persistent_views if self._is_ours(type(view))
        )
        self._dynamic = tuple(
            item for item in self._store._dynamic_items.values() if self._is_ours(item)
        )

    def clear(self, *, gone: bool = False) -> None:
        """Stop the loops, and drop the views whose buttons the new code handles; all if `gone`.

        A view with a time limit stays until then, because a person may be about to press a button.
        """
        for loop in self._loops:
            if loop.is_running():
                loop.cancel()
        now = self._store._dynamic_items
        for item in self._dynamic:
            if gone and now.get(item.__discord_ui_compiled_template__) is item:
                self._store.remove_dynamic_items(item)
        answered = {} if gone else self._get_button_views()
        for view in self._views:
            if gone or all(answered.get(each) not in (None, view) for each in _list_buttons(view)):
                self._drop(view)

    def _is_ours(self, kind: type) -> bool:
        module = kind.__module__
        return module == self._extension or module.startswith(f"{self._extension}.")

    def _get_button_views(self) -> dict[Button, View | None]:
        """Return the views that answer a button on whatever message."""
        items = self._store._views.get(None, {})
        return {key: item.view for key, item in items.items() if item.view is not None}

    def _drop(self, view: View) -> None:
        """Take a view out wherever it is the one that answers.

        `view.stop()` would take out whatever answers the same buttons: the new code as well.
        """
        for message_id, items in [*self._store._views.items()]:
            for key, item in [*items.items()]:
                if item.view is view:
                    del items[key]
            if not items:
                del self._store._views[message_id]
        for message_id, synced in [*self._store._synced_message_views.items()]:
            if synced is view:
                del self._store._synced_message_views[message_id]


def _list_loops(cog: commands.Cog) -> Iterable["tasks.Loop[Any]"]:
    for name in dir(type(cog)):
        if isinstance(getattr(type(cog), name, None), tasks.Loop):
            yield getattr(cog, name)


def _list_buttons(view: View) -> list[Button]:
    return [
        (item.type.value, str(getattr(item, "custom_id", "")))
        for item in view.walk_children()
        if item.is_dispatchable()
    ]
