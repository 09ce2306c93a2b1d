"""The thresholds of anomalies: for all events, and overrides for some."""

from fnmatch import fnmatchcase
from typing import NamedTuple

from pydantic import Field, model_validator
from theseus_guard.record import Record

from bot.domain.journal import get_loop_event


class ErrorRate(Record):
    """A share of failures in the last minutes, among at least `volume` actions."""

    share: float = Field(default=0.3, gt=0, le=1)
    minutes: float = Field(default=10.0, gt=0, le=1_440)
    volume: int = Field(default=10, ge=1)


class RepeatedError(Record):
    """The same failure at least `times` times in the last minutes."""

    times: int = Field(default=5, ge=1)
    minutes: float = Field(default=10.0, gt=0, le=1_440)


class Latency(Record):
    """p95 of the last minutes, over at least `volume` actions, against its usual value.

    The baseline is the p95 of the `baseline_hours` before the window. A p95 below `floor_ms` is
    never slow.
    """

    factor: float = Field(default=2.0, gt=1)
    minutes: float = Field(default=10.0, gt=0, le=1_440)
    volume: int = Field(default=20, ge=1)
    baseline_hours: float = Field(default=24.0, gt=0, le=168)
    floor_ms: float = Field(default=20.0, ge=0)


class ThresholdRules(NamedTuple):
    """The thresholds for one kind of action; a rule that is `None` does not watch it."""

    error_rate: ErrorRate | None
    repeated_error: RepeatedError | None
    latency: Latency | None


class Override(Record):
    """Different thresholds for some events; a rule that is null does not watch them."""

    events: str = Field(min_length=1, description="pattern: `command.search`, `task.*`")
    error_rate: ErrorRate | None = ErrorRate()
    repeated_error: RepeatedError | None = RepeatedError()
    latency: Latency | None = Latency()


class Thresholds(Record):
    """All rules. For each event, the first override with a matching pattern applies.

    An override inherits the general thresholds that it does not set.
    """

    error_rate: ErrorRate | None = ErrorRate()
    repeated_error: RepeatedError | None = RepeatedError()
    latency: Latency | None = Latency()
    cooldown_minutes: float = Field(
        default=60.0, ge=0, description="how long an anomaly of the same key is not announced again"
    )
    after_deploy_minutes: float = Field(
        default=3.0, ge=0, description="how long no anomaly is announced after new code went live"
    )
    events_kept: int = Field(
        default=2_000,
        ge=10,
        le=100_000,
        description="the maximum number of events watched at a time",
    )
    overrides: tuple[Override, ...] = ()

    def get_rules(self, event: str) -> ThresholdRules:
        """Return the thresholds of the first matching override, or the general ones.

        A stopped loop is always reported at once, whatever is configured, because it happens only
        once.
        """
        if get_loop_event(event) is not None:
            return ThresholdRules(ErrorRate(share=1, volume=1), None, None)
        for each in self.overrides:
            if fnmatchcase(event, each.events):
                return ThresholdRules(each.error_rate, each.repeated_error, each.latency)
        return ThresholdRules(self.error_rate, self.repeated_error, self.latency)

    @model_validator(mode="before")
    @classmethod
    def _inherit(cls, values: object) -> object:
        """Add to each override the general thresholds that it does not set, rule by rule."""
        if not isinstance(values, dict) or not isinstance(values.get("overrides"), list | tuple):
            return values
        general = {
            rule: _dump_record(values.get(rule, {}))
            for rule in ("error_rate", "repeated_error", "latency")
        }
        filled = [_fill_defaults(each, general) for each in values["overrides"]]
        return {**values, "overrides": filled}


def _dump_record(value: object) -> object:
    return value.model_dump() if isinstance(value, Record) else value


def _fill_defaults(override: object, general: dict[str, object]) -> object:
    if not isinstance(override, dict):
        return override
    filled = dict(override)
    for rule, default in general.items():
        own = filled.get(rule, {})
        if isinstance(own, dict):
            base = default if isinstance(default, dict) else {}
            filled[rule] = {**base, **own} if own or default is not None else None
    return filled
