"""The buttons “Later” and “Ignore” under every announcement that asks people for something."""

import hashlib

from bot.domain.notices import SubjectKind, is_for_person
from bot.domain.posts import Button, Post
from bot.domain.run import Run

ACTION = "later"
_LONGEST_ID = 20


def build_notice_buttons(kind: SubjectKind, subject: str) -> tuple[Button, ...]:
    """Return the buttons; `subject` is the id of a run or of a group, else any name."""
    short = _shorten(subject)
    return (
        Button(label="Later", action=ACTION, arguments=("ask", kind, short)),
        Button(label="Ignore", action=ACTION, arguments=("ignore", kind, short)),
    )


def add_notice_buttons(post: Post, kind: SubjectKind, subject: str) -> Post:
    """Return the post with the buttons."""
    return post.replace(buttons=(*post.buttons, *build_notice_buttons(kind, subject)))


def add_run_buttons(post: Post, run: Run) -> Post:
    """Return a post of a run that waits for people with the buttons; any other one as it is."""
    return add_notice_buttons(post, "run", run.id) if is_for_person(run) else post


def _shorten(subject: str) -> str:
    """Return a name that fits into a button's id; ids of runs and groups stay as they are."""
    if (
        subject.isascii()
        and subject.isalnum()
        and subject.islower()
        and len(subject) <= _LONGEST_ID
    ):
        return subject
    return hashlib.sha256(subject.encode()).hexdigest()[:_LONGEST_ID]
