"""One message about several incidents at once."""

from collections.abc import Mapping, Sequence

from bot.domain.incident import LOUDNESS, Digest, Incident
from bot.domain.posts import Button, Card, Post
from bot.domain.run import Run
from bot.presentation.cards._incident import build_incident_buttons, format_incident_line

_LISTED = 20
_NUMBERED = 5  # buttons in a row


def render_digest(
    digest: Digest, incidents: tuple[Incident, ...], runs: Mapping[str, Run] | None = None
) -> Post:
    """Return one message about several incidents, the most severe first.

    The first open ones are numbered and have the buttons of their own messages. `runs` are the runs
    about the incidents, by run id.
    """
    still = sum(each.open for each in incidents)
    loudest = sorted(
        incidents, key=lambda each: (not each.open, -LOUDNESS.index(each.severity), -each.count)
    )
    lines = [format_incident_line(each) for each in loudest[:_LISTED]]
    numbered = [each for each in loudest if each.open][:_NUMBERED]
    lines = [f"**{n}** {line}" if n <= len(numbered) else line for n, line in enumerate(lines, 1)]
    more = len(loudest) - len(lines) + digest.more
    if more:
        lines.append(f"… and {more} more; `/incidents list` shows what is open.")
    lines.append("\n`/incidents show` tells more about each. " + _DIGEST_NOTES[digest.why])
    total = len(incidents) + digest.more
    return Post(
        card=Card(
            title=_DIGEST_TITLES[digest.why].format(total=total, still=still),
            body="\n".join(lines),
            tone="good" if not still else "bad" if digest.why == "storm" else "warning",
            footer=f"digest {digest.id}",
        ),
        buttons=_build_buttons(numbered, runs or {}),
    )


def _build_buttons(incidents: Sequence[Incident], runs: Mapping[str, Run]) -> tuple[Button, ...]:
    """Return the buttons, sorted by kind: five buttons of one kind fill a row."""
    buttons = [
        button.replace(label=f"{number} {button.label}")
        for number, each in enumerate(incidents, 1)
        for button in build_incident_buttons(each, runs.get(each.run_id or ""))
    ]
    kinds = [button.arguments[0] for button in buttons]
    return tuple(sorted(buttons, key=lambda each: kinds.index(each.arguments[0])))


_DIGEST_TITLES = {
    "storm": "{total} faults at once, {still} of them still open",
    "quiet hours": "From the quiet hours: {total} incidents, {still} of them still open",
}
_DIGEST_NOTES = {
    "storm": (
        "So many incidents at once often have one cause, so I start no work on them by myself."
    ),
    "quiet hours": "They were not urgent, so I report them only now.",
}
