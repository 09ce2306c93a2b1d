"""Going in by every way there is, as somebody who may not: what is asked for, and what changes."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import discord
from discord import app_commands, ui

from bot.authority.policy import Act
from bot.domain.run import Run
from bot.grammar import Intent
from local_discord.person import Message
from tests.support import entries
from tests.support.dev_channel import DevChannel
from tests.support.entries import COMMANDS, SAID, Table

_HEAD = "0" * 40
Going = Callable[[str], Awaitable[None]]
"""Goes in as the person of that name."""
_DECISIONS = (
    Intent.CANCEL, Intent.SHIP, Intent.REJECT, Intent.REVERT, Intent.PAUSE, Intent.RESUME,
    Intent.STOP,
)  # fmt: skip
_SPELL = 61  # seconds: so much in one minute would only be counted, or not be heard


@dataclass
class Trespasser:
    """People who may not, in a room with a run that waits for a word."""

    room: DevChannel
    run: Run
    card: Message
    table: Table
    people: Sequence[str] = ("mallory",)
    everyday: Collection[str] = tuple(COMMANDS)

    async def complaints(self) -> list[str]:
        """Return what is wrong with the ways in: not in the table, or not as the table says."""
        there = Counter(entries.entries(self.room.client))
        found = [
            f"{entry}: in no table; ask the policy, or declare it open with a reason"
            for entry in there
            if entry not in self.table
        ]
        found += [f"{entry}: two go by this name" for entry, many in there.items() if many > 1]
        async for entry, wanted, asked in self._observed():
            if asked != wanted:
                found.append(f"{entry}: asks for {asked or 'nothing'}, not for {wanted}")
        return found + [complaint async for complaint in self._not_everyday()]

    async def _observed(self) -> AsyncIterator[tuple[str, Act | str, str | None]]:
        """Yield each guarded way in that was tried, with the act wanted, and what was asked."""
        for entry, going in (
            *self._commands(), *self._menus(), *self._words(), *self._edits()
        ):  # fmt: skip
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

    async def _not_everyday(self) -> AsyncIterator[str]:
        """Use each command that is declared everyday; yield those that ask for an act after all."""
        for entry, going in self._commands():
            if entry in self.everyday and not isinstance(self.table.get(entry), Act):
                asked = await self._tried(going)
                if asked is not None:
                    yield f"{entry}: asks for {asked}, and is declared everyday"

    async def _tried(self, going: Going) -> str | None:
        """Return the act that was refused while each went in, if it was exactly one for all."""
        self.room.world.clock.tick(_SPELL)
        before, state = await self.room.refused(), self._state()
        async with asyncio.TaskGroup() as group:
            for who in self.people:
                group.create_task(going(who))  # type: ignore[arg-type]
        assert self._state() == state
        refused = set((await self.room.refused())[len(before) :])
        acts = {act for _, act in refused}
        same = refused == {(who, act) for who in self.people for act in acts}
        return acts.pop() if same and len(acts) == 1 else None

    def _state(self) -> object:
        """Return what nobody who may not must change."""
        world = self.room.world
        return (
            dict(world.store.runs),  # type: ignore[attr-defined]
            dict(world.forge._pulls),
            dict(world.memory.bodies),
            world.kill_switch.stop,
            dict(world.flags.all()),
        )

    # The ways in

    def _commands(self) -> Iterator[tuple[str, Going]]:
        for command in entries.slash(self.room.client):
            yield f"/{command.qualified_name}", partial(self._runs, command)

    async def _runs(self, command: app_commands.Command[Any, ..., Any], who: str) -> None:
        options = {p.display_name: self._value(p) for p in command.parameters if p.required}
        told = await self.room[who].run("dev", command.qualified_name, **options)
        await self._answered(told, "dev", who)

    def _value(self, parameter: app_commands.Parameter) -> object:
        if parameter.type is discord.AppCommandOptionType.integer:
            return 1
        if parameter.type is discord.AppCommandOptionType.boolean:
            return True
        return parameter.choices[0].value if parameter.choices else self.run.id

    def _menus(self) -> Iterator[tuple[str, Going]]:
        for menu in entries.menus(self.room.client):
            yield f"menu {menu.name}", partial(self._uses, menu.name)

    async def _uses(self, menu: str, who: str) -> None:
        said = await self.room["bob"].say("general", "the dice are odd today")
        told = await self.room[who].use_menu("general", menu, said)
        await self._answered(told, "general", who)

    def _words(self) -> Iterator[tuple[str, Going]]:
        for intent in Intent:
            yield f"says {intent}", partial(self._says, SAID[intent])

    async def _says(self, text: str, who: str) -> None:
        """Say it in the run's thread; the first to the bot alone too, and programs as somebody."""
        said = await self.room[who].say(str(self.run.thread_id), f"{self._mention} {text}")
        if who == self.people[0]:
            self._forge(said, text)
            self.room.world.clock.tick(_SPELL)
            direct = await self.room[who].say(f"@{who}", text)
            assert self.run.id not in (await self.room.reply(who, direct))["content"]
        await self.room.reply(who, said)

    @property
    def _mention(self) -> str:
        return f"<@{self.room.local.bot_user_id}>"

    def _forge(self, said: Message, text: str) -> None:
        """Have a bot, a webhook and somebody in a server the bot does not know say it, as alice."""
        alice = {**said["author"], "id": str(self.room.local.people["alice"]), "username": "alice"}
        said = {**said, "author": alice, "guild_id": str(self.room.local.guild_id)}
        marks: tuple[dict[str, Any], ...] = (
            {"author": {**alice, "id": "76", "bot": True}},
            {"webhook_id": "77", "author": {**alice, "id": "77"}},
            {"webhook_id": "77"},
            {"guild_id": "42", "channel_id": "43", "content": text},
        )
        for number, mark in enumerate(marks, 1):
            forged = {**said, **mark, "id": str(int(said["id"]) + number)}
            self.room.client._connection.parse_message_create(forged)  # type: ignore[arg-type]

    def _edits(self) -> Iterator[tuple[str, Going]]:
        for intent in _DECISIONS:
            yield "hears Conversation.on_raw_message_edit", partial(self._edits_into, SAID[intent])

    async def _edits_into(self, text: str, who: str) -> None:
        """Say something to nobody in the run's thread, and change it into a decision."""
        thread = str(self.run.thread_id)
        said = await self.room[who].say(thread, "lunch at one, as always?")
        edited = await self.room[who].edit(thread, said, f"{self._mention} {text}")
        await self.room.reply(who, edited)

    async def _reacts(self, who: str) -> None:
        thread = str(self.run.thread_id)
        known = {message["id"] for message in await self.room[who].messages(thread)}
        await self.room[who].react(thread, self.card, "🚢")
        await self.room[who].wait_for(
            thread, lambda m: m["id"] not in known and f"Sorry {who}" in m["content"]
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

    async def _presses(self, thread: str, button: str, message: str, who: str) -> None:
        told = await self.room[who].press(thread, button, message)
        await self._answered(told, thread, who)

    def _choices(self) -> Iterator[tuple[str, str, str]]:
        for command in entries.slash(self.room.client):
            for name in entries.choosing(command):
                yield f"choices {name}", command.qualified_name, name.rpartition(" ")[2]

    async def _offered(self, command: str, option: str) -> Sequence[object]:
        asked = {"autocomplete": command, "option": option, "value": ""}
        told = [await self.room[who].interact("dev", **asked) for who in self.people]
        return [choice for each in told for choice in each["choices"]]

    async def _answered(self, told: dict[str, Any], channel: str, who: str) -> None:
        """Wait until it has been answered in full."""
        if told["result"] == "deferred":
            wanted = told["message"]["id"]
            await self.room[who].wait_for(
                channel, lambda m: m["id"] == wanted and bool(m["content"] or m.get("embeds"))
            )


def button_id(item: type[ui.DynamicItem[Any]], act: str, run_id: str) -> str:
    """Return an id that such a button may have, whatever is in its template besides the act."""
    run, decides = f"theseus:{act}:{run_id}", f"theseus:decide:{act}:{run_id}:{_HEAD}:1"
    others = (
        decides,
        f"theseus:incident:{act}:{run_id}",
        f"theseus:wish:{act}:{run_id}",
        f"theseus:about:{act}:roll",
        f"theseus:flag:{act}:coinflip:0",
        f"{run}:0",
        f"theseus:privacy:{act}",
        f"theseus:rollback:{act}:{_HEAD[:12]}:1:{_HEAD[:16]}",
    )
    known = (f"{run}:{_HEAD}", f"{run}:{_HEAD[:8]}", *others)
    for tried in (*known, act):
        if item.__discord_ui_compiled_template__.fullmatch(tried):
            return tried
    raise AssertionError(f"no id of {item.__name__} is known here: add one")
