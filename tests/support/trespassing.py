"""Going in by every way there is, as somebody who may not: what is asked for, and what changes."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import discord
from discord import app_commands, ui

from bot.domain.grammar import Intent
from bot.domain.policy import Act
from bot.domain.run import Run
from bot.local.person import Message
from tests.support import entries
from tests.support.dev_channel import DevChannel
from tests.support.entries import SAID, Table

WHO = "mallory"
_HEAD = "0" * 40
Going = Callable[[], Awaitable[None]]
_SPELL = 61  # seconds: so many refusals in one minute would only be counted


@dataclass
class Trespasser:
    """Somebody on no list, in a room with a run that waits for a word."""

    room: DevChannel
    run: Run
    card: Message
    table: Table

    async def complaints(self) -> list[str]:
        """Return what is wrong with the ways in: not in the table, or not as the table says."""
        found = [
            f"{entry}: in no table; ask the policy, or declare it open with a reason"
            for entry in entries.entries(self.room.client)
            if entry not in self.table
        ]
        async for entry, wanted, asked in self._observed():
            if asked != wanted:
                found.append(f"{entry}: asks for {asked or 'nothing'}, not for {wanted}")
        return found

    async def _observed(self) -> AsyncIterator[tuple[str, Act | str, str | None]]:
        """Yield each guarded way in that was tried, with the act wanted, and what was asked."""
        for entry, going in (*self._commands(), *self._menus(), *self._words()):
            if isinstance(self.table.get(entry), Act):
                yield entry, self.table[entry], await self._tried(going)
        async for entry, going in self._buttons():
            if isinstance(self.table.get(entry), Act):
                yield entry, self.table[entry], await self._tried(going)
        for entry, command, option in self._choices():
            if isinstance(self.table.get(entry), Act):
                offered = await self._offered(command, option)
                yield entry, self.table[entry], self.table[entry] if not offered else None
        if isinstance(self.table["reacts 🚢"], Act):
            yield "reacts 🚢", self.table["reacts 🚢"], await self._tried(self._reacts)

    async def _tried(self, going: Going) -> str | None:
        """Return the act that was refused while somebody went in, if it was exactly one."""
        self.room.world.clock.tick(_SPELL)
        before, state = await self.room.refused(), self._state()
        await going()
        assert self._state() == state
        refused = (await self.room.refused())[len(before) :]
        acts = {act for who, act in refused if who == WHO}
        return acts.pop() if len(acts) == 1 else None

    def _state(self) -> object:
        """Return what nobody who may not must change."""
        world = self.room.world
        return (
            dict(world.store.runs),  # type: ignore[attr-defined]
            dict(world.forge._pulls),
            dict(world.memory.bodies),
            world.brake.stop,
        )

    # The ways in

    def _commands(self) -> Iterator[tuple[str, Going]]:
        for command in entries.slash(self.room.client):
            yield f"/{command.qualified_name}", partial(self._runs, command)

    async def _runs(self, command: app_commands.Command[Any, ..., Any]) -> None:
        options = {p.display_name: self._value(p) for p in command.parameters if p.required}
        told = await self.room[WHO].run("dev", command.qualified_name, **options)
        await self._answered(told, "dev")

    def _value(self, parameter: app_commands.Parameter) -> object:
        if parameter.type is discord.AppCommandOptionType.integer:
            return 1
        if parameter.type is discord.AppCommandOptionType.boolean:
            return True
        return self.run.id

    def _menus(self) -> Iterator[tuple[str, Going]]:
        for menu in entries.menus(self.room.client):
            yield f"menu {menu.name}", partial(self._uses, menu.name)

    async def _uses(self, menu: str) -> None:
        said = await self.room["bob"].say("general", "the dice are odd today")
        told = await self.room[WHO].use_menu("general", menu, said)
        await self._answered(told, "general")

    def _words(self) -> Iterator[tuple[str, Going]]:
        for intent in Intent:
            yield f"says {intent}", partial(self._says, SAID[intent])

    async def _says(self, text: str) -> None:
        thread = str(self.run.thread_id)
        mention = f"<@{self.room.local.bot_user_id}>"
        said = await self.room[WHO].say(thread, f"{mention} {text}")
        await self.room[WHO].wait_for(
            thread, lambda m: (m.get("message_reference") or {}).get("message_id") == said["id"]
        )

    async def _reacts(self) -> None:
        thread = str(self.run.thread_id)
        known = {message["id"] for message in await self.room[WHO].messages(thread)}
        await self.room[WHO].react(thread, self.card, "🚢")
        await self.room[WHO].wait_for(
            thread, lambda m: m["id"] not in known and f"Sorry {WHO}" in m["content"]
        )

    async def _buttons(self) -> AsyncIterator[tuple[str, Going]]:
        """Have the bot show every button it knows, and yield a press of each."""
        thread = str(self.run.thread_id)
        channel = self.room.client.get_partial_messageable(int(thread))
        for item in entries.items(self.room.client):
            acts = entries.acts_of(item)
            ids = {act: button_id(item, act, self.run.id) for act in acts}
            view = ui.View(timeout=None)
            for each in ids.values():
                view.add_item(ui.Button(label="press", custom_id=each))
            view.stop()  # what answers is the kind of button, not this view
            shown = await channel.send("all there is to press", view=view)
            for act, each in ids.items():
                press = partial(self._presses, thread, each, str(shown.id))
                yield f"button {item.__name__} {act}", press

    async def _presses(self, thread: str, button: str, message: str) -> None:
        told = await self.room[WHO].press(thread, button, message)
        await self._answered(told, thread)

    def _choices(self) -> Iterator[tuple[str, str, str]]:
        for command in entries.slash(self.room.client):
            for name in entries.choosing(command):
                yield f"choices {name}", command.qualified_name, name.rpartition(" ")[2]

    async def _offered(self, command: str, option: str) -> Sequence[object]:
        told = await self.room[WHO].interact("dev", autocomplete=command, option=option, value="")
        return list(told["choices"])

    async def _answered(self, told: dict[str, Any], channel: str) -> None:
        """Wait until it has been answered in full."""
        if told["result"] == "deferred":
            wanted = told["message"]["id"]
            await self.room[WHO].wait_for(
                channel, lambda m: m["id"] == wanted and bool(m["content"] or m.get("embeds"))
            )


def button_id(item: type[ui.DynamicItem[Any]], act: str, run_id: str) -> str:
    """Return an id that such a button may have, whatever is in its template besides the act."""
    for tried in (f"theseus:{act}:{run_id}:{_HEAD}", f"theseus:incident:{act}:{run_id}", act):
        if item.__discord_ui_compiled_template__.fullmatch(tried):
            return tried
    raise AssertionError(f"no id of {item.__name__} is known here: add one")
