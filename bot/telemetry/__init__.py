"""What leaves a trace: redaction at the door, capsules of failures, records of actions, the log."""

from bot.telemetry._known_secrets import forget_secret, register_secret
from bot.telemetry._redaction import redact, redact_value
from bot.telemetry._stream import StreamRedactor, redact_stream
from bot.telemetry.capsules import capsule, exception_name, root_cause
from bot.telemetry.current_run import working_on
from bot.telemetry.fingerprints import fingerprint
from bot.telemetry.journalled_forge import JournalledForge
from bot.telemetry.journalled_verifier import JournalledVerifier
from bot.telemetry.literals import literal
from bot.telemetry.logs import configure_logging
from bot.telemetry.pseudonyms import load_secret, pseudonym
from bot.telemetry.recorder import Recorder, Timed, outcome_of

__all__ = [
    "JournalledForge",
    "JournalledVerifier",
    "Recorder",
    "StreamRedactor",
    "Timed",
    "capsule",
    "configure_logging",
    "exception_name",
    "fingerprint",
    "forget_secret",
    "literal",
    "load_secret",
    "outcome_of",
    "pseudonym",
    "redact",
    "redact_stream",
    "redact_value",
    "register_secret",
    "root_cause",
    "working_on",
]
