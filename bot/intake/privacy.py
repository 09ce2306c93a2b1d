"""Hides the text of requests from places that not everyone in the dev channel may read."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from bot.domain.audience import Audience
from bot.domain.errors import OutOfBounds
from bot.domain.people import Place
from bot.domain.run import Trigger
from bot.telemetry import Recorder

_IN_PRIVATE = (
    "Everyone in the dev channel would see your request, and not all of them can read this "
    "channel. Please ask me in <#{channel}>."
)
_PUBLIC = ("fix", "broken", "fails", "error")
_SHORTEST = 3  # characters of a word of a command's name: “rolling” is about /roll


@dataclass(frozen=True, eq=False)
class RequestPrivacy:
    """Knows which requests are private. `find_audience` takes the ids of a server and a channel."""

    find_audience: Callable[[int | None, int | None], Audience]
    recorder: Recorder
    commands: Callable[[], Collection[str]]
    dev_channel_id: int

    def is_private(self, place: Place) -> bool:
        """Return whether some readers of the dev channel cannot read a place."""
        channel_id = place.thread_id or place.channel_id
        return self.find_audience(place.guild_id, channel_id) is Audience.PRIVATE

    def check_public(self, place: Place) -> None:
        """Raise `OutOfBounds` for a private place: the text of a change is shown to everyone."""
        if self.is_private(place):
            raise OutOfBounds(_IN_PRIVATE.format(channel=self.dev_channel_id))

    def hide_text(self, trigger: Trigger) -> Trigger:
        """Return a request without its private text; only the names of commands stay.

        Cards, pages and prompts show the text of a request to others.
        """
        if not self.is_private(trigger.place):
            return trigger
        names = [*_PUBLIC, *(word for name in self.commands() for word in name.split())]
        words = f"{trigger.subject} {trigger.text}".lower().split()
        stems = tuple(name for name in names if len(name) >= _SHORTEST)
        public = [word for word in words if word.lstrip("/").startswith(stems)]
        text, subject = (
            self.recorder.hide_text(each, [*names, *public])
            for each in (trigger.text, trigger.subject)
        )
        return trigger.replace(text=text, subject=subject)
