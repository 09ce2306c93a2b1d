"""Research: what was read where, and claims whose quotes were found in what was read.

Every text here was written by others, or by a model that read it: it is data.
"""

import re
from collections.abc import Sequence
from typing import Literal

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record

from bot.domain.account import Account
from bot.domain.cost import Cost
from bot.domain.errors import PortError

SourceKind = Literal["code", "docstring", "metadata", "changelog", "issue", "page"]

LONGEST_QUESTION = 400
LONGEST_PASSAGE = 2_500
LONGEST_QUOTE = 500
LONGEST_CLAIM = 400
MOST_CLAIMS = 8


_HOST = re.compile(r"(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}")


def is_host_pattern(text: str) -> bool:
    """Return whether the text is a host's name, or `*.` and one. An IP address is none."""
    return bool(_HOST.fullmatch(text)) and len(text) <= 253


def is_host_listed(host: str, patterns: Sequence[str]) -> bool:
    """Return whether a host is one of these, or below one that begins with `*.`."""
    return is_host_pattern(host) and any(
        host == each or (each.startswith("*.") and host.endswith(each[1:])) for each in patterns
    )


class ResearchError(PortError):
    """A source could not be read."""

    code = "research"


class SourceUnavailable(ResearchError):
    """The source cannot be reached, or does not answer as expected."""

    code = "research.unavailable"
    retryable = True


class PageRefused(ResearchError):
    """A page that may not be read: another host, a private address, or no text."""

    code = "research.refused"


class ResearchQuestion(Record):
    """What is asked, and who pays for it. The text is a person's or a model's: data."""

    text: str = Field(min_length=1, max_length=LONGEST_QUESTION)
    account: Account


class Passage(Record):
    """A part of a source, word for word as it was read.

    `version` is exact: the version of a package, or the day on which a page was read.
    """

    kind: SourceKind
    source: str = Field(min_length=1, max_length=200, description="package, host or forge")
    version: str = Field(default="", max_length=100)
    locator: str = Field(default="", max_length=400, description="where in the source")
    url: str = Field(default="", max_length=2_000)
    text: str = Field(min_length=1, max_length=LONGEST_PASSAGE)


NumberedPassages = tuple[tuple[int, Passage], ...]
"""Passages with the numbers by which a model quotes them."""


class SearchedSource(Record):
    """What one source gave, and what of it could not be read."""

    passages: tuple[Passage, ...] = ()
    problems: tuple[str, ...] = ()


class ResearchRules(Record):
    """How much research may do."""

    per_run: int = Field(default=4, ge=0, le=20, description="questions of one run")
    passages: int = Field(default=8, ge=1, le=20, description="that an answer is made from")
    seconds: float = Field(default=30.0, gt=0, le=300, description="for all sources together")


class Page(Record):
    """A page that was fetched, as plain text; `sections` are its headings, each with its text."""

    url: str
    title: str = ""
    sections: tuple[tuple[str, str], ...] = ()
    is_cut: bool = Field(default=False, description="the page was longer than what was read")


class SearchHit(Record):
    """One result of a web search. Only the address is used: the page itself has to be read."""

    title: str = Field(default="", max_length=500)
    url: str = Field(max_length=2_000)


class Quote(Record):
    """A quote that is in the passage of that number, the first being 1."""

    passage: int = Field(ge=1)
    text: str = Field(max_length=LONGEST_QUOTE)


class DraftClaim(Record):
    """A claim as a model wrote it; nothing of it has been checked."""

    text: str = Field(max_length=LONGEST_CLAIM)
    quotes: tuple[Quote, ...] = Field(max_length=4)


class DraftAnswer(Cost):
    """A model's claims, and what they cost."""

    claims: tuple[DraftClaim, ...] = Field(default=(), max_length=MOST_CLAIMS * 2)
    written_by: str = ""


class Citation(Record):
    """A quote that was found in its source, with the place and exact version of the source."""

    kind: SourceKind
    source: str
    version: str = ""
    locator: str = ""
    url: str = ""
    quote: str


class SupportedClaim(Record):
    """A claim with the quotes that support it."""

    text: str
    citations: tuple[Citation, ...] = Field(min_length=1)


class UnsupportedClaim(Record):
    """A claim that was dropped, and why."""

    text: str
    reason: str


class ResearchReport(Record):
    """The result of research: claims with their sources, what was dropped, and what was not read.

    Without a model, `claims` is empty and `excerpts` are the best passages.
    """

    question: str
    at: AwareDatetime
    claims: tuple[SupportedClaim, ...] = ()
    dropped: tuple[UnsupportedClaim, ...] = ()
    excerpts: tuple[Citation, ...] = ()
    read: tuple[str, ...] = Field(default=(), description="sources that gave passages")
    problems: tuple[str, ...] = Field(default=(), description="what could not be read, and why")
    written_by: str = ""
