"""What a message or form shows besides its text, as lines people could read."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Readable = Callable[[str], str]
FileOf = Callable[[str], bytes | None]  # an address without its host, to what lies there
_BUTTON, _TEXT_INPUT, _TEXT_DISPLAY = 2, 4, 10
_SELECTS = (3, 5, 6, 7, 8)


def list_message_parts(
    message: Mapping[str, Any], file_of: FileOf, readable: Readable
) -> tuple[str, ...]:
    """Return what a message (Discord's object) shows besides its text."""
    lines = [line for embed in message.get("embeds") or () for line in _embed(embed)]
    lines += _iterate_components(message.get("components") or ())
    lines += [_format_file(each, file_of) for each in message.get("attachments") or ()]
    if message.get("poll"):
        lines += _format_poll(message["poll"])
    return tuple(readable(line) for line in lines)


def form_parts(modal: Mapping[str, Any], fields: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return a form's fields: `Reason (optional): as it is filled in`."""
    texts = [each["content"] for each in modal["components"] if each.get("type") == _TEXT_DISPLAY]
    lines = []
    for each in fields:
        label = f"{each['label'] or each['custom_id']}"
        label += "" if each["required"] else " (optional)"
        shown = each.get("value") or each.get("placeholder") or ""
        lines.append(f"{label}: {shown}".rstrip())
        lines += [f"- {option['label']}" for option in each.get("options") or ()]
    return (*texts, *lines)


def _embed(embed: Mapping[str, Any]) -> Iterator[str]:
    for key in ("author", "title", "description", "url"):
        shown = embed.get(key)
        if isinstance(shown, Mapping):
            shown = shown.get("name")
        if shown:
            yield str(shown)
    for field in embed.get("fields") or ():
        yield f"{field['name']}: {field['value']}"
    for key in ("image", "thumbnail"):
        if isinstance(embed.get(key), Mapping):
            yield f"{key}: {str(embed[key].get('url', '')).rpartition('/')[2]}"
    if isinstance(embed.get("footer"), Mapping):
        yield str(embed["footer"].get("text", ""))


def _iterate_components(components: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for each in components:
        kind = each.get("type")
        if kind == _BUTTON:
            yield _format_button(each)
        elif kind in _SELECTS:
            yield _format_select(each)
        elif kind == _TEXT_DISPLAY:
            yield str(each.get("content", ""))
        yield from _iterate_components(each.get("components") or ())
        if isinstance(each.get("accessory"), Mapping):
            yield from _iterate_components([each["accessory"]])


def label_of(component: Mapping[str, Any]) -> str:
    """Return what people read on a button or select."""
    if component.get("type") != _BUTTON:
        return str(component.get("placeholder") or component.get("custom_id") or "")
    emoji = (component.get("emoji") or {}).get("name") or ""
    return " ".join(filter(None, (emoji, component.get("label"))))


def _format_button(button: Mapping[str, Any]) -> str:
    shown = f"[{label_of(button)}]"
    if button.get("url"):
        shown += f"({button['url']})"
    return f"{shown} (disabled)" if button.get("disabled") else shown


def _format_select(select: Mapping[str, Any]) -> str:
    options = [
        f"{'*' if each.get('default') else ''}{each['label']}"
        for each in select.get("options") or ()
    ]
    placeholder = select.get("placeholder") or ""
    shown = f"[{placeholder}: {' | '.join(options)}]"
    return f"{shown} (disabled)" if select.get("disabled") else shown


def _format_file(attachment: Mapping[str, Any], file_of: FileOf) -> str:
    key = "/" + str(attachment["url"]).split("/", 3)[3]
    digest = hashlib.sha256(file_of(key) or b"").hexdigest()[:16]
    return f"{attachment['filename']} ({digest})"


def _format_poll(poll: Mapping[str, Any]) -> list[str]:
    answers = [each["poll_media"].get("text", "") for each in poll.get("answers") or ()]
    return [str(poll["question"].get("text", "")), *(f"- {answer}" for answer in answers)]
