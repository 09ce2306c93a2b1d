"""Rules between the values of a message or form; `rules.py` names the source of each."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from local_discord.limits import messages
from local_discord.limits.shapes import Check, Fault, Path, build_missing_fault, check_order

_COMPONENTS_V2 = 1 << 15


# -------------------------------------------------------------------------------- components


def _iterate_rows(
    body: Mapping[str, Any],
) -> Iterator[tuple[Path, Mapping[str, Any], Sequence[Any]]]:
    for index, row in enumerate(body.get("components") or ()):
        if isinstance(row, Mapping) and row.get("type") == messages.ROW:
            yield ("components", index), row, row.get("components") or ()


def _walk_parts(body: Any) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield every component at any depth, with its path."""

    def walk(node: Any, path: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
        if not isinstance(node, Mapping):
            return
        yield path, node
        children = node.get("components")
        for index, child in enumerate(children if isinstance(children, list) else ()):
            yield from walk(child, (*path, "components", index))
        for key in ("component", "accessory"):
            yield from walk(node.get(key), (*path, key))

    listed = body.get("components") if isinstance(body, Mapping) else None
    for index, each in enumerate(listed if isinstance(listed, list) else ()):
        yield from walk(each, ("components", index))


def check_unique_ids(body: Any) -> Iterator[Fault]:
    """Check that all parts of a message or form have different ids."""
    seen: set[str] = set()
    for path, part in _walk_parts(body):
        custom_id = part.get("custom_id")
        if isinstance(custom_id, str) and custom_id in seen:
            message = "Component custom id cannot be duplicated"
            yield Fault((*path, "custom_id"), "COMPONENT_CUSTOM_ID_DUPLICATED", message)
        if isinstance(custom_id, str):
            seen.add(custom_id)


def _iterate_buttons(body: Any) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    return (each for each in _walk_parts(body) if each[1].get("type") == messages.BUTTON)


def check_button_targets(body: Any) -> Iterator[Fault]:
    """Check that a button has the id or address that its style needs, and not both."""
    for path, button in _iterate_buttons(body):
        style = button.get("style")
        needed = {messages.LINK: "url", messages.PREMIUM: "sku_id"}.get(style or 0, "custom_id")
        if not button.get(needed):
            yield build_missing_fault((*path, needed))
        if button.get("url") and button.get("custom_id"):
            message = "A custom id and url cannot both be specified"
            code = "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE"
            yield Fault(path, code, message)


def check_button_labels(body: Any) -> Iterator[Fault]:
    """Check that a button has a label or an emoji."""
    for path, button in _iterate_buttons(body):
        shown = button.get("label") or button.get("emoji")
        if not shown and button.get("style") != messages.PREMIUM:
            yield build_missing_fault((*path, "label"))


def check_select_rows(body: Any) -> Iterator[Fault]:
    """Check that a select menu is alone in its row."""
    for path, _, parts in _iterate_rows(body):
        kinds = [each.get("type") for each in parts if isinstance(each, Mapping)]
        if len(kinds) > 1 and any(kind in messages.SELECTS for kind in kinds):
            message = "The specified component exceeds the maximum width"
            yield Fault(path, "COMPONENT_LAYOUT_WIDTH_EXCEEDED", message)


def check_row_count(body: Any) -> Iterator[Fault]:
    """Check that a message has at most five rows, unless it uses layout components."""
    listed = body.get("components") or ()
    if not int(body.get("flags") or 0) & _COMPONENTS_V2 and len(listed) > 5:
        yield Fault(("components",), "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")


def check_unique_values(body: Any) -> Iterator[Fault]:
    """Check that the options of a select menu have different values."""
    for path, part in _walk_parts(body):
        options = part.get("options")
        seen: set[str] = set()
        for index, option in enumerate(options if isinstance(options, list) else ()):
            value = str(option.get("value")) if isinstance(option, Mapping) else ""
            if value in seen:
                message = "The specified option value is already used"
                code = "COMPONENT_OPTION_VALUE_DUPLICATED"
                yield Fault((*path, "options", index, "value"), code, message)
            seen.add(value)


def create_order_check(low: str, high: str) -> Check:
    """Return a check that the `low` number of a component does not exceed its `high` number."""
    return lambda body: check_order(_walk_parts(body), low, high)


# ---------------------------------------------------------------------------------- messages


def check_embed_size(body: Any) -> Iterator[Fault]:
    """Check that all embeds together have at most 6,000 characters."""
    embeds = [each for each in body.get("embeds") or () if isinstance(each, Mapping)]
    total = 0
    for embed in embeds:
        fields = [each for each in embed.get("fields") or () if isinstance(each, Mapping)]
        texts = [embed.get("title"), embed.get("description")]
        texts += [(embed.get("footer") or {}).get("text"), (embed.get("author") or {}).get("name")]
        texts += [each.get(key) for each in fields for key in ("name", "value")]
        total += sum(len(each.strip()) for each in texts if isinstance(each, str))
    if total > messages.EMBEDS_IN_ALL:
        message = f"Embed size exceeds maximum size of {messages.EMBEDS_IN_ALL}"
        yield Fault(("embeds",), "MAX_EMBED_SIZE_EXCEEDED", message)


def check_embed_parts(body: Any) -> Iterator[Fault]:
    """Check that an author has a name and a footer has a text."""
    for index, embed in enumerate(body.get("embeds") or ()):
        for part, key in (("author", "name"), ("footer", "text")):
            held = embed.get(part) if isinstance(embed, Mapping) else None
            if isinstance(held, Mapping) and not str(held.get(key) or "").strip():
                yield build_missing_fault(("embeds", index, part, key))


def check_nonce(body: Any) -> Iterator[Fault]:
    """Check that a nonce has at most 25 characters, also if it is a number."""
    if len(str(body.get("nonce") or "")) > 25:
        yield Fault(("nonce",), "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
