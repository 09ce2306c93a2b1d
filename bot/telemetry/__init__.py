"""What leaves a trace: redaction at the door, capsules of failures, records of actions, the log."""

from bot.telemetry._redaction import redact, redact_stream, redact_value
from bot.telemetry.capsules import capsule, exception_name, root_cause
from bot.telemetry.fingerprints import fingerprint
from bot.telemetry.literals import literal
from bot.telemetry.logs import configure_logging
from bot.telemetry.pseudonyms import load_secret, pseudonym
from bot.telemetry.recorder import Recorder, Timed, outcome_of

__all__ = [
    "Recorder",
    "Timed",
    "capsule",
    "configure_logging",
    "exception_name",
    "fingerprint",
    "literal",
    "load_secret",
    "outcome_of",
    "pseudonym",
    "redact",
    "redact_stream",
    "redact_value",
    "root_cause",
]
