"""Does in a script's world what people do in its steps."""

from collections.abc import Callable, Mapping
from typing import Any

from local_discord.world import Refused, World, list_fields, walk_components

from theseus_rehearsal._names import TranscriptNames
from theseus_rehearsal._parts import get_label
from theseus_rehearsal.records import (
    LAST,
    AutocompleteStep,
    CommandStep,
    MenuStep,
    PersonStep,
    PressStep,
    ReactStep,
    SayStep,
    SubmitStep,
)


class PersonSteps:
    """Does a person's step, and returns the resulting interaction.

    Raises `Refused`, with a text for people, if Discord does not allow the step.
    """

    def __init__(self, world: World, names: TranscriptNames) -> None:
        self._world = world
        self._names = names
        self._actions: Mapping[type[PersonStep], Callable[..., Any]] = {
            CommandStep: self._use_command,
            AutocompleteStep: self._autocomplete,
            MenuStep: self._use_menu,
            PressStep: self._press,
            SubmitStep: self._submit,
            SayStep: self._say,
            ReactStep: self._react,
        }

    def perform(self, step: PersonStep) -> Any:
        """Do a step; return its interaction, or `None` if it has none."""
        lookup = self._world.lookup
        user = lookup.find_person(step.by, "by")
        name = step.channel
        channel = lookup.get_dm(user) if name == "dm" else lookup.find_channel(name)
        lookup.require_access(user, channel)
        return self._actions[type(step)](step, user, channel)

    def _use_command(self, step: CommandStep, user: Any, channel: Any) -> Any:
        options = self._convert_options(step.options, step.files)
        return self._world.interactions.run_command(user, channel, step.command, options, None)

    def _autocomplete(self, step: AutocompleteStep, user: Any, channel: Any) -> Any:
        options = self._convert_options(step.options, {})
        typed = str(options.pop(step.focused, ""))
        asking = self._world.interactions
        return asking.autocomplete(user, channel, step.autocomplete, step.focused, typed, options)

    def _convert_options(
        self, values: Mapping[str, Any], files: Mapping[str, str]
    ) -> dict[str, Any]:
        options: dict[str, Any] = {}
        for name, value in values.items():
            if isinstance(value, str) and value in files:
                options[name] = {"filename": value, "base64": files[value]}
            elif isinstance(value, str) and value.startswith("@&"):
                options[name] = value[2:]  # a role
            else:
                options[name] = value
        return options

    def _use_menu(self, step: MenuStep, user: Any, channel: Any) -> Any:
        target = (
            step.on if step.on.startswith("@") else self._get_message(step.on, user, channel)[0]
        )
        return self._world.interactions.run_command(user, channel, step.menu, None, target)

    def _get_message(self, number: str, user: Any, channel: Any) -> tuple[int, int]:
        if number == LAST:
            messages = self._world.backend.messages.get(channel.id, {})
            shown = (each for each in reversed(messages.values()) if each.visible_to(user.id))
            newest = next(shown, None)
            if newest is None:
                raise Refused(404, "there is no message in the channel")
            return newest.id, channel.id
        message = self._names.find_message(number)
        if message is None:
            raise Refused(404, f"there is no message {number}")
        return message

    def _press(self, step: PressStep, user: Any, channel: Any) -> Any:
        message_id, custom_id, values = self._find_component(step, user, channel)
        asking = self._world.interactions
        return asking.use_component(user, channel, custom_id, message_id, values)

    def _find_component(
        self, step: PressStep, user: Any, channel: Any
    ) -> tuple[int, str, list[str]]:
        """Return the message, the component's custom id and the values of a press."""
        messages = self._world.backend.messages.get(channel.id, {})
        if step.on:
            chosen = self._get_message(step.on, user, channel)[0]
            candidates = [messages[chosen]] if chosen in messages else []
        else:
            candidates = [
                value for value in reversed(messages.values()) if value.visible_to(user.id)
            ]
        for message in candidates:
            for part in walk_components(message.components):
                custom_id = part.get("custom_id")
                if custom_id and step.press in (custom_id, get_label(part), part.get("label")):
                    return (
                        message.id,
                        custom_id,
                        [_find_value(part, value) for value in step.values],
                    )
        location = f"the message {step.on}" if step.on else f"#{channel.name}"
        raise Refused(404, f"{location} has no component called {step.press!r}")

    def _submit(self, step: SubmitStep, user: Any, channel: Any) -> Any:
        for record in reversed(self._world.backend.interactions.values()):
            is_own = record.user_id == user.id and record.channel_id == channel.id
            if is_own and record.modal and not record.modal_consumed:
                break
        else:
            raise Refused(404, f"no form is open for {user.name}")
        ids = {field["label"]: field["custom_id"] for field in list_fields(record.modal)}
        if unknown := [name for name in step.submit if name not in {*ids, *ids.values()}]:
            raise Refused(400, f"the form has no field {unknown[0]!r}; it has {', '.join(ids)}")
        fields = {ids.get(name, name): value for name, value in step.submit.items()}
        custom_id = record.modal["custom_id"]
        return self._world.interactions.submit_modal(user, channel, custom_id, fields)

    def _say(self, step: SayStep, user: Any, channel: Any) -> None:
        files = [{"filename": name, "base64": data} for name, data in step.files.items()]
        reply_to = self._get_message(step.reply_to, user, channel)[0] if step.reply_to else None
        self._world.actions.say(user, channel, step.say, reply_to=reply_to, files=files)

    def _react(self, step: ReactStep, user: Any, channel: Any) -> None:
        message_id, channel_id = self._get_message(step.on, user, channel)
        channel = self._world.lookup.find_channel(channel_id)
        self._world.actions.react(user, channel, message_id, step.react, remove=False)


def _find_value(select: Mapping[str, Any], label: str) -> str:
    """Return the value behind an option's label; people and channels are found by name."""
    for option in select.get("options") or ():
        if label in (option["value"], option["label"]):
            return str(option["value"])
    return label[2:] if label.startswith("@&") else label
