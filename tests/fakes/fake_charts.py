"""Charts that are noted, not drawn."""

from bot.domain.charts import BarChart, TimeChart

PNG = b"\x89PNG\r\n\x1a\n"


class FakeCharts:
    """Implements `bot.ports.charts.Charts`. `drawn` is what was asked for, oldest first.

    The "picture" begins as a PNG does and holds the chart as JSON: other charts, other bytes.
    `missing` is a machine where nothing can be drawn.
    """

    def __init__(self, *, missing: bool = False) -> None:
        self.drawn: list[TimeChart | BarChart] = []
        self.missing = missing

    async def draw(self, chart: TimeChart | BarChart) -> bytes | None:
        """Return a stand-in for the picture."""
        if self.missing:
            return None
        self.drawn.append(chart)
        return PNG + repr(chart).encode("utf-8", errors="replace")
