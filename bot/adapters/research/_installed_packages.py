"""Searches installed packages, each at its exact version. Nothing of them is imported or run.

A package is indexed when a question needs it first, and again when its version changes.
"""

import asyncio
import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from importlib.metadata import Distribution, distributions

from packaging.utils import canonicalize_name

from bot.adapters.research._package_texts import PackageText, list_texts
from bot.domain.research import LONGEST_PASSAGE, Passage, ResearchQuestion, SearchedSource
from bot.infra.sqlite import Database, replace_surrogates, stamp
from bot.ports.clock import Clock
from bot.research.passages import rank_passages
from bot.research.terms import extract_terms, list_query_terms, list_words

_MOST = 12
_LOOKED_AT = 80
_MOST_PACKAGES = 40
_SHORTEST_NAME = 4
_UNUSED = timedelta(days=60)
_SEARCH = """
    SELECT package, version, kind, locator, text FROM package_words
    WHERE package_words MATCH ? AND name IN (SELECT value FROM json_each(?))
    ORDER BY rank LIMIT ?
"""


class InstalledPackages:
    """Implements `bot.ports.research.ResearchSource` on the packages of one Python.

    Args:
        database: The file of the research cache, open.
        paths: The folders that packages are installed in.
        list_names: Returns the packages that are searched if a question names none.
    """

    name = "installed packages"

    def __init__(
        self,
        database: Database,
        paths: Sequence[str],
        list_names: Callable[[], Sequence[str]],
        clock: Clock,
    ) -> None:
        self._database = database
        self._clock = clock
        self._paths = list(paths)
        self._list_names = list_names
        self._lock = asyncio.Lock()

    async def search(self, question: ResearchQuestion) -> SearchedSource:
        """Return the passages that fit; see the port."""
        terms = list_query_terms(question.text)
        chosen = await asyncio.to_thread(self._choose, question.text)
        if not terms or not chosen:
            return SearchedSource()
        async with self._lock:  # one index is made at a time
            for package in chosen:
                await self._index(package)
        match = " OR ".join(f'"{replace_surrogates(term)}"' for term in terms)
        wanted = json.dumps([_get_label(each) for each in chosen])
        rows = await self._database.read(
            lambda db: db.execute(_SEARCH, (f"words : ({match})", wanted, _LOOKED_AT)).fetchall()
        )
        passages = [
            Passage(kind=kind, source=package, version=version, locator=locator[:400], text=text)
            for package, version, kind, locator, text in rows
        ]
        return SearchedSource(passages=rank_passages(question.text, passages, _MOST))

    def _choose(self, text: str) -> list[Distribution]:
        """Return the packages that the question names; if there are none, those of the bot."""
        installed = {_get_name(each): each for each in distributions(path=self._paths) if each.name}
        words = frozenset(list_words(text))
        whole = f" {' '.join(re.split(r'[^a-z0-9]+', text.lower()))} "
        named = [
            name
            for name in installed
            if f" {name.replace('-', ' ')} " in whole or _get_stem(name) in words
        ]
        wanted = named or [canonicalize_name(each) for each in self._list_names()]
        return [installed[each] for each in wanted if each in installed][:_MOST_PACKAGES]

    async def _index(self, package: Distribution) -> None:
        """Index a package, unless this version of it is indexed; remove what no one asks for."""
        name, now = _get_label(package), self._clock.now()

        def note_use(db: sqlite3.Connection) -> bool:
            used = db.execute(
                "UPDATE indexed_packages SET at = ? WHERE name = ?", (stamp(now), name)
            )
            return bool(used.rowcount)

        if await self._database.write(note_use, flushed=False):
            return
        rows = await asyncio.to_thread(_build_rows, package, list_texts(package))
        since = stamp(now - _UNUSED)

        def work(db: sqlite3.Connection) -> None:
            db.execute(
                "DELETE FROM package_words WHERE name IN"
                " (SELECT name FROM indexed_packages WHERE at < ?)",
                (since,),
            )
            db.execute("DELETE FROM indexed_packages WHERE at < ?", (since,))
            db.executemany("INSERT INTO package_words VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            db.execute("INSERT INTO indexed_packages VALUES (?, ?)", (name, stamp(now)))

        await self._database.write(work, flushed=False)


_Row = tuple[str, str, str, str, str, str, str]


def _build_rows(package: Distribution, texts: Iterable[PackageText]) -> list[_Row]:
    label, name, version = _get_label(package), _get_name(package), package.version[:100]
    rows: list[_Row] = []
    for kind, locator, text in texts:
        kept = replace_surrogates(text)[:LONGEST_PASSAGE]
        words = " ".join(sorted(extract_terms(f"{name} {locator} {kept}")))
        rows.append((label, name, kind, version, locator, kept, words))
    return rows


def _get_label(package: Distribution) -> str:
    return f"{_get_name(package)} {package.version[:100]}"


def _get_name(package: Distribution) -> str:
    return canonicalize_name(package.name)


def _get_stem(name: str) -> str:
    """Return the first word of a name, as people say it: `discord` of `discord-py`."""
    first = name.partition("-")[0]
    return first if len(first) >= _SHORTEST_NAME else name
