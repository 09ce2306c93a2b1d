"""The charts port: pictures for messages."""

from typing import Protocol

from bot.domain.charts import BarChart, TimeChart


class Charts(Protocol):
    """Draws charts off the event loop. Never raises: a picture is never worth a message."""

    async def draw(self, chart: TimeChart | BarChart) -> bytes | None:
        """Return a PNG, 800 by 360 pixels, readable on dark and light.

        `None` where it cannot be drawn, with no drawing library for one: a message says the same
        without a picture. Texts may hold anything and are shown as they are, in one line; values
        that are no numbers are left out. Lines beyond the sixth and bars beyond the tenth are not
        drawn. Cancelling stops the drawing.
        """
        ...
