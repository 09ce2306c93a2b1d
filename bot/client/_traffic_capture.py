"""What cogs are asked, held on to as it happens; a record is made of it later, in a thread."""

import sys
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any, NamedTuple

import discord
import structlog
from theseus_observe.failures.placeholders import Placeholders
from theseus_observe.failures.source_vocabulary import collect_vocabulary
from theseus_observe.interaction_inputs import build_component_name
from theseus_observe.pseudonyms import build_pseudonym, compute_digest
from theseus_observe.redaction import redact

from bot.client._answer_shapes import compute_answer_digest, describe_shape
from bot.client._audience import AudienceFinder
from bot.client._exchanges import (
    CURRENT,
    KINDS,
    STRANGE,
    ActionExchange,
    SentRequest,
    Told,
    get_current_exchange,
)
from bot.client._traffic_cast import Cast, CastPlaceholders, Surroundings, build_keys
from bot.client._traffic_steps import StepReader, collect_labels, get_channel_name
from bot.client._web_requests import collect_web_answers
from bot.domain.audience import Audience
from bot.domain.ids import create_sortable_id
from bot.domain.journal import Action, ActionOutcome
from bot.domain.traffic import Place, TrafficRecord
from bot.telemetry.traffic_recorder import TrafficRecorder

SETTLED = 10.0  # seconds after its answer, a press without an error counts as successful
_GRACE_SECONDS = 1.0  # the reply to a refusal is sent shortly after the record
_OPENS_FORM = 9
_MOST_NAMES = 5_000
_NAMES_HOLD = 600.0  # seconds
_MOST_FORMS = 200
_DIGEST = 16
_log = structlog.stdlib.get_logger(__name__)
_PLACES: Mapping[discord.ChannelType, Place] = {
    discord.ChannelType.private: "dm",
    discord.ChannelType.voice: "voice",
    discord.ChannelType.stage_voice: "voice",
    discord.ChannelType.public_thread: "thread",
    discord.ChannelType.private_thread: "thread",
    discord.ChannelType.news_thread: "thread",
}


class TrafficCapture:
    """Sees interactions, messages to the bot, answers and ends; a cog needs no code for it.

    `dev_channel_id` is the channel that scripts call `dev`.
    """

    def __init__(
        self,
        client: discord.Client,
        recorder: TrafficRecorder,
        dev_channel_id: int,
        audiences: AudienceFinder,
    ) -> None:
        self._audiences = audiences
        self._client = client
        self._recorder = recorder
        self._dev_channel_id = dev_channel_id
        self._labels: OrderedDict[str, dict[str, str]] = OrderedDict()
        self._names: dict[int, tuple[float, frozenset[str]]] = {}

    def read(self, event: str, parse: Callable[[Any], None], payload: Any) -> None:
        """Parse an event; tasks that are created meanwhile belong to its exchange."""
        exchange = self._begin_exchange(event, payload)
        if exchange is None:
            parse(payload)
            return
        token = CURRENT.set(exchange)
        try:
            parse(payload)
        finally:
            CURRENT.reset(token)

    def begin_text_command(self, prefix: str) -> None:
        """Keep the message under way, whomever it mentions: it runs a command."""
        exchange = get_current_exchange()
        if exchange is not None:
            exchange.addressed = True
            exchange.prefix = prefix

    def record_end(self, action: Action, module: str = "") -> None:
        """Note the journal's record of how the exchange under way ended."""
        exchange = get_current_exchange()
        if exchange is not None:
            exchange.action = action
            exchange.module = module or exchange.module or _find_cog_module(action)
            self._is_due(exchange, _GRACE_SECONDS)
        self.record_failure(action, module)

    def record_failure(self, action: Action, module: str = "") -> None:
        """Copy the files of the cog that failed, if the action failed in a cog."""
        if action.error is not None:
            cog = cog_of(module) or cog_of(_find_cog_module(action))
            self._recorder.record_failure(cog, action.error.fingerprint, action.id)

    def _begin_exchange(self, event: str, payload: Told) -> ActionExchange | None:
        """Return the exchange that an event begins; `None` for an event that no person caused.

        The prefixes of commands are not known here, so every message may be a command.
        """
        now = self._recorder.clock.now()
        try:
            if event == "INTERACTION_CREATE":
                kind = KINDS.get(payload.get("type", 0))
                return ActionExchange(kind, payload, now, self._record_answer) if kind else None
            if event == "MESSAGE_CREATE" and self._is_from_person(payload):
                addressed = self._is_addressed(payload)
                return ActionExchange(
                    "message", payload, now, self._record_answer, addressed=addressed
                )
        except STRANGE as error:
            _log.warning("an event is not kept: %s", type(error).__name__)
        return None

    def _is_from_person(self, payload: Told) -> bool:
        """Return whether a person wrote the message."""
        return not (payload.get("author", {}).get("bot") or payload.get("webhook_id"))

    def _is_addressed(self, payload: Told) -> bool:
        """Return whether a message is for the bot: direct, with a mention, or a reply to it."""
        me = self._client.user
        if me is None:
            return False
        mine = str(me.id)
        replied = (payload.get("referenced_message") or {}).get("author", {}).get("id")
        mentioned = (str(user.get("id")) for user in payload.get("mentions", ()))
        return payload.get("guild_id") is None or replied == mine or mine in mentioned

    def _record_answer(self, exchange: ActionExchange, request: SentRequest) -> None:
        """Store the labels of a form until it is submitted, and set when an exchange ends.

        Presses, forms and messages have no event for their end, so the answer's time counts.
        """
        if isinstance(request.payload, Mapping) and request.payload.get("type") == _OPENS_FORM:
            form = request.payload.get("data") or {}
            self._labels[str(form.get("custom_id"))] = collect_labels(form)
            if len(self._labels) > _MOST_FORMS:
                self._labels.popitem(last=False)
        if exchange.kind in ("press", "submit", "message"):
            exchange.end_time = self._recorder.clock.now()  # a form may come back before it is due
            self._is_due(exchange, SETTLED)

    def _is_due(self, exchange: ActionExchange, after: float) -> None:
        if not exchange.addressed:
            return
        due = self._recorder.clock.monotonic() + after
        if exchange.due is None:
            exchange.due = due
            self._recorder.add(_Unwritten(exchange, self._record))
        exchange.due = min(due, exchange.due)

    def _record(self, exchange: ActionExchange) -> TrafficRecord | None:
        """Return the record of an exchange that is over; `None` where no cog had a part in it."""
        cog, action, payload = cog_of(exchange.module), exchange.action, exchange.payload
        if action is None and not cog:
            return None
        place, in_dev, around = self._read_surroundings(payload)
        audience = self._find_audience(exchange)
        hidden = self._build_placeholders(exchange) if audience is Audience.PRIVATE else None
        cast = Cast(around, _list_permissions, redact, hidden)
        labels = self._labels.get(str((payload.get("data") or {}).get("custom_id")), {})
        asked = StepReader(cast, place, get_channel_name(in_dev), labels).read(exchange)
        web, whole = collect_web_answers(exchange.web, cast)
        secret = self._recorder.secret
        ended = exchange.end_time or self._recorder.clock.now()
        places = {"channel": ("c", around.channel_id), "server": ("s", payload.get("guild_id"))}
        if exchange.kind != "message":
            places["interaction"] = ("i", payload["id"])
        return TrafficRecord(
            id=action.id if action else create_sortable_id(ended),
            at=action.ts if action else ended,
            began=exchange.began,
            event=action.event if action else _build_event_name(exchange),
            cog=cog,
            step=asked.step,
            target=asked.target,
            people=cast.actors,
            pseudonyms={name: build_pseudonym(known, secret) for name, known in cast.ids.items()}
            | {name: build_pseudonym(int(known), secret, kind)
               for name, (kind, known) in places.items() if known},
            place=place,
            audience=audience,
            custom_id=asked.custom_id,
            prefix=asked.prefix,
            changed=asked.changed if whole else (*asked.changed, "web"),
            outcome=action.outcome if action else ActionOutcome.OK,
            fingerprint=action.error.fingerprint if action and action.error else "",
            commit=action.commit if action else self._recorder.commit(),
            answer=compute_answer_digest(
                exchange.answers, lambda text: compute_digest(text, secret)[:_DIGEST]
            ),
            shape=describe_shape(exchange.answers),
            flags=dict(exchange.flags),
            web=web,
        )  # fmt: skip

    def _find_audience(self, exchange: ActionExchange) -> Audience:
        """Return who could see it; of a failure, as the journal has it."""
        error = exchange.action.error if exchange.action else None
        known = error.audience if error is not None else None
        return known or self._audiences.find_of_exchange(exchange)

    def _build_placeholders(self, exchange: ActionExchange) -> CastPlaceholders:
        """Return the placeholders for private texts; words in the cog's source stay readable."""
        module = sys.modules.get(exchange.module)
        named = collect_vocabulary([getattr(module, "__file__", None) or ""])
        secret = self._recorder.secret
        return CastPlaceholders(
            Placeholders(secret, named.keywords), Placeholders(secret, named.prose).replace_text
        )

    def _read_surroundings(self, payload: Told) -> tuple[Place, bool, Surroundings]:
        """Return the kind of place, whether it is the dev channel or in it, and who is there."""
        here, server = int(payload["channel_id"]), payload.get("guild_id")
        guild = self._client.get_guild(int(server)) if server else None
        channel = guild.get_channel_or_thread(here) if guild else None
        place: Place = "text" if server else "dm"
        if channel is not None:
            place = _PLACES.get(channel.type, "text")
        inside = getattr(channel, "parent_id", None) if place == "thread" else here
        me = self._client.user
        return place, inside == self._dev_channel_id, Surroundings(
            bot_id=me.id if me else 0,
            owner_id=guild.owner_id if guild else None,
            dev_channel_id=self._dev_channel_id,
            channel_id=here,
            role_name=partial(_get_role_name, guild),
            names=self._collect_names(guild) if guild else frozenset(),
        )  # fmt: skip

    def _collect_names(self, guild: discord.Guild) -> frozenset[str]:
        """Return what the server's members are called; a list some minutes old will do."""
        now = self._recorder.clock.monotonic()
        made, names = self._names.get(guild.id, (now - _NAMES_HOLD, frozenset()))
        if now - made >= _NAMES_HOLD:
            people = [each for each in guild.members[:_MOST_NAMES] if each != guild.me]
            called = ((each.name, each.global_name, each.nick) for each in people)
            names = build_keys(name for each in called for name in each if name)
            self._names[guild.id] = (now, names)
        return names


class _Unwritten(NamedTuple):
    """An exchange, until a record is made of it."""

    exchange: ActionExchange
    make: Callable[[ActionExchange], TrafficRecord | None]

    @property
    def due(self) -> float:
        return self.exchange.due or 0.0

    def finish(self) -> TrafficRecord | None:
        self.exchange.is_finished = True
        return self.make(self.exchange)


def _find_cog_module(action: Action) -> str:
    """Return the outermost module of a cog on the way to a failure; empty where there is none."""
    frames = action.error.frames if action.error is not None else ()
    return next((frame.module for frame in frames if cog_of(frame.module)), "")


def cog_of(module: str) -> str:
    """Return the cog that a module is part of: `polls` of `cogs.polls`; empty for other code."""
    package, _, rest = module.partition(".")
    return rest.partition(".")[0] if package == "cogs" else ""


def _get_role_name(guild: discord.Guild | None, known: int) -> str:
    role = guild.get_role(known) if guild else None
    return role.name if role else ""


def _build_event_name(exchange: ActionExchange) -> str:
    """Return what the journal would call what went well, and is in it only where it fails."""
    if exchange.kind == "message":
        return f"listener.{exchange.scope}"
    custom_id = str(exchange.payload["data"]["custom_id"])
    return f"component.{build_component_name(exchange.scope, custom_id)}"


@lru_cache(maxsize=256)
def _list_permissions(value: int) -> tuple[str, ...]:
    """Return Discord's names of permissions; `administrator` alone, because it implies all."""
    if discord.Permissions(value).administrator:
        return ("administrator",)
    return tuple(name for name, allowed in discord.Permissions(value) if allowed)
