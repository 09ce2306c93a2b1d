"""Modals: their fields as people see them, and their submission as Discord sends it."""

from collections.abc import Mapping
from typing import Any

from simcord import _modal
from simcord.backend.errors import SetupError
from simcord.components import validate_modal

from local_discord.world._lookup import Refused


def fill(modal: dict[str, Any], fields: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the modal's components with a person's values in them. Raises `Refused`."""
    spec = validate_modal(modal)
    known = _modal._modal_control_map(spec)
    unknown = [name for name in fields if name not in known]
    if unknown:
        has = ", ".join(known)
        raise Refused(400, f"fields.{unknown[0]}: the modal has no such field; it has {has}")
    try:
        return _modal._modal_submit_nodes(spec["components"], None, dict(fields), {}, 0, [])
    except (SetupError, AttributeError) as error:
        raise Refused(400, f"fields: {error}") from error


def list_fields(modal: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the fields of a modal as a flat list, with their visible labels."""
    outer: dict[str, dict[str, Any]] = {}
    for part in modal.get("components") or ():
        inner = part.get("component")
        if isinstance(inner, dict) and inner.get("custom_id"):
            outer[inner["custom_id"]] = part
    keys = ("type", "style", "value", "placeholder", "min_length", "max_length", "options")
    return [
        {
            "custom_id": custom_id,
            "label": outer.get(custom_id, {}).get("label") or control.get("label"),
            "description": outer.get(custom_id, {}).get("description"),
            "required": bool(control.get("required", True)),
            **{key: control.get(key) for key in keys},
        }
        for custom_id, control in _modal._modal_control_map(modal).items()
    ]
