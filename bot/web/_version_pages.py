"""What can change while the bot runs: skills, prompts, the persona, settings, cogs; their versions.

Texts can be rolled back from here by whoever holds the token, who has the machine and could write
the file as well. It is audited as of no person, and holds until the file changes.
"""

from collections.abc import Mapping, Sequence

from aiohttp import web

from bot.domain.errors import NotRolledBack, UnknownItem
from bot.domain.live_items import ROLLED_BACK, ItemKind, LiveItem
from bot.ports.live_registry import LiveRegistry
from bot.presentation.state_labels import ITEM_KINDS
from bot.web._collaborators import WebServices
from bot.web._page_frame import PageFrame
from bot.web._request_bodies import form
from bot.web._responses import Refused, as_json, see_other

_NONE = "nothing here can change while I run: this bot has no live registry."
_ORDER: Sequence[ItemKind] = tuple(ITEM_KINDS)


class VersionPages:
    """Lists, one item, and its way back."""

    def __init__(self, services: WebServices, frame: PageFrame) -> None:
        self._services = services
        self._frame = frame

    async def show_items(self, request: web.Request) -> web.Response:
        """Show every item with the version that is live; what is refused first."""
        registry = self._services.live_registry
        kept = registry.list_items() if registry is not None else ()
        return await self._frame.show(
            request, "versions.html", "Skills and versions", here="/versions", live=True,
            items=sorted(kept, key=_rank),
        )  # fmt: skip

    async def show_item(self, request: web.Request) -> web.Response:
        """Show one item, its kept versions with what each changed, and the text of one."""
        kind, name = _parse_item(request)
        registry = self._get_registry()
        try:
            item, versions = registry.get_item(kind, name), await registry.list_versions(kind, name)
            number = _parse_number(request.query.get("version", ""))
            text = await registry.read_text(kind, name, number) if number else None
        except UnknownItem as error:
            raise Refused(404, str(error)) from error
        return await self._frame.show(
            request, "item.html", f"{ITEM_KINDS[kind]} {name}", here="/versions", item=item,
            versions=versions, number=number, text=text, can_go_back=kind in ROLLED_BACK,
        )  # fmt: skip

    async def roll_back(self, request: web.Request) -> web.Response:
        """Have an older version live until the file changes."""
        kind, name, _ = await self._roll_back(request, await self._frame.read_own_form(request))
        return see_other(f"/versions/{kind}/{name}")

    async def roll_back_by_token(self, request: web.Request) -> web.Response:
        """Roll back for a program that holds the token; the form has one field, `version`."""
        kind, name, number = await self._roll_back(request, await form(request))
        return as_json({"kind": kind, "name": name, "version": number})

    async def _roll_back(
        self, request: web.Request, sent: Mapping[str, str]
    ) -> tuple[ItemKind, str, int]:
        kind, name = _parse_item(request)
        if self._services.live_items is None:
            raise Refused(404, _NONE)
        number = _parse_number(sent.get("version", ""))
        if not number:
            raise Refused(400, "say which version, by its number.")
        try:
            await self._services.live_items.roll_back_as_operator(kind, name, number)
        except UnknownItem as error:
            raise Refused(404, str(error)) from error
        except NotRolledBack as error:
            raise Refused(409, str(error)) from error
        return kind, name, number

    def _get_registry(self) -> LiveRegistry:
        if self._services.live_registry is None:
            raise Refused(404, _NONE)
        return self._services.live_registry


def _parse_item(request: web.Request) -> tuple[ItemKind, str]:
    """Return the item of the address; the route lets no other kind through."""
    asked = request.match_info["kind"]
    kind = next(each for each in ITEM_KINDS if each == asked)
    return kind, request.match_info["name"]


def _parse_number(text: str) -> int:
    """Return a version's number; 0 for what is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0


def _rank(item: LiveItem) -> tuple[bool, int, str]:
    return item.state != "refused", _ORDER.index(item.kind), item.name
