"""The question which older version should be live, with a button for each version."""

import hashlib

from bot.authority.rollback_choice import RollbackChoice
from bot.client import TheseusClient
from bot.domain.live_items import ItemName, ItemVersion, LiveItem
from bot.domain.posts import Button, Post
from bot.presentation.rollbacks import format_version_label, render_rollback_question
from cogs.conversation._decision_button import ACTION

MOST = 4
"""The most buttons in one row, with room for “Not now”."""
NOT_NOW = Button(label="Not now", action=ACTION, arguments=("nothing",))
UNTOUCHED = "I change nothing until you press a button. Times are in UTC."
MORE = "`/skills rollback` offers every stored version."
ROLLBACK = "rollback"
"""The second part of a rollback button's id, after `theseus:`."""


def build_question(bot: TheseusClient, choice: RollbackChoice, lead: str = "") -> Post:
    """Return the question about one item, its buttons bound to the version that is live now."""
    now = bot.clock.now()
    shown = choice.versions[:MOST]
    lines = [lead] if lead else []
    lines.append(render_rollback_question(choice.item, shown, is_matched=choice.is_matched))
    if not shown:
        return Post(text="\n".join(lines))
    lines += [MORE] if len(choice.versions) > MOST else []
    buttons = [
        build_rollback_button(choice.item, each, format_version_label(each, now)) for each in shown
    ]
    return Post(text="\n".join([*lines, UNTOUCHED]), buttons=(*buttons, NOT_NOW))


def build_rollback_button(item: LiveItem, version: ItemVersion, label: str) -> Button:
    """Return the button that makes that version live instead of the current one."""
    mark = mark_of(ItemName(kind=item.kind, name=item.name))
    bound = ("to", mark, str(version.number), item.digest[:16])
    return Button(label=label, action=ROLLBACK, arguments=bound)


def mark_of(item: ItemName) -> str:
    """Return a short digest that stands for an item in a button's id, whose length is limited."""
    return hashlib.sha256(f"{item.kind}:{item.name}".encode()).hexdigest()[:12]
