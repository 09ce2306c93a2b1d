"""What leaves a trace: capsules of failures, records of actions, the log."""

from bot.telemetry.capsules import capsule, exception_name
from bot.telemetry.causes import root_cause
from bot.telemetry.current_run import working_on
from bot.telemetry.fingerprints import fingerprint
from bot.telemetry.journalled_forge import JournalledForge
from bot.telemetry.journalled_verifier import JournalledVerifier
from bot.telemetry.literals import literal
from bot.telemetry.logs import configure_logging
from bot.telemetry.pseudonyms import load_secret, pseudonym
from bot.telemetry.recorder import Recorder, Timed, outcome_of
from bot.telemetry.traffic_recorder import TrafficRecorder

__all__ = [
    "JournalledForge",
    "JournalledVerifier",
    "Recorder",
    "Timed",
    "TrafficRecorder",
    "capsule",
    "configure_logging",
    "exception_name",
    "fingerprint",
    "literal",
    "load_secret",
    "outcome_of",
    "pseudonym",
    "root_cause",
    "working_on",
]
