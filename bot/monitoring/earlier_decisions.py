"""What people decided about a fault counts also when it is back as another incident."""

from bot.domain.incident import Incident


def keep_decisions(incident: Incident, closed: Incident) -> Incident:
    """Return the incident with the decisions on the closed incident of the same fault.

    Who looks after it and whose fault it is stay. So does the rest of "until it happens 100 times",
    unless a fix was shipped meanwhile: a fault that is back after its fix is news.
    """
    kept: dict[str, object] = {"assignee": closed.assignee}
    if closed.triage_by is not None:
        kept |= {"triage": closed.triage, "triage_by": closed.triage_by}
    if closed.fix is None and closed.muted_to is not None and closed.count < closed.muted_to:
        kept |= {"muted_to": closed.muted_to - closed.count, "muted_by": closed.muted_by}
    return incident.replace(**kept)
