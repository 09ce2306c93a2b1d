"""Settings for incident announcements, the self-audit and backups."""

from datetime import UTC, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from pydantic import Field, field_validator
from theseus_guard.record import Record

from bot.domain.anomaly import Rule
from bot.domain.incident import Severity


class QuietHours(Record):
    """A daily period, possibly over midnight, in which only high severity is announced."""

    start: time = Field(alias="from")
    end: time = Field(alias="to")
    timezone: str = "UTC"

    @field_validator("timezone")
    @classmethod
    def _validate_timezone(cls, name: str) -> str:
        return check_timezone(name)


class Storm(Record):
    """More than `incidents` incidents in `minutes` minutes are announced in one message."""

    incidents: int = Field(default=5, ge=1)
    minutes: float = Field(default=1.0, gt=0, le=1_440)


def _build_severities() -> dict[Rule, Severity]:
    return {
        Rule.ERROR_RATE: Severity.HIGH,
        Rule.REPEATED_ERROR: Severity.MEDIUM,
        Rule.LATENCY: Severity.LOW,
    }


class IncidentsConfig(Record):
    """How incidents are announced."""

    resolved_after_minutes: float = Field(default=30.0, gt=0, le=10_080)
    severity: dict[Rule, Severity] = Field(default_factory=_build_severities)
    high_after: int = Field(
        default=10, ge=0, description="so many failures make a repeated error high; 0: never"
    )
    quiet_hours: QuietHours | None = None
    storm: Storm = Storm()
    charts: bool = True


class CronSchedule(Record):
    """A schedule with five cron fields in a time zone; with `cron: null` only on request."""

    cron: str | None
    timezone: str = "UTC"

    @field_validator("cron")
    @classmethod
    def _validate_cron(cls, expression: str | None) -> str | None:
        if expression is not None:
            _check_cron(expression)
        return expression

    @field_validator("timezone")
    @classmethod
    def _validate_timezone(cls, name: str) -> str:
        return check_timezone(name)


class SelfAuditConfig(CronSchedule):
    """When the self-audit runs."""

    cron: str | None = "0 9 * * *"
    days: float = Field(default=7.0, gt=0, le=90)
    proposals: int = Field(default=0, ge=0, le=10)
    changes: int = Field(
        default=0,
        ge=0,
        le=10,
        description="feature requests it may plan; each waits for an approval",
    )


class BackupConfig(CronSchedule):
    """When the state is backed up automatically, where to, and how many backups are stored.

    `folder` is relative to the project's root; null means `backups` in the state folder. In
    addition, the newest backup of each of `weekly` older weeks is stored.
    """

    cron: str | None = "30 3 * * *"
    folder: Path | None = None
    keep: int = Field(default=7, ge=1, le=1_000)
    weekly: int = Field(default=0, ge=0, le=520)


def _check_cron(expression: str) -> None:
    try:
        CronSim(expression, datetime(2026, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        raise ValueError(
            f"{expression!r} is not a cron expression ({error}); `0 9 * * *` means daily at 9"
        ) from error


def check_timezone(name: str) -> str:
    """Return the name of a time zone. Raises `ValueError` if there is none of that name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(
            f"{name!r} is not a time zone; use a name such as `Europe/Berlin` or `UTC`"
        ) from error
    return name
