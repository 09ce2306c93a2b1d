"""Charts that are noted, not drawn."""

from bot.domain.charts import BarChart, TimeChart

PNG = b"\x89PNG\r\n\x1a\n"


class FakeCharts:
    """Implements `bot.ports.charts.Charts`. `drawn` lists the requested charts, oldest first.

    The "picture" begins like a PNG and contains the chart as JSON, so different charts have
    different bytes. `missing` simulates a machine that cannot draw.
    """

    def __init__(self, *, missing: bool = False) -> None:
        self.drawn: list[TimeChart | BarChart] = []
        self.missing = missing

    async def draw(self, chart: TimeChart | BarChart) -> bytes | None:
        """Return a placeholder for the picture."""
        if self.missing:
            return None
        self.drawn.append(chart)
        return PNG + repr(chart).encode("utf-8", errors="replace")
