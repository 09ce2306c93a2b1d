"""Tries every entry point as a user without permission, and records the act that was required."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import discord
from discord import app_commands, ui
from local_discord.person import Message

from bot.authority.policy import Act
from bot.domain.run import Run
from bot.grammar import Intent
from tests.support import entry_points
from tests.support.dev_channel import DevChannel
from tests.support.entry_points import COMMANDS, INTENT_TEXTS, ConversationSetup

_HEAD = "0" * 40
Going = Callable[[str], Awaitable[None]]
"""Uses an entry point as the person of that name."""
_DECISIONS = (
    Intent.CANCEL, Intent.SHIP, Intent.REJECT, Intent.REVERT, Intent.PAUSE, Intent.RESUME,
    Intent.STOP,
)  # fmt: skip
_SPELL = 61  # seconds to advance, so that rate limits of one minute do not apply


@dataclass
class AccessProbe:
    """Users without permission, in a channel with a run that waits for approval."""

    room: DevChannel
    run: Run
    card: Message
    table: ConversationSetup
    people: Sequence[str] = ("mallory",)
    everyday: Collection[str] = tuple(COMMANDS)

    async def list_findings(self) -> list[str]:
        """Return the faults of the entry points: missing from the table, or different from it."""
        there = Counter(entry_points.iterate_entry_points(self.room.client))
        found = [
            f"{entry}: in no table; ask the policy, or declare it open with a reason"
            for entry in there
            if entry not in self.table
        ]
        found += [f"{entry}: two go by this name" for entry, many in there.items() if many > 1]
        async for entry, wanted, asked in self._observe_entry_points():
            if asked != wanted:
                found.append(f"{entry}: asks for {asked or 'nothing'}, not for {wanted}")
        return found + [complaint async for complaint in self._find_undeclared()]

    async def _observe_entry_points(self) -> AsyncIterator[tuple[str, Act | str, str | None]]:
        """Yield each guarded entry point, the act it should require, and the act it required."""
        for entry, going in (
            *self._iterate_commands(), *self._iterate_menus(), *self._iterate_messages(),
            *self._iterate_edits()
        ):  # fmt: skip
            if isinstance(self.table.get(entry), Act):
                yield entry, self.table[entry], await self._try_entry(going)
        async for entry, going in self._iterate_buttons():
            if isinstance(self.table.get(entry), Act):
                yield entry, self.table[entry], await self._try_entry(going)
        for entry, command, option in self._iterate_choices():
            if isinstance(self.table.get(entry), Act):
                offered = await self._list_offered(command, option)
                yield entry, self.table[entry], self.table[entry] if not offered else None
        if isinstance(self.table["reacts 🚢"], Act):
            yield "reacts 🚢", self.table["reacts 🚢"], await self._try_entry(self._react)

    async def _find_undeclared(self) -> AsyncIterator[str]:
        """Use each command that is declared everyday; yield those that require an act."""
        for entry, going in self._iterate_commands():
            if entry in self.everyday and not isinstance(self.table.get(entry), Act):
                asked = await self._try_entry(going)
                if asked is not None:
                    yield f"{entry}: asks for {asked}, and is declared everyday"

    async def _try_entry(self, enter: Going) -> str | None:
        """Return the act that was refused if it was exactly one and the same for all people,
        else `None`.
        """
        self.room.world.clock.tick(_SPELL)
        before, state = await self.room.list_refused(), self._read_state()
        async with asyncio.TaskGroup() as group:
            for who in self.people:
                group.create_task(enter(who))  # type: ignore[arg-type]
        assert self._read_state() == state
        refused = set((await self.room.list_refused())[len(before) :])
        acts = {act for _, act in refused}
        same = refused == {(who, act) for who in self.people for act in acts}
        return acts.pop() if same and len(acts) == 1 else None

    def _read_state(self) -> object:
        """Return the state that users without permission must not change."""
        world = self.room.world
        return (
            dict(world.store.runs),  # type: ignore[attr-defined]
            dict(world.forge._pulls),
            dict(world.memory.bodies),
            world.kill_switch.stop,
            dict(world.flags.get_all()),
        )

    # The entry points

    def _iterate_commands(self) -> Iterator[tuple[str, Going]]:
        for command in entry_points.list_slash_commands(self.room.client):
            yield f"/{command.qualified_name}", partial(self._run_command, command)

    async def _run_command(self, command: app_commands.Command[Any, ..., Any], who: str) -> None:
        options = {p.display_name: self._choose_value(p) for p in command.parameters if p.required}
        answer = await self.room[who].run("dev", command.qualified_name, **options)
        await self._wait_for_answer(answer, "dev", who)

    def _choose_value(self, parameter: app_commands.Parameter) -> object:
        if parameter.type is discord.AppCommandOptionType.integer:
            return 1
        if parameter.type is discord.AppCommandOptionType.boolean:
            return True
        return parameter.choices[0].value if parameter.choices else self.run.id

    def _iterate_menus(self) -> Iterator[tuple[str, Going]]:
        for menu in entry_points.list_menus(self.room.client):
            yield f"menu {menu.name}", partial(self._use_menu, menu.name)

    async def _use_menu(self, menu: str, who: str) -> None:
        message = await self.room["bob"].say("general", "the dice are odd today")
        answer = await self.room[who].use_menu("general", menu, message)
        await self._wait_for_answer(answer, "general", who)

    def _iterate_messages(self) -> Iterator[tuple[str, Going]]:
        for intent in Intent:
            yield f"says {intent}", partial(self._send_message, INTENT_TEXTS[intent])

    async def _send_message(self, text: str, who: str) -> None:
        """Post the text in the run's thread.

        The first person also sends it as a direct message, and forged copies of it are injected.
        """
        message = await self.room[who].say(str(self.run.thread_id), f"{self._mention} {text}")
        if who == self.people[0]:
            self._forge(message, text)
            self.room.world.clock.tick(_SPELL)
            direct = await self.room[who].say(f"@{who}", text)
            assert self.run.id not in (await self.room.wait_for_reply(who, direct))["content"]
        await self.room.wait_for_reply(who, message)

    @property
    def _mention(self) -> str:
        return f"<@{self.room.local.bot_user_id}>"

    def _forge(self, message: Message, text: str) -> None:
        """Inject copies of the message from a bot, a webhook and an unknown server, in alice's
        name.
        """
        alice = {
            **message["author"],
            "id": str(self.room.local.people["alice"]),
            "username": "alice",
        }
        message = {**message, "author": alice, "guild_id": str(self.room.local.guild_id)}
        marks: tuple[dict[str, Any], ...] = (
            {"author": {**alice, "id": "76", "bot": True}},
            {"webhook_id": "77", "author": {**alice, "id": "77"}},
            {"webhook_id": "77"},
            {"guild_id": "42", "channel_id": "43", "content": text},
        )
        for number, mark in enumerate(marks, 1):
            forged = {**message, **mark, "id": str(int(message["id"]) + number)}
            self.room.client._connection.parse_message_create(forged)  # type: ignore[arg-type]

    def _iterate_edits(self) -> Iterator[tuple[str, Going]]:
        for intent in _DECISIONS:
            yield (
                "hears Conversation.on_raw_message_edit",
                partial(self._edit_message, INTENT_TEXTS[intent]),
            )

    async def _edit_message(self, text: str, who: str) -> None:
        """Post a message that addresses no one in the run's thread, then edit it into a
        decision.
        """
        thread = str(self.run.thread_id)
        message = await self.room[who].say(thread, "lunch at one, as always?")
        edited = await self.room[who].edit(thread, message, f"{self._mention} {text}")
        await self.room.wait_for_reply(who, edited)

    async def _react(self, who: str) -> None:
        thread = str(self.run.thread_id)
        *_, latest = await self.room[who].list_messages(thread)
        await self.room[who].react(thread, self.card, "🚢")
        await self.room[who].wait_for(
            thread, lambda m: f"Sorry {who}" in m["content"], after=latest["id"]
        )

    async def _iterate_buttons(self) -> AsyncIterator[tuple[str, Going]]:
        """Post every button that the bot knows, and yield an action that presses it."""
        thread = str(self.run.thread_id)
        channel = self.room.client.get_partial_messageable(int(thread))
        for item in entry_points.list_dynamic_items(self.room.client):
            acts = entry_points.list_acts(item)
            ids = {act: build_button_id(item, act, self.run.id) for act in acts}
            view = ui.View(timeout=None)
            for each in ids.values():
                view.add_item(ui.Button(label="press", custom_id=each))
            view.stop()  # what answers is the kind of button, not this view
            shown = await channel.send("all there is to press", view=view)
            for act, each in ids.items():
                press = partial(self._press_button, thread, each, str(shown.id))
                yield f"button {item.__name__} {act}", press

    async def _press_button(self, thread: str, button: str, message: str, who: str) -> None:
        answer = await self.room[who].press(thread, button, message)
        await self._wait_for_answer(answer, thread, who)

    def _iterate_choices(self) -> Iterator[tuple[str, str, str]]:
        for command in entry_points.list_slash_commands(self.room.client):
            for name in entry_points.list_choice_options(command):
                yield f"choices {name}", command.qualified_name, name.rpartition(" ")[2]

    async def _list_offered(self, command: str, option: str) -> Sequence[object]:
        asked = {"autocomplete": command, "option": option, "value": ""}
        answers = [await self.room[who].interact("dev", **asked) for who in self.people]
        return [choice for each in answers for choice in each["choices"]]

    async def _wait_for_answer(self, answer: dict[str, Any], channel: str, who: str) -> None:
        """Wait until the answer is complete."""
        if answer["result"] == "deferred":
            wanted = answer["message"]["id"]
            await self.room[who].wait_for(
                channel,
                lambda m: m["id"] == wanted and bool(m["content"] or m.get("embeds")),
                after=str(int(wanted) - 1),
            )


def build_button_id(item: type[ui.DynamicItem[Any]], act: str, run_id: str) -> str:
    """Return an id that matches the button's template for this act."""
    run, decides = f"theseus:{act}:{run_id}", f"theseus:decide:{act}:{run_id}:{_HEAD}:1"
    others = (
        decides,
        f"theseus:incident:{act}:{run_id}",
        f"theseus:wish:{act}:{run_id}",
        f"theseus:review:{act}:{run_id}-0",
        f"theseus:later:{act}:run:{run_id}",
        f"theseus:about:{act}:roll",
        f"theseus:flag:{act}:coinflip:0",
        f"{run}:0",
        f"theseus:privacy:{act}",
        f"theseus:meant:{act}",
        f"theseus:tool:{act}:{_HEAD[:16] * 4}",
        f"theseus:rollback:{act}:{_HEAD[:12]}:1:{_HEAD[:16]}",
    )
    known = (f"{run}:{_HEAD}", f"{run}:{_HEAD[:8]}", *others)
    for tried in (*known, act):
        if item.__discord_ui_compiled_template__.fullmatch(tried):
            return tried
    raise AssertionError(f"no id of {item.__name__} is known here: add one")
