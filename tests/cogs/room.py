"""A simulated guild with a few people, and the real client with one cog in it."""

import asyncio
import random
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import discord
import simcord
from theseus_observe.failures.no_response import NoResponse
from theseus_observe.redaction import redact
from theseus_rehearsal.records import WebAnswer

from bot.client import Identity, TheseusClient
from bot.domain.flag import build_flags_for_all
from bot.domain.guilds import AllowLists
from bot.domain.journal import ActionOutcome
from bot.domain.people import AllowList
from bot.telemetry import Recorder
from tests.fakes.fake_journal import FakeJournal
from tests.support.recorded_web import use_recorded_web

ROOT = Path(__file__).resolve().parents[2]
_OBJECT = re.compile(r"<[^<>\n]+ at 0x[0-9a-f]+>")


class SimulatedClock:
    """Implements `bot.ports.clock.Clock` with the simulation's time, which tests can skip."""

    def __init__(self) -> None:
        self.env: simcord.Env | None = None

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) if self.env is None else self.env.now()

    def monotonic(self) -> float:
        return self.now().timestamp()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Room:
    """What a cog's test needs: the channel, people in it, and the bot that listens there."""

    def __init__(
        self,
        cog_module: str,
        state: Path,
        flags: Sequence[str] = (),
        prefixes: Sequence[str] = (),
    ) -> None:
        self._cog_module = cog_module
        self._prefixes = prefixes
        self._flags = build_flags_for_all(flags)
        self._state = state
        self._clock = SimulatedClock()
        self.journal = FakeJournal()
        self.bot = self._new_bot()
        self.env = simcord.Env(self.bot)
        self._clock.env = self.env
        self._people: list[simcord.MemberActor] = []

    async def open(self) -> None:
        await self.env.start()
        guild = self.env.create_guild()
        self._guild = guild
        self.channel = guild.create_text_channel("dev")
        self.alice = self.join("alice")
        self.bob = self.join("bob")

    def join(self, name: str, *permissions: str, roles: Sequence[str] = ()) -> simcord.MemberActor:
        """Let somebody else in, with these roles, and permissions that not everybody has."""
        given = [self.role(each) for each in roles]
        if permissions:
            allowed = discord.Permissions(**dict.fromkeys(permissions, True))
            given.append(self._guild.create_role(f"{name}'s", permissions=allowed))
        member = self._guild.add_member(self.env.create_user(name), roles=given)
        self._people.append(member)
        return member

    def role(self, name: str) -> simcord.RoleHandle:
        """Return the role of that name; a new one where there is none."""
        return self._guild.roles.get(name) or self._guild.create_role(name, mentionable=True)

    def text_channel(self, name: str) -> simcord.ChannelHandle:
        """Return the channel of that name; a new one where there is none."""
        return self._guild.channels.get(name) or self._guild.create_text_channel(name)

    async def say(
        self,
        person: simcord.MemberActor,
        text: str,
        *,
        reply_to: discord.Message | None = None,
        channel: simcord.ChannelHandle | None = None,
    ) -> discord.Message:
        """Let somebody say something; `@Theseus`, `@bob` and roles are mentioned by their names."""
        known = {name[1:]: mention for mention, name in self._names().items() if name[0] == "@"}
        typed = re.sub(r"@(\w+)", lambda found: known.get(found[1], found[0]), text)
        return await person.send(channel or self.channel, typed, reply_to=reply_to)

    async def press(
        self,
        person: simcord.MemberActor,
        called: str,
        *values: object,
        on: discord.Message | None = None,
        channel: simcord.ChannelHandle | None = None,
    ) -> simcord.InteractionResult:
        """Let somebody press a button, or choose these values of a select.

        It is called by its label, placeholder or custom id, on the newest message that shows it.
        """
        shown = [on] if on else reversed((channel or self.channel).history(viewer=person))
        for message in shown:
            for part in _components(message):
                if called in _called(part):
                    if part["type"] == discord.ComponentType.button.value:
                        return await person.click(message, custom_id=part["custom_id"])
                    chosen = [_value(part, each) for each in values]
                    return await person.select(message, chosen, custom_id=part["custom_id"])
        raise AssertionError(f"nothing shows {called!r}")

    async def submit(
        self,
        person: simcord.MemberActor,
        form: simcord.InteractionResult,
        fields: Mapping[str, str],
    ) -> simcord.InteractionResult:
        """Let somebody fill in and send the form they were shown, by its labels or custom ids."""
        ids = _field_ids((form.modal or {}).get("components", ()))
        return await person.submit_modal(form, {ids.get(k, k): v for k, v in fields.items()})

    def shown(self, answer: simcord.InteractionResult) -> str:
        """Return all that whoever asked can read of an answer; empty where there is none."""
        messages = [each.message for each in (answer.response, *answer.followups) if each]
        lines = [line for message in messages for line in _lines(message) if line]
        if answer.modal:
            lines.append(answer.modal["title"])
        text, names = _without_objects("\n".join(lines)), self._names()
        return re.sub(r"<(@|@&|#)!?\d+>", lambda found: names.get(found[0], found[0]), text)

    def answer_to(self, message: discord.Message) -> str:
        """Return all that people see after a message: later ones, reactions, or that it is gone."""
        shown = {each.id: each for each in self.channel.history()}
        lines = [line for each in shown.values() if each.id > message.id for line in _lines(each)]
        own = shown.get(message.id)
        lines += ["deleted"] if own is None else [str(each.emoji) for each in own.reactions]
        return _without_objects("\n".join(filter(None, lines)))

    def _names(self) -> dict[str, str]:
        """Return what can be mentioned: `@alice`, `@Theseus`, `@crew`, `#dev`, by the mention."""
        me = {self.bot.user.mention: "@Theseus"} if self.bot.user else {}
        roles = {role.mention: f"@{name}" for name, role in self._guild.roles.items()}
        channels = {each.mention: f"#{name}" for name, each in self._guild.channels.items()}
        return me | channels | roles | {each.mention: f"@{each.name}" for each in self._people}

    async def restart(self, away: float = 0) -> None:
        """End the bot and, `away` seconds later, start a new one on the same files."""
        await self.bot.unload_extension(self._cog_module)
        await self.env.advance_time(away)
        self.bot = self._new_bot()
        await self.env.restart_bot(self.bot)

    def said(self) -> list[str]:
        """What stands in the channel, oldest first."""
        return [message.content for message in self.channel.history()]

    def _new_bot(self) -> TheseusClient:
        recorder = Recorder(
            self.journal, self._clock, ROOT, b"salt for the tests", lambda: None, redact=redact
        )
        return TheseusClient(
            root=ROOT,
            state=self._state,
            clock=self._clock,
            recorder=recorder,
            identity=Identity(guild_id=None, dev_channel_id=0, people=AllowLists(AllowList())),
            flags=self._flags.get,
            extensions=[self._cog_module],
            prefixes=self._prefixes,
        )


@contextmanager
def _luck(seed: int | None) -> Iterator[None]:
    """Let generators that nobody seeds begin with the same luck each time, in their order."""
    if seed is None:
        yield
        return
    source, own, state = random.Random(seed), random.Random.seed, random.getstate()

    def begin(generator: random.Random, a: Any = None, version: int = 2) -> None:
        own(generator, source.randbytes(16) if a is None else a, version)

    random.Random.seed = begin  # type: ignore[assignment,method-assign]
    random.seed(seed)
    try:
        yield
    finally:
        random.Random.seed = own  # type: ignore[method-assign]
        random.setstate(state)


@asynccontextmanager
async def open_room(
    cog_module: str,
    state: Path,
    *,
    web: Sequence[WebAnswer] = (),
    errors_expected: bool = False,
    seed: int | None = None,
    flags: Sequence[str] = (),
    prefixes: Sequence[str] = (),
) -> AsyncIterator[Room]:
    """Lend a room with that cog; the cog is unloaded and the bot ended afterwards.

    With `web`, that is what services answer, and nothing else can be reached; with a `seed`, what
    is left to chance comes out the same each time. Of all flags, `flags` are on. Typed commands may
    begin with one of `prefixes`. Errors the bot met are raised at the end, unless they are
    expected; the only one as it came out of the cog.
    """
    with _luck(seed), use_recorded_web(web) if web else nullcontext():
        room = Room(cog_module, state, flags, prefixes)
        await room.open()
        try:
            yield room
        finally:
            await room.bot.unload_extension(cog_module)
            await room.env.shutdown()
    if errors_expected:
        return
    if len(room.env.errors) == 1:
        (error,) = room.env.errors
        while isinstance(inner := getattr(error, "original", None), BaseException):
            error = inner  # a hybrid's failure has two wrappers
        raise error
    room.env.raise_errors()
    for action in room.journal.actions:
        if action.outcome is ActionOutcome.NO_RESPONSE and action.error is not None:
            raise NoResponse(action.error.message)


def _components(message: discord.Message) -> Iterator[dict[str, Any]]:
    for row in message.components:
        yield from _inner(dict(row.to_dict()))


def _inner(part: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if part.get("custom_id"):
        yield part
    for each in (*part.get("components", ()), *filter(None, [part.get("accessory")])):
        yield from _inner(each)


def _without_objects(text: str) -> str:
    """Return what people read; an answer that shows an object of Python's is none."""
    if found := _OBJECT.search(text):
        raise AssertionError(f"the answer shows an object and no text: {found[0]}")
    return text


def _called(part: dict[str, Any]) -> tuple[str, ...]:
    """Return what people, and scripts, call a component."""
    emoji, label = (part.get("emoji") or {}).get("name") or "", part.get("label") or ""
    return tuple(
        filter(None, (part["custom_id"], label, f"{emoji} {label}", part.get("placeholder")))
    )


def _value(select: dict[str, Any], wanted: object) -> object:
    """Return the value behind an option's label."""
    options = select.get("options") or ()
    return next((each["value"] for each in options if each["label"] == wanted), wanted)


def _field_ids(components: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Return the custom ids of a form's fields, by their labels."""
    found: dict[str, str] = {}
    for each in components:
        field = each.get("component") or each
        if field.get("custom_id") and each.get("label"):
            found[each["label"]] = field["custom_id"]
        found |= _field_ids(each.get("components", ()))
    return found


def _lines(message: discord.Message) -> Iterator[str]:
    yield message.content
    for embed in message.embeds:
        yield from (embed.author.name or "", embed.title or "", embed.description or "")
        yield from (f"{field.name}: {field.value}" for field in embed.fields)
        yield embed.footer.text or ""
    yield from (str(part.get("label") or part.get("placeholder") or part.get("custom_id"))
                for part in _components(message))  # fmt: skip
    yield from (each.filename for each in message.attachments)
