"""The charts port: pictures for messages."""

from typing import Protocol

from bot.domain.charts import BarChart, TimeChart


class Charts(Protocol):
    """Draws charts outside of the event loop.

    Never raises: a message must not fail for a picture.
    """

    async def draw(self, chart: TimeChart | BarChart) -> bytes | None:
        """Return a PNG of 800 by 360 pixels, readable on dark and light backgrounds.

        Returns `None` if it cannot be drawn, for example without the drawing library; the message
        is then sent without a picture. Texts are drawn literally, on one line. Values that are not
        finite numbers are skipped. At most six lines or ten bars are drawn. Cancelling stops the
        drawing.
        """
        ...
