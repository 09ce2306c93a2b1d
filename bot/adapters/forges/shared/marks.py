"""Hidden marks in texts on a forge: the run of a pull request, and which comments are the bot's."""

import re

from theseus_observe.redaction import redact

from bot.domain.proposal import ProposalDraft

TITLE = 240  # GitHub allows 256 characters, Forgejo 255 with the mark of a draft
BODY = 60_000  # GitHub accepts 65,536 characters

OURS = "<!-- theseus -->"

_RUN = re.compile(r"<!-- theseus run=([0-9A-Za-z-]+) head=([0-9a-f]+) -->")


def render_body(draft: ProposalDraft) -> str:
    """Return a pull request's text, with a hidden mark that names its run and head."""
    mark = f"\n\n<!-- theseus run={draft.run_id} head={draft.head} -->"
    return _strip_marks(redact(draft.body))[: BODY - len(mark)] + mark


def format_title(draft: ProposalDraft) -> str:
    """Return a draft's title on one line, within the forges' limits."""
    return " ".join(redact(draft.title).split())[:TITLE]


def run_in(body: str | None) -> tuple[str, str] | None:
    """Return the run id and head that a pull request's text was written for."""
    mark = _RUN.search(body or "")
    return (mark[1], mark[2]) if mark else None


def render_comment(text: str) -> str:
    """Return the text of a comment with the bot's hidden mark."""
    return f"{_strip_marks(redact(text))[:BODY]}\n\n{OURS}"


def answer_of(text: str, key: str) -> str:
    """Return the text of a comment with the bot's hidden mark and its key."""
    return f"{_strip_marks(redact(text))[:BODY]}\n\n{_answer_mark(key)}\n{OURS}"


def is_answer(text: str, key: str) -> bool:
    """Return whether a comment is the bot's comment with that key."""
    return text.rstrip().endswith(f"{_answer_mark(key)}\n{OURS}")


def _answer_mark(key: str) -> str:
    return f"<!-- theseus answer={key} -->"


def is_ours(text: str) -> bool:
    """Return whether the bot wrote a comment; a quote of the mark is followed by other text."""
    return text.rstrip().endswith(OURS)


def _strip_marks(text: str) -> str:
    return text.replace("<!-- theseus", "<!-- ").rstrip()
