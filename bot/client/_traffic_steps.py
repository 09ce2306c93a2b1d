"""What somebody did, from Discord's own description of it, as a step that can be played."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from bot.client._exchanges import ActionExchange, Told
from bot.client._interaction_inputs import submitted_fields
from bot.client._traffic_cast import DEV, HERE, Cast
from bot.domain.rehearsal import (
    AutocompleteStep,
    CommandStep,
    MenuStep,
    Option,
    PressStep,
    SayStep,
    SingleStep,
    SubmitStep,
)
from bot.domain.traffic import Place
from bot.telemetry.literals import is_secret

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
        """Return what was asked. Whoever did it is met first, and is the asker."""
        told = exchange.told
        self._where["by"] = self._author(told)
        if exchange.kind == "message":
            asked = self._message(told)
            typed = isinstance(asked.step, SayStep) and asked.step.say.startswith(exchange.prefix)
            return asked._replace(prefix=exchange.prefix if typed else "")
        data: Told = told["data"]
        self._resolved = data.get("resolved") or {}
        for known, user in self._resolved.get("users", {}).items():
            self._cast.meet(user, self._resolved.get("members", {}).get(known))
        if exchange.kind in ("command", "autocomplete"):
            return self._command(data, exchange.kind)
        custom_id = self._cast.text(str(data["custom_id"]))
        if exchange.kind == "press":
            return self._press(data, told.get("message") or {}, custom_id)
        fields = {
            self._labels.get(str(each["custom_id"]), str(each["custom_id"])): each
            for each in submitted_fields(data.get("components", ()))
        }
        given = {self._cast.text(name): self._field(name, each) for name, each in fields.items()}
        return self._asked(SubmitStep(**self._where, submit=given), custom_id=custom_id)

    def _author(self, told: Told) -> str:
        member = told.get("member") or {}
        return self._cast.meet(told.get("author") or member.get("user") or told["user"], member)

    def _asked(self, step: SingleStep, target: SayStep | None = None, custom_id: str = "") -> Asked:
        return Asked(step, target, tuple(dict.fromkeys(self._changed)), custom_id)

    def _message(self, told: Told) -> Asked:
        for user in told.get("mentions", ()):
            self._cast.meet(user, user.get("member"))
        replied = told.get("referenced_message")
        target = self._said(replied) if replied else None
        step = SayStep(
            **self._where,
            say=self._typed("say", str(told.get("content", ""))),
            reply_to="m1" if target else "",
        )
        if told.get("attachments"):
            self._changed.append("files")
        return self._asked(step, target)

    def _said(self, message: Told) -> SayStep | None:
        """Return a message of a person that something was done with; the bot says its own."""
        by = self._cast.meet(message["author"], message.get("member"))
        if message["author"].get("bot"):
            self._changed.append("target")
            return None
        content = self._typed("target", str(message.get("content", "")))
        return SayStep(by=by, channel=self._where["channel"], say=content)

    def _command(self, data: Told, kind: str) -> Asked:
        if data.get("type", 1) != 1:
            return self._menu(data)
        path, options = [str(data["name"])], data.get("options") or ()
        while options and options[0]["type"] in _SUBCOMMANDS:
            path.append(str(options[0]["name"]))
            options = options[0].get("options") or ()
        given = {str(each["name"]): self._option(each) for each in options}
        if kind == "command":
            return self._asked(CommandStep(**self._where, command=" ".join(path), options=given))
        focused = next((str(each["name"]) for each in options if each.get("focused")), "")
        return self._asked(
            AutocompleteStep(
                **self._where, autocomplete=" ".join(path), options=given, focused=focused
            )
        )

    def _menu(self, data: Told) -> Asked:
        known = str(data["target_id"])
        if data["type"] == _USER_MENU:
            on, target = f"@{self._cast.person(int(known))}", None
        else:
            message = self._resolved.get("messages", {}).get(known)
            on, target = "m1", self._said(message) if message else None
        return self._asked(MenuStep(**self._where, menu=str(data["name"]), on=on), target)

    def _press(self, data: Told, message: Told, custom_id: str) -> Asked:
        pressed = str(data["custom_id"])
        shown = (each for each in components_of(message) if each.get("custom_id") == pressed)
        label = str(next(shown, {}).get("label") or "")
        kind = _SELECTS.get(data.get("component_type", 0), 0)
        values = tuple(str(self._value("values", kind, each)) for each in data.get("values") or ())
        step = PressStep(
            **self._where, press=self._label(label) if label else custom_id, values=values
        )
        return self._asked(step, custom_id=custom_id)

    def _label(self, label: str) -> str:
        clean = self._cast.text(label)
        if clean != label:
            self._changed.append("press")
        return clean[:LONGEST]

    def _option(self, told: Told) -> Option:
        return self._value(str(told["name"]), int(told["type"]), told["value"])

    def _field(self, name: str, told: Told) -> str:
        values = told.get("values") or (told.get("value") or "",)
        return ", ".join(self._typed(name, str(each)) for each in values)

    def _value(self, name: str, kind: int, value: Any) -> Option:
        if kind == _USER or (kind == _MENTIONABLE and str(value) in self._of("users")):
            return f"@{self._cast.person(int(value))}"
        if kind in (_ROLE, _MENTIONABLE):
            told = self._of("roles").get(str(value), {})
            return f"@&{self._cast.role(int(value), str(told.get('name', '')))}"
        if kind == _CHANNEL:
            return f"#{self._cast.channel(int(value))}"
        if kind == _FILE:
            self._changed.append(name)
            return self._cast.text(str(self._of("attachments").get(str(value), {}).get("filename")))
        if isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            return self._number(name, value)
        return self._typed(name, str(value))

    def _number(self, name: str, value: float) -> float:
        number = self._cast.number(value)
        if number != value:
            self._changed.append(name)
        return number

    def _of(self, what: str) -> Told:
        found: Told = self._resolved.get(what) or {}
        return found

    def _typed(self, name: str, text: str) -> str:
        """Return a text without people; note where that, or its length, makes another of it."""
        clean, other = self._cast.typed(text)
        if is_secret(name, text):
            clean, other = "[redacted]", True
        if other or len(clean) > LONGEST:
            self._changed.append(name)
        return clean[:LONGEST]


def channel_name(in_dev: bool) -> str:
    """Return what the channel is called in which something was done."""
    return DEV if in_dev else HERE


def components_of(message: Told) -> Iterator[Told]:
    """Walk what can be pressed in a message or filled in of a form, however it is laid out."""
    for item in message.get("components") or ():
        yield item
        yield from components_of(item)
        if "component" in item:
            yield item["component"]


def labels_of(form: Told) -> dict[str, str]:
    """Return the labels of a form's fields, by the fields' ids."""
    labels = {}
    for item in components_of(form):
        field = item.get("component") or item
        if item.get("label") and field.get("custom_id"):
            labels[str(field["custom_id"])] = str(item["label"])
    return labels
