"""Records what people saw in a rehearsal, from the server's own events."""

from collections.abc import Mapping
from typing import Any

from local_discord.world import World, list_fields

from theseus_rehearsal._names import TranscriptNames
from theseus_rehearsal._parts import list_form_parts, list_message_parts
from theseus_rehearsal.records import SeenEvent

_EPHEMERAL, _LOADING = 64, 128  # message flags


class EventRecorder:
    """Listens to the server directly; `events` are what the bot showed to people."""

    def __init__(self, world: World, names: TranscriptNames) -> None:
        self.events: list[SeenEvent] = []
        self._world = world
        self._names = names
        self._displayed: dict[str, tuple[str, tuple[str, ...]]] = {}
        world.backend.people.append(self._record_event)

    def _add(self, kind: Any, channel_id: int, **about: Any) -> None:
        channel = self._names.get_channel(channel_id)
        recipients = self._world.backend.channels[channel_id].recipient_ids
        if channel == "dm" and recipients and not about.get("to"):
            about["to"] = self._names.get_person(recipients[0])
        self.events.append(SeenEvent(kind=kind, channel=channel, **about))

    def _record_event(self, event: str, payload: dict[str, Any]) -> None:
        match event:
            case "MESSAGE_CREATE" | "MESSAGE_UPDATE":
                self._record_message(payload)
            case "MESSAGE_DELETE":
                self._record_deletion(payload, payload["id"])
            case "MESSAGE_DELETE_BULK":
                for message_id in payload["ids"]:
                    self._record_deletion(payload, message_id)
            case "THREAD_CREATE" | "THREAD_UPDATE" | "THREAD_DELETE":
                self._record_thread(event, payload)
            case "MESSAGE_REACTION_ADD" | "MESSAGE_REACTION_REMOVE":
                self._record_reaction(event, payload)

    def _record_message(self, payload: Mapping[str, Any]) -> None:
        channel_id = int(payload["channel_id"])
        number = self._names.get_number(int(payload["id"]), channel_id)
        if int(payload["author"]["id"]) != self._world.bot.id or payload["flags"] & _LOADING:
            return
        text = self._names.make_readable(payload.get("content") or "")
        parts = list_message_parts(
            payload, self._world.backend.files.get, self._names.make_readable
        )
        answered = (payload.get("message_reference") or {}).get("message_id")
        if (
            answered and int(payload.get("type", 0)) == 19
        ):  # a reply; commands make other references
            parts = (f"in reply to {self._names.get_number(int(answered), channel_id)}", *parts)
        kind = "edit" if number in self._displayed else "message"
        if self._displayed.get(number) == (text, parts):
            return  # a thread was opened at it, or the change is not visible
        self._displayed[number] = (text, parts)
        only = self._find_only_reader(payload)
        self._add(kind, channel_id, to=only, message=number, text=text, parts=parts)

    def _find_only_reader(self, payload: Mapping[str, Any]) -> str:
        if not payload["flags"] & _EPHEMERAL:
            return ""
        user = (payload.get("interaction_metadata") or {}).get("user") or {}
        return self._names.get_person(int(user.get("id") or 0))

    def _record_deletion(self, payload: Mapping[str, Any], message_id: str) -> None:
        channel_id = int(payload["channel_id"])
        number = self._names.get_number(int(message_id), channel_id)
        if payload.get("only_for"):
            only = self._names.get_person(int(payload["only_for"]))
            self._add("delete", channel_id, message=number, to=only)
        else:
            self._add("delete", channel_id, message=number)

    def _record_thread(self, event: str, payload: Mapping[str, Any]) -> None:
        parent = int(payload["parent_id"])
        meta = payload.get("thread_metadata") or {}
        states = [state for state in ("archived", "locked") if meta.get(state)]
        if event == "THREAD_DELETE":
            states = ["deleted"]
        name = payload.get("name") or self._names.get_channel(int(payload["id"]))
        self._add("thread", parent, text=self._names.make_readable(name), parts=tuple(states))

    def _record_reaction(self, event: str, payload: Mapping[str, Any]) -> None:
        if int(payload["user_id"]) != self._world.bot.id:
            return
        channel_id = int(payload["channel_id"])
        number = self._names.get_number(int(payload["message_id"]), channel_id)
        parts = ("taken back",) if event == "MESSAGE_REACTION_REMOVE" else ()
        emoji = payload["emoji"]["name"]
        self._add("reaction", channel_id, message=number, text=emoji, parts=parts)

    def record_answer(self, interaction_id: int) -> None:
        """Record the form or choices that answered an interaction; no message shows these."""
        record = self._world.backend.interactions[interaction_id]
        to = self._names.get_person(record.user_id)
        readable = self._names.make_readable
        if record.modal is not None:
            lines = list_form_parts(record.modal, list_fields(record.modal))
            parts = tuple(readable(line) for line in lines)
            text = readable(record.modal["title"])
            self._add("form", record.channel_id, to=to, text=text, parts=parts)
        elif record.autocomplete_choices is not None:
            parts = tuple(
                readable(_format_choice(choice)) for choice in record.autocomplete_choices
            )
            self._add("choices", record.channel_id, to=to, parts=parts)

    def record_missing_answer(self, channel_id: int, user_id: int, notice: str) -> None:
        """Record that a person got no answer, with Discord's own text."""
        self._add("notice", channel_id, to=self._names.get_person(user_id), text=notice)


def _format_choice(choice: Mapping[str, Any]) -> str:
    name, value = str(choice["name"]), str(choice["value"])
    return name if name == value else f"{name} = {value}"
