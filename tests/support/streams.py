"""Samples as a journal would have them, made up."""

from collections.abc import Iterable, Iterator

from bot.detection import Detector
from bot.domain.anomaly import Anomaly
from bot.domain.samples import Sample

T0 = 1_780_000_000.0
MINUTE, HOUR = 60.0, 3600.0


def make_sample(at: float, outcome: str = "ok", /, **about: object) -> Sample:
    """Return one of `command.roll`, `at` seconds after `T0`; a failure has fingerprint `f1`."""
    fields: dict[str, object] = {"event": "command.roll", "kind": "command", "duration_ms": 100.0}
    if outcome in ("error", "timeout"):
        fields["fingerprint"] = "f1"
    fields |= {"id": f"id-{at:.3f}"} | about
    return Sample(at=T0 + at, outcome=outcome, **fields)  # type: ignore[arg-type]


def generate_steady(
    start: float, end: float, every: float = 10.0, **about: object
) -> Iterator[Sample]:
    """Yield one that goes well `every` so many seconds."""
    at = start
    while at < end:
        yield make_sample(at, **about)
        at += every


def generate_failing(
    start: float, count: int, every: float = 1.0, **about: object
) -> Iterator[Sample]:
    """Yield so many failures."""
    for number in range(count):
        yield make_sample(start + number * every, "error", **about)


def detect_anomalies(detector: Detector, samples: Iterable[Sample]) -> list[Anomaly]:
    """Feed the samples to the detector; return what it reports."""
    return [anomaly for each in samples for anomaly in detector.see(each)]


def get_seconds(anomaly: Anomaly) -> float:
    """Return when it was reported, in seconds after `T0`."""
    return anomaly.at.timestamp() - T0
