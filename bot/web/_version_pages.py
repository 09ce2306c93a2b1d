"""Pages of what can change while the bot runs: skills, prompts, persona, settings, cogs, versions.

Approvers who logged in through Discord can roll back texts here, and so can the holder of the
token. The token belongs to the operator of the machine, who could edit the file as well; the audit
log records no person for it. The older version stays live until the file changes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.domain.errors import NotRolledBack, UnknownItem
from bot.domain.live_items import ROLLED_BACK, ItemKind, LiveItem
from bot.domain.people import Person
from bot.ports.live_registry import LiveRegistry
from bot.presentation.state_labels import ITEM_KINDS
from bot.web._auth_middleware import LOGIN
from bot.web._collaborators import WebServices
from bot.web._numbers import parse_number
from bot.web._page_frame import PageFrame
from bot.web._readers import Readers
from bot.web._request_bodies import read_form
from bot.web._responses import Refused, as_json, see_other

_NONE = "this bot has no live registry, so nothing can change while it runs."
_ORDER: Sequence[ItemKind] = tuple(ITEM_KINDS)


@dataclass(frozen=True, eq=False)
class VersionPages:
    """The list of items, the page of one item, and its rollback."""

    services: WebServices
    frame: PageFrame
    readers: Readers

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """The handlers by the name of their route."""
        return {
            "versions": self.show_items,
            "item": self.show_item,
            "rollback": self.roll_back,
            "token_rollback": self.roll_back_by_token,
        }

    async def show_items(self, request: web.Request) -> web.Response:
        """Show every item with its live version; refused items come first."""
        registry = self.services.live_registry
        items = registry.list_items() if registry is not None else ()
        return await self.frame.show(
            request, "versions.html", "Skills and versions", here="/versions", live=True,
            items=sorted(items, key=_rank),
        )  # fmt: skip

    async def show_item(self, request: web.Request) -> web.Response:
        """Show one item, its stored versions with their diffs, and the text of the selected
        version.
        """
        kind, name = _parse_item(request)
        registry = self._get_registry()
        try:
            item, versions = registry.get_item(kind, name), await registry.list_versions(kind, name)
            number = parse_number(request.query.get("version", ""), 8) or 0
            text = await registry.read_text(kind, name, number) if number else None
        except UnknownItem as error:
            raise Refused(404, str(error)) from error
        return await self.frame.show(
            request, "item.html", f"{ITEM_KINDS[kind]} {name}", here="/versions", item=item,
            versions=versions, number=number, text=text, can_go_back=kind in ROLLED_BACK,
        )  # fmt: skip

    async def roll_back(self, request: web.Request) -> web.Response:
        """Make an older version live until the file changes."""
        sent = await self.frame.read_own_form(request)
        person = await self.readers.fetch_actor(request[LOGIN])
        kind, name, _ = await self._roll_back(request, sent, person)
        return see_other(f"/versions/{kind}/{name}")

    async def roll_back_by_token(self, request: web.Request) -> web.Response:
        """Roll back for a program with the token; its form has one field, `version`."""
        kind, name, number = await self._roll_back(request, await read_form(request), None)
        return as_json({"kind": kind, "name": name, "version": number})

    async def _roll_back(
        self, request: web.Request, sent: Mapping[str, str], person: Person | None
    ) -> tuple[ItemKind, str, int]:
        kind, name = _parse_item(request)
        if self.services.live_items is None:
            raise Refused(404, _NONE)
        number = parse_number(sent.get("version", ""), 8)
        if not number:
            raise Refused(400, "give the number of the version.")
        try:
            if person is None:
                await self.services.live_items.roll_back_as_operator(kind, name, number)
            else:
                await self.services.live_items.roll_back(person, kind, name, number)
        except UnknownItem as error:
            raise Refused(404, str(error)) from error
        except NotRolledBack as error:
            raise Refused(409, str(error)) from error
        return kind, name, number

    def _get_registry(self) -> LiveRegistry:
        if self.services.live_registry is None:
            raise Refused(404, _NONE)
        return self.services.live_registry


def _parse_item(request: web.Request) -> tuple[ItemKind, str]:
    """Return the item in the address; the route admits only known kinds."""
    asked = request.match_info["kind"]
    kind = next(each for each in ITEM_KINDS if each == asked)
    return kind, request.match_info["name"]


def _rank(item: LiveItem) -> tuple[bool, int, str]:
    return item.state != "refused", _ORDER.index(item.kind), item.name
