"""Converts the parts of a message or form except its text to readable lines."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Readable = Callable[[str], str]
FileOf = Callable[[str], bytes | None]  # returns the file at an address without its host
_BUTTON, _TEXT_INPUT, _TEXT_DISPLAY = 2, 4, 10
_SELECTS = (3, 5, 6, 7, 8)


def list_message_parts(
    message: Mapping[str, Any], file_of: FileOf, readable: Readable
) -> tuple[str, ...]:
    """Return what a message (Discord's object) shows in addition to its text."""
    lines = [line for embed in message.get("embeds") or () for line in _embed(embed)]
    lines += _iterate_components(message.get("components") or ())
    lines += [_format_file(attachment, file_of) for attachment in message.get("attachments") or ()]
    if message.get("poll"):
        lines += _format_poll(message["poll"])
    return tuple(readable(line) for line in lines)


def list_form_parts(
    modal: Mapping[str, Any], fields: Sequence[Mapping[str, Any]]
) -> tuple[str, ...]:
    """Return a form's fields, such as `Reason (optional): its value`."""
    texts = [
        field["content"] for field in modal["components"] if field.get("type") == _TEXT_DISPLAY
    ]
    lines = []
    for field in fields:
        label = f"{field['label'] or field['custom_id']}"
        label += "" if field["required"] else " (optional)"
        value = field.get("value") or field.get("placeholder") or ""
        lines.append(f"{label}: {value}".rstrip())
        lines += [f"- {option['label']}" for option in field.get("options") or ()]
    return (*texts, *lines)


def _embed(embed: Mapping[str, Any]) -> Iterator[str]:
    for key in ("author", "title", "description", "url"):
        value = embed.get(key)
        if isinstance(value, Mapping):
            value = value.get("name")
        if value:
            yield str(value)
    for field in embed.get("fields") or ():
        yield f"{field['name']}: {field['value']}"
    for key in ("image", "thumbnail"):
        if isinstance(embed.get(key), Mapping):
            yield f"{key}: {str(embed[key].get('url', '')).rpartition('/')[2]}"
    if isinstance(embed.get("footer"), Mapping):
        yield str(embed["footer"].get("text", ""))


def _iterate_components(components: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for component in components:
        kind = component.get("type")
        if kind == _BUTTON:
            yield _format_button(component)
        elif kind in _SELECTS:
            yield _format_select(component)
        elif kind == _TEXT_DISPLAY:
            yield str(component.get("content", ""))
        yield from _iterate_components(component.get("components") or ())
        if isinstance(component.get("accessory"), Mapping):
            yield from _iterate_components([component["accessory"]])


def get_label(component: Mapping[str, Any]) -> str:
    """Return the text that people read on a button or select."""
    if component.get("type") != _BUTTON:
        return str(component.get("placeholder") or component.get("custom_id") or "")
    emoji = (component.get("emoji") or {}).get("name") or ""
    return " ".join(filter(None, (emoji, component.get("label"))))


def _format_button(button: Mapping[str, Any]) -> str:
    text = f"[{get_label(button)}]"
    if button.get("url"):
        text += f"({button['url']})"
    return f"{text} (disabled)" if button.get("disabled") else text


def _format_select(select: Mapping[str, Any]) -> str:
    options = [
        f"{'*' if option.get('default') else ''}{option['label']}"
        for option in select.get("options") or ()
    ]
    placeholder = select.get("placeholder") or ""
    text = f"[{placeholder}: {' | '.join(options)}]"
    return f"{text} (disabled)" if select.get("disabled") else text


def _format_file(attachment: Mapping[str, Any], file_of: FileOf) -> str:
    key = "/" + str(attachment["url"]).split("/", 3)[3]
    digest = hashlib.sha256(file_of(key) or b"").hexdigest()[:16]
    return f"{attachment['filename']} ({digest})"


def _format_poll(poll: Mapping[str, Any]) -> list[str]:
    answers = [
        answer_data["poll_media"].get("text", "") for answer_data in poll.get("answers") or ()
    ]
    return [str(poll["question"].get("text", "")), *(f"- {answer}" for answer in answers)]
