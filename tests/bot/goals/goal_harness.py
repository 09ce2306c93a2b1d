"""Goals over an agent with a fake behind every port."""

from collections.abc import Iterable
from pathlib import Path

from bot.app.goals import assemble_goals
from bot.domain.anomaly import Anomaly, Rule
from bot.domain.incident import INCIDENT, Incident
from bot.domain.journal import Action
from bot.domain.objective import GoalsConfig
from bot.domain.posts import Post
from bot.domain.triage import Origin, Triage
from bot.goals.opportunity_board import OpportunityBoard
from bot.goals.service import ObjectiveRequest, ObjectiveService
from tests.bot.goals.days import NOW
from tests.support.agent_harness import ALICE, DEV
from tests.support.monitoring_harness import MonitoringHarness


class GoalHarness(MonitoringHarness):
    """Goals with their review and the continuous mode; the bot itself runs nothing."""

    def __init__(self, folder: Path, actions: Iterable[Action], config: GoalsConfig) -> None:
        super().__init__(folder)
        self.world.journal.actions[:] = actions
        injector = self.agent.injector
        self.review, self.pursuit = assemble_goals(
            injector, config, self.monitoring, commands=lambda: ("roll",), keep_days=90
        )
        self.service = injector.get(ObjectiveService)
        self.board = injector.get(OpportunityBoard)

    async def set_goal(self, text: str) -> str:
        """Set a goal as alice, and return its id."""
        return (await self.service.set(ALICE, ObjectiveRequest(text))).objective.id

    async def open_incident(self, fingerprint: str) -> Incident:
        """Store an open incident about a failure of /roll, and load it."""
        anomaly = Anomaly(
            rule=Rule.REPEATED_ERROR, event="command.roll", at=NOW, value=5, threshold=5, volume=5,
            fingerprint=fingerprint,
        )  # fmt: skip
        incident = Incident(
            id="k7m2xq", event="command.roll", title="/roll fails", fingerprint=fingerprint,
            name="/roll", anomalies=(anomaly,), opened_at=NOW, last_at=NOW, count=5,
            triage=Triage(origin=Origin.CODE),
        )  # fmt: skip
        await self.world.key_values.put(INCIDENT + incident.id, incident)
        await self.monitoring.incident_repository.load()
        return incident

    @property
    def posts(self) -> list[Post]:
        """The posts in the dev channel."""
        return [each.post for each in self.chat.messages if each.ref.channel_id == DEV]
