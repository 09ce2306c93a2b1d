"""What leaves a trace: capsules of failures, records of actions, the log."""

from bot.telemetry.capsules import build_capsule, get_exception_name
from bot.telemetry.causes import find_root_cause
from bot.telemetry.current_run import set_current_run
from bot.telemetry.fingerprints import compute_fingerprint
from bot.telemetry.journalled_forge import JournalledForge
from bot.telemetry.journalled_verifier import JournalledVerifier
from bot.telemetry.literals import format_literal
from bot.telemetry.logs import configure_logging
from bot.telemetry.pseudonyms import build_pseudonym, load_secret
from bot.telemetry.recorder import Recorder, Timed, get_outcome
from bot.telemetry.traffic_recorder import TrafficRecorder

__all__ = [
    "JournalledForge",
    "JournalledVerifier",
    "Recorder",
    "Timed",
    "TrafficRecorder",
    "build_capsule",
    "build_pseudonym",
    "compute_fingerprint",
    "configure_logging",
    "find_root_cause",
    "format_literal",
    "get_exception_name",
    "get_outcome",
    "load_secret",
    "set_current_run",
]
