"""Converts Discord's event of what a person did into a step that can be replayed."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from theseus_observe.failures.literals import is_secret
from theseus_observe.interaction_inputs import walk_submitted_fields
from theseus_rehearsal.records import (
    AutocompleteStep,
    CommandStep,
    MenuStep,
    Option,
    PressStep,
    SayStep,
    SingleStep,
    SubmitStep,
)

from bot.client._exchanges import ActionExchange, Told
from bot.client._traffic_cast import DEV, HERE, Cast
from bot.domain.traffic import Place

LONGEST = 2_000  # characters of a value

_SUBCOMMANDS = (1, 2)
_USER, _CHANNEL, _ROLE, _MENTIONABLE, _FILE = 6, 7, 8, 9, 11
_USER_MENU = 2
_SELECTS = {5: _USER, 6: _ROLE, 7: _MENTIONABLE, 8: _CHANNEL}  # kinds of select to kinds of option


class Asked(NamedTuple):
    """A step, what it is about, and which of its values are not as they were typed."""

    step: SingleStep
    target: SayStep | None = None
    changed: tuple[str, ...] = ()
    custom_id: str = ""
    prefix: str = ""


class StepReader:
    """Reads one exchange, with its cast; `labels` are of a form's fields, by their ids."""

    def __init__(self, cast: Cast, place: Place, channel: str, labels: Mapping[str, str]) -> None:
        self._cast = cast
        self._where = {"by": "", "channel": "dm" if place == "dm" else channel}
        self._labels = labels
        self._changed: list[str] = []
        self._resolved: Told = {}

    def read(self, exchange: ActionExchange) -> Asked:
        """Return what was asked.

        The author is read first: the first person in the cast is the asker.
        """
        payload = exchange.payload
        self._where["by"] = self._get_author(payload)
        if exchange.kind == "message":
            asked = self._read_message(payload)
            typed = isinstance(asked.step, SayStep) and asked.step.say.startswith(exchange.prefix)
            return asked._replace(prefix=exchange.prefix if typed else "")
        data: Told = payload["data"]
        self._resolved = data.get("resolved") or {}
        for known, user in self._resolved.get("users", {}).items():
            self._cast.add_person(user, self._resolved.get("members", {}).get(known))
        if exchange.kind in ("command", "autocomplete"):
            return self._read_command(data, exchange.kind)
        custom_id = self._cast.redact_text(str(data["custom_id"]))
        if exchange.kind == "press":
            return self._press(data, payload.get("message") or {}, custom_id)
        fields = {
            self._labels.get(str(each["custom_id"]), str(each["custom_id"])): each
            for each in walk_submitted_fields(data.get("components", ()))
        }
        given = {
            self._cast.redact_text(name): self._read_field(name, each)
            for name, each in fields.items()
        }
        return self._build_asked(SubmitStep(**self._where, submit=given), custom_id=custom_id)

    def _get_author(self, payload: Told) -> str:
        member = payload.get("member") or {}
        return self._cast.add_person(
            payload.get("author") or member.get("user") or payload["user"], member
        )

    def _build_asked(
        self, step: SingleStep, target: SayStep | None = None, custom_id: str = ""
    ) -> Asked:
        return Asked(step, target, tuple(dict.fromkeys(self._changed)), custom_id)

    def _read_message(self, payload: Told) -> Asked:
        for user in payload.get("mentions", ()):
            self._cast.add_person(user, user.get("member"))
        replied = payload.get("referenced_message")
        target = self._read_target(replied) if replied else None
        step = SayStep(
            **self._where,
            say=self._read_text("say", str(payload.get("content", ""))),
            reply_to="m1" if target else "",
        )
        if payload.get("attachments"):
            self._changed.append("files")
        return self._build_asked(step, target)

    def _read_target(self, message: Told) -> SayStep | None:
        """Return a message of a person that something was done with; the bot says its own."""
        by = self._cast.add_person(message["author"], message.get("member"))
        if message["author"].get("bot"):
            self._changed.append("target")
            return None
        content = self._read_text("target", str(message.get("content", "")))
        return SayStep(by=by, channel=self._where["channel"], say=content)

    def _read_command(self, data: Told, kind: str) -> Asked:
        if data.get("type", 1) != 1:
            return self._read_menu(data)
        path, options = [str(data["name"])], data.get("options") or ()
        while options and options[0]["type"] in _SUBCOMMANDS:
            path.append(str(options[0]["name"]))
            options = options[0].get("options") or ()
        given = {str(each["name"]): self._read_option(each) for each in options}
        if kind == "command":
            return self._build_asked(
                CommandStep(**self._where, command=" ".join(path), options=given)
            )
        focused = next((str(each["name"]) for each in options if each.get("focused")), "")
        return self._build_asked(
            AutocompleteStep(
                **self._where, autocomplete=" ".join(path), options=given, focused=focused
            )
        )

    def _read_menu(self, data: Told) -> Asked:
        known = str(data["target_id"])
        if data["type"] == _USER_MENU:
            on, target = f"@{self._cast.get_person(int(known))}", None
        else:
            message = self._resolved.get("messages", {}).get(known)
            on, target = "m1", self._read_target(message) if message else None
        return self._build_asked(MenuStep(**self._where, menu=str(data["name"]), on=on), target)

    def _press(self, data: Told, message: Told, custom_id: str) -> Asked:
        pressed = str(data["custom_id"])
        shown = (each for each in walk_components(message) if each.get("custom_id") == pressed)
        label = str(next(shown, {}).get("label") or "")
        kind = _SELECTS.get(data.get("component_type", 0), 0)
        values = tuple(
            str(self._read_value("values", kind, each)) for each in data.get("values") or ()
        )
        step = PressStep(
            **self._where, press=self._label(label) if label else custom_id, values=values
        )
        return self._build_asked(step, custom_id=custom_id)

    def _label(self, label: str) -> str:
        clean = self._cast.redact_text(label)
        if clean != label:
            self._changed.append("press")
        return clean[:LONGEST]

    def _read_option(self, payload: Told) -> Option:
        return self._read_value(str(payload["name"]), int(payload["type"]), payload["value"])

    def _read_field(self, name: str, payload: Told) -> str:
        values = payload.get("values") or (payload.get("value") or "",)
        return ", ".join(self._read_text(name, str(each)) for each in values)

    def _read_value(self, name: str, kind: int, value: Any) -> Option:
        if kind == _USER or (kind == _MENTIONABLE and str(value) in self._get_resolved("users")):
            return f"@{self._cast.get_person(int(value))}"
        if kind in (_ROLE, _MENTIONABLE):
            role = self._get_resolved("roles").get(str(value), {})
            return f"@&{self._cast.get_role(int(value), str(role.get('name', '')))}"
        if kind == _CHANNEL:
            return f"#{self._cast.get_channel(int(value))}"
        if kind == _FILE:
            self._changed.append(name)
            return self._cast.redact_text(
                str(self._get_resolved("attachments").get(str(value), {}).get("filename"))
            )
        if isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            return self._read_number(name, value)
        return self._read_text(name, str(value))

    def _read_number(self, name: str, value: float) -> float:
        number = self._cast.redact_number(value)
        if number != value:
            self._changed.append(name)
        return number

    def _get_resolved(self, what: str) -> Told:
        found: Told = self._resolved.get(what) or {}
        return found

    def _read_text(self, name: str, text: str) -> str:
        """Return a text without people; note where that, or its length, makes another of it."""
        clean, other = self._cast.redact_input(text)
        if is_secret(name, text):
            clean, other = "[redacted]", True
        if other or len(clean) > LONGEST:
            self._changed.append(name)
        return clean[:LONGEST]


def get_channel_name(in_dev: bool) -> str:
    """Return what the channel is called in which something was done."""
    return DEV if in_dev else HERE


def walk_components(message: Told) -> Iterator[Told]:
    """Walk what can be pressed in a message or filled in of a form, however it is laid out."""
    for item in message.get("components") or ():
        yield item
        yield from walk_components(item)
        if "component" in item:
            yield item["component"]


def collect_labels(form: Told) -> dict[str, str]:
    """Return the labels of a form's fields, by the fields' ids."""
    labels = {}
    for item in walk_components(form):
        field = item.get("component") or item
        if item.get("label") and field.get("custom_id"):
            labels[str(field["custom_id"])] = str(item["label"])
    return labels
