"""The button “Later” under what asks people for something."""

from bot.domain.notices import SubjectKind, is_for_person
from bot.domain.posts import Button, Post
from bot.domain.run import Run

ACTION = "later"


def build_later_button(kind: SubjectKind, subject: str) -> Button:
    """Return the button; `subject` is the id of a run or of a group of proposals."""
    return Button(label="Later", action=ACTION, arguments=("ask", kind, subject))


def add_later_button(post: Post, run: Run) -> Post:
    """Return a post of a run that waits for people with the button; any other one as it is."""
    if not is_for_person(run):
        return post
    return post.replace(buttons=(*post.buttons, build_later_button("run", run.id)))
