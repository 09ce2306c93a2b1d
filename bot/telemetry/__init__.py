"""What leaves a trace: capsules of failures, records of actions, the log."""

from theseus_observe.failures.capsules import get_exception_name
from theseus_observe.failures.causes import find_root_cause
from theseus_observe.failures.fingerprints import compute_fingerprint
from theseus_observe.failures.literals import format_literal
from theseus_observe.pseudonyms import build_pseudonym

from bot.telemetry.current_run import set_current_run
from bot.telemetry.journalled_forge import JournalledForge
from bot.telemetry.journalled_verifier import JournalledVerifier
from bot.telemetry.logs import configure_logging
from bot.telemetry.observation import build_capsule, load_secret
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
