"""The charts door: pictures for messages."""

from typing import Protocol

from bot.domain.charts import BarChart, TimeChart


class Charts(Protocol):
    """Draws charts off the event loop."""

    async def draw(self, chart: TimeChart | BarChart) -> bytes | None:
        """Return a PNG, 800 by 360 pixels, readable on dark and light.

        `None` where no drawing library is installed: a message says the same without a picture.
        """
        ...
