"""Hidden marks in what we write on GitHub: whose pull request it is, and which words are ours."""

import re

from bot.domain.proposal import ProposalDraft
from bot.redaction import redact

TITLE = 256
BODY = 60_000  # GitHub takes 65,536 characters

OURS = "<!-- theseus -->"

_RUN = re.compile(r"<!-- theseus run=([0-9A-Za-z-]+) head=([0-9a-f]+) -->")


def render_body(draft: ProposalDraft) -> str:
    """Return the text of a draft's pull request, with the mark that names its run and head."""
    mark = f"\n\n<!-- theseus run={draft.run_id} head={draft.head} -->"
    return _strip_marks(redact(draft.body))[: BODY - len(mark)] + mark


def format_title(draft: ProposalDraft) -> str:
    """Return a draft's title, on one line and as long as GitHub takes it."""
    return " ".join(redact(draft.title).split())[:TITLE]


def run_in(body: str | None) -> tuple[str, str] | None:
    """Return the run and the head that a pull request's text was written for."""
    found = _RUN.search(body or "")
    return (found[1], found[2]) if found else None


def render_comment(text: str) -> str:
    """Return a comment of ours, marked as such."""
    return f"{_strip_marks(redact(text))[:BODY]}\n\n{OURS}"


def answer_of(text: str, key: str) -> str:
    """Return a comment of ours that is written once for each key."""
    return f"{_strip_marks(redact(text))[:BODY]}\n\n{_answer_mark(key)}\n{OURS}"


def is_answer(text: str, key: str) -> bool:
    """Return whether a comment is the one of ours for that key."""
    return text.rstrip().endswith(f"{_answer_mark(key)}\n{OURS}")


def _answer_mark(key: str) -> str:
    return f"<!-- theseus answer={key} -->"


def is_ours(text: str) -> bool:
    """Return whether we wrote a comment; one that only quotes us ends otherwise."""
    return text.rstrip().endswith(OURS)


def _strip_marks(text: str) -> str:
    return text.replace("<!-- theseus", "<!-- ").rstrip()
