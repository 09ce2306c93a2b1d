"""Questions which older version should be live, with a button for each version."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.authority.live_items import LiveItemService
from bot.authority.rollback_choice import RollbackChoice, Span, build_rollback_choice
from bot.domain.errors import UnknownItem
from bot.domain.live_items import ROLLED_BACK, ItemName, ItemVersion, LiveItem, RollbackRequest
from bot.domain.posts import Button, Post
from bot.grammar.spans import read_span
from bot.intake.decision_questions import ACTION
from bot.intake.message import Message
from bot.ports.clock import Clock
from bot.presentation.rollbacks import format_version_label, render_rollback_question

MOST = 4
"""The most buttons in one row, with room for “Not now”."""
NOT_NOW = Button(label="Not now", action=ACTION, arguments=("nothing",))
UNTOUCHED = "I change nothing until you press a button. Times are in UTC."
MORE = "`/skills rollback` offers every stored version."
ROLLBACK = "rollback"
"""The second part of a rollback button's id, after `theseus:`."""
_RECENT_PERIOD = timedelta(days=1)


@dataclass(frozen=True, eq=False)
class RollbackQuestions:
    """Finds the versions that a message may mean, and asks about them."""

    live_items: LiveItemService | None
    clock: Clock

    def build_question(self, choice: RollbackChoice, lead: str = "") -> Post:
        """Return the question about one item, its buttons bound to the version that is live now."""
        now = self.clock.now()
        shown = choice.versions[:MOST]
        lines = [lead] if lead else []
        lines.append(render_rollback_question(choice.item, shown, is_matched=choice.is_matched))
        if not shown:
            return Post(text="\n".join(lines))
        lines += [MORE] if len(choice.versions) > MOST else []
        buttons = [
            build_rollback_button(choice.item, each, format_version_label(each, now))
            for each in shown
        ]
        return Post(text="\n".join([*lines, UNTOUCHED]), buttons=(*buttons, NOT_NOW))

    async def build_recent_buttons(self, message: Message) -> tuple[Button, ...]:
        """Return a button for the text that changed last, if it changed within a day.

        A request to revert the last change may mean a text or code, so both are offered.
        """
        request = RollbackRequest(items=list_live_names(self.live_items), steps=1)
        names = [each for each in request.items if each.kind in ROLLED_BACK]
        found = await self.build_choices(message, request, names) if names else []
        now = self.clock.now()
        fresh = [
            each
            for each in found
            if each.is_matched and each.versions and now - each.item.since < _RECENT_PERIOD
        ]
        newest = max(fresh, key=lambda each: each.item.since, default=None)
        if newest is None or newest.item.rolled_back is not None:
            return ()
        label = f"Back to {format_version_label(newest.versions[0], now, newest.item)}"[:80]
        return (build_rollback_button(newest.item, newest.versions[0], label),)

    async def build_choices(
        self,
        message: Message,
        request: RollbackRequest,
        names: Sequence[ItemName],
    ) -> list[RollbackChoice]:
        if self.live_items is None:
            return []
        span = self._read_time_span(request)
        said_at = self.clock.now() - max(datetime.now(UTC) - message.at, timedelta())
        found = []
        for each in names:
            try:
                item, versions = await self.live_items.list_versions(
                    message.person, each.kind, each.name
                )
            except UnknownItem:
                continue  # removed in the meantime
            found.append(build_rollback_choice(item, versions, request, said_at, span))
        return found

    def _read_time_span(self, request: RollbackRequest) -> Span | None:
        span = read_span(request.span, self.clock.now())
        return (span.since, span.until) if span else None


def build_rollback_button(item: LiveItem, version: ItemVersion, label: str) -> Button:
    """Return the button that makes that version live instead of the current one."""
    mark = mark_of(ItemName(kind=item.kind, name=item.name))
    bound = ("to", mark, str(version.number), item.digest[:16])
    return Button(label=label, action=ROLLBACK, arguments=bound)


def mark_of(item: ItemName) -> str:
    """Return a short digest that stands for an item in a button's id, whose length is limited."""
    return hashlib.sha256(f"{item.kind}:{item.name}".encode()).hexdigest()[:12]


def list_live_names(live_items: LiveItemService | None) -> tuple[ItemName, ...]:
    """Return the names of what can change while the program runs; none without a registry."""
    return live_items.list_names() if live_items else ()
