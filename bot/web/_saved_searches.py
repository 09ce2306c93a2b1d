"""Saved searches: each person has their own, and the operator's session has its own."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

from aiohttp import web
from aiohttp.typedefs import Handler
from theseus_observe.redaction import redact

from bot.domain.personal_data import DataSubject
from bot.domain.saved_search import (
    LONGEST_NAME,
    LONGEST_QUERY,
    MOST_SAVED,
    SavedSearch,
    SavedSearchList,
)
from bot.ports.key_value_store import KeyValueStore
from bot.web._auth_middleware import LOGIN
from bot.web._collaborators import WebServices
from bot.web._page_frame import PageFrame
from bot.web._responses import Refused, see_other

_PREFIX = "saved-searches:"
PAGES: Mapping[str, frozenset[str]] = {
    "/search": frozenset({"q"}),
    "/journal": frozenset(
        {"q", "event", "kind", "outcome", "user", "run", "since", "from", "to", "live"}
    ),
}
"""The pages whose searches can be saved, with their fields."""


class SavedView(NamedTuple):
    """What a page shows: the saved searches, and the current one, to be saved.

    `can_save` is false without a session: then nobody is known whose searches they would be.
    """

    searches: Sequence[SavedSearch]
    path: str
    query: str
    can_save: bool


@dataclass(frozen=True)
class SavedSearchStore:
    """The stored searches. Raises `StoreError`."""

    key_values: KeyValueStore

    async def list_searches(self, person_id: int | None) -> tuple[SavedSearch, ...]:
        """Return the searches of a person, or of the operator."""
        stored = await self.key_values.get(_build_key(person_id), SavedSearchList)
        return stored.searches if stored else ()

    async def put(self, person_id: int | None, search: SavedSearch) -> None:
        """Save a search, replacing one of the same name. Raises `ValueError` if there are many."""
        others = [e for e in await self.list_searches(person_id) if e.name != search.name]
        if len(others) >= MOST_SAVED:
            raise ValueError(f"at most {MOST_SAVED} searches can be saved; remove one first.")
        await self._write(person_id, (*others, search))

    async def remove(self, person_id: int | None, name: str) -> None:
        """Remove the search of that name; harmless if there is none."""
        others = [e for e in await self.list_searches(person_id) if e.name != name]
        await self._write(person_id, tuple(others))

    async def count_records(self, subject: DataSubject) -> int:
        """Return how many searches a person has saved."""
        return len(await self.list_searches(subject.id))

    async def erase(self, subject: DataSubject) -> int:
        """Remove a person's searches; return how many there were."""
        count = await self.count_records(subject)
        await self.key_values.remove(_build_key(subject.id))
        return count

    async def _write(self, person_id: int | None, searches: tuple[SavedSearch, ...]) -> None:
        key = _build_key(person_id)
        if searches:
            record = SavedSearchList(person_id=person_id, searches=searches)
            await self.key_values.put(key, record)
        else:
            await self.key_values.remove(key)


class SavedSearches:
    """Shows, saves and removes the searches of the reader's session."""

    def __init__(self, services: WebServices, frame: PageFrame) -> None:
        self._clock = services.clock
        self._store = SavedSearchStore(services.key_values)
        self._frame = frame
        self._one_change = asyncio.Lock()

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """The handlers by the name of their route."""
        return {"searches": self.change}

    async def build_view(
        self, request: web.Request, path: str, fields: Mapping[str, str]
    ) -> SavedView:
        """Return what the page shows of saved searches."""
        login = request.get(LOGIN)
        if login is None:
            return SavedView((), path, "", can_save=False)
        searches = await self._store.list_searches(login.person_id)
        return SavedView(searches, path, clean_query(path, urlencode(fields)), can_save=True)

    async def change(self, request: web.Request) -> web.Response:
        """Save the current search, or remove a saved one, and show the page again."""
        sent = await self._frame.read_own_form(request)
        person_id = request[LOGIN].person_id
        path, query = sent.get("path", ""), sent.get("query", "")
        if path not in PAGES or len(query) > LONGEST_QUERY:
            raise Refused(400, "that search cannot be saved.")
        query = clean_query(path, query)
        name = redact(" ".join(sent.get("name", "").split()))
        if not 0 < len(name) <= LONGEST_NAME:
            raise Refused(400, f"name the search with 1 to {LONGEST_NAME} characters.")
        async with self._one_change:
            if sent.get("act") == "remove":
                await self._store.remove(person_id, name)
            else:
                search = SavedSearch(name=name, path=path, query=query, at=self._clock.now())
                await self._save(person_id, search)
        return see_other(f"{path}?{query}" if query else path)

    async def _save(self, person_id: int | None, search: SavedSearch) -> None:
        try:
            await self._store.put(person_id, search)
        except ValueError as error:
            raise Refused(400, str(error)) from error


def clean_query(path: str, query: str) -> str:
    """Return the query with the known fields of the page alone, redacted."""
    try:
        fields = parse_qsl(query, max_num_fields=20)
    except ValueError as error:
        raise Refused(400, "that search cannot be saved.") from error
    known = {name: redact(value[:200]) for name, value in fields if name in PAGES[path] and value}
    return urlencode(known)[:LONGEST_QUERY]


def _build_key(person_id: int | None) -> str:
    return f"{_PREFIX}{'operator' if person_id is None else person_id}"
