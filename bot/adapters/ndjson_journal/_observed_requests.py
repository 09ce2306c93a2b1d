"""Reads what people asked another bot for. Nothing in it is trusted; see `_observed_records`."""

import re
from collections.abc import Callable

from bot.domain.journal import Request

_WAYS = frozenset(
    {
        "typed", "slash", "autocomplete", "user_menu", "message_menu", "press", "form",
        "message", "reaction", "join", "leave",
    }
)  # fmt: skip
_TEXT_CHARS, _NAME_CHARS, _PREFIX_CHARS, _MOST = 4_000, 200, 20, 25
_PERMISSION = re.compile(r"[a-z_]{1,40}")


def read_request(
    found: Request,
    is_clean: Callable[[str], bool],
    select_literals: Callable[[dict[str, str]], dict[str, str]],
) -> Request | None:
    """Return a request within its bounds; `None` if there is no such way to ask.

    If a part of it is a secret or too long, only the way is left, and the request is `hidden`: it
    cannot be repeated as it was.
    """
    if found.way not in _WAYS:
        return None
    hidden = Request(way=found.way, prefix=_check_prefix(found.prefix), hidden=True)
    texts = (found.text, found.focused, *found.chosen, *found.roles, *found.values.values())
    values = select_literals(found.values)
    is_whole = values == found.values and max(len(found.chosen), len(found.roles)) <= _MOST
    is_short = len(found.text) <= _TEXT_CHARS and all(
        len(each) <= _NAME_CHARS for each in (found.focused, *found.chosen, *found.roles)
    )
    if found.hidden or not is_whole or not is_short or not all(map(is_clean, texts)):
        return hidden
    permissions = (each for each in found.permissions[:_MOST] if _PERMISSION.fullmatch(each))
    return hidden.replace(
        hidden=False,
        text=found.text,
        values=values,
        chosen=found.chosen,
        focused=found.focused,
        roles=found.roles,
        permissions=tuple(permissions),
        owner=found.owner,
    )


def _check_prefix(prefix: str) -> str:
    return prefix if len(prefix) <= _PREFIX_CHARS and prefix.isprintable() else ""
