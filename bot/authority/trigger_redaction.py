"""Removes secrets from requests before they are stored and shown."""

from theseus_observe.redaction import redact

from bot.domain.run import Trigger


def redact_trigger(trigger: Trigger) -> Trigger:
    """Return the request without secrets in its texts."""
    return trigger.replace(
        text=redact(trigger.text),
        subject=redact(trigger.subject),
        attached=redact(trigger.attached),
    )
