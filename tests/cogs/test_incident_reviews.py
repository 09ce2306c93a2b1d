"""The review of an incident in the dev channel, and what its buttons do."""

from pathlib import Path

from bot.domain.incident import INCIDENT
from bot.reviews.service import IncidentReviews
from tests.bot.reviews.test_incident_reviews import make_incident
from tests.support.dev_channel import get_custom_id, list_labels, open_dev_channel


async def test_a_review_is_posted_and_its_items_become_wishes(tmp_path: Path) -> None:
    async with open_dev_channel(tmp_path, with_monitoring=True) as room:
        now, monitoring = room.world.clock.now(), room.client.monitoring
        assert monitoring is not None
        incident = make_incident(resolved_at=now)
        await room.world.key_values.put(INCIDENT + incident.id, incident)
        await monitoring.incident_repository.load()
        await room.services.get(IncidentReviews).look()
        shown = await room["dora"].wait_for("dev", lambda m: "Review" in str(m["embeds"]))
        labels = list_labels(shown)
        assert labels[:2] == ["Propose as a document", "Propose the lesson"]
        assert shown["attachments"][0]["filename"].endswith("-roll-fails-k7m2xq-0.md")
        button = get_custom_id(shown, labels[2])
        refused = await room["mallory"].press("dev", button, shown)
        assert "Sorry mallory" in await room.wait_for_answer("mallory", refused, "dev")
        pressed = await room["dora"].press("dev", button, shown)
        told = await room.wait_for_answer("dora", pressed, "dev")
        assert told.startswith("Noted as a wish (`wish:")
        pressed = await room["dora"].press("dev", get_custom_id(shown, labels[0]), shown)
        assert await room.wait_for_answer("dora", pressed, "dev")
        wishes = await room.agent.wishes.list_requests()
        assert any(each.text.startswith("Add the document docs/incidents/") for each in wishes)
