"""Draws the charts of open incidents, beside everything else."""

from collections.abc import Callable
from datetime import datetime, timedelta

from bot.domain.charts import TimeChart
from bot.domain.incident import Incident
from bot.domain.posts import Image
from bot.monitoring.incident_repository import IncidentRepository
from bot.periodic import run_periodically
from bot.ports.charts import Charts
from bot.ports.clock import Clock

TURN_SECONDS = 2.0
_PACE = timedelta(seconds=30)

Sketch = Callable[[Incident], TimeChart | None]
"""Returns what an incident's chart shows now; `None` where there is nothing to show."""


class IncidentCharts:
    """Keeps the newest picture of each open incident. Drawing takes seconds, so nobody waits."""

    def __init__(
        self,
        incident_repository: IncidentRepository,
        charts: Charts | None,
        sketch: Sketch,
        clock: Clock,
    ) -> None:
        self._incident_repository = incident_repository
        self._charts = charts
        self._sketch = sketch
        self._clock = clock
        self._drawn: dict[str, tuple[datetime, TimeChart]] = {}
        self._images: dict[str, Image] = {}

    async def run_forever(self) -> None:
        """Draw what changed, one after the other, until cancelled."""
        if self._charts is not None:
            await run_periodically(self._draw_all, self._clock, TURN_SECONDS)

    async def _draw_all(self) -> None:
        for incident in self._incident_repository.open:
            await self.draw(incident)

    async def draw(self, incident: Incident) -> None:
        """Draw the incident's chart if it has one, and shows something else by now."""
        now = self._clock.now()
        last = self._drawn.get(incident.id)
        if self._charts is None or incident.message is None:
            return
        if last is not None and now - last[0] < _PACE:
            return
        chart = self._sketch(incident)
        if chart is None or (last is not None and last[1] == chart):
            return
        self._drawn[incident.id] = (now, chart)
        png = await self._charts.draw(chart)
        if png is not None:
            self._images[incident.id] = Image(
                name=f"incident-{incident.id}.png", png=png, description=chart.title
            )

    def image_of(self, incident_id: str) -> Image | None:
        """Return the newest picture, if one was drawn."""
        return self._images.get(incident_id)

    def forget(self, incident_id: str) -> None:
        """Let go of what nobody needs any more."""
        self._images.pop(incident_id, None)
        self._drawn.pop(incident_id, None)
