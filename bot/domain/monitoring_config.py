"""When and how incidents are told, when the bot looks back on itself, when it is backed up."""

from datetime import UTC, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from pydantic import Field, field_validator

from bot.domain.anomaly import Rule
from bot.domain.incident import Severity
from bot.domain.record import Record


class QuietHours(Record):
    """From one time of day to another, over midnight too. Only high severity is told then."""

    start: time = Field(alias="from")
    end: time = Field(alias="to")
    timezone: str = "UTC"

    @field_validator("timezone")
    @classmethod
    def _validate_timezone(cls, name: str) -> str:
        return _check_timezone(name)


class Storm(Record):
    """More incidents than `incidents` in so many minutes are told in one message."""

    incidents: int = Field(default=5, ge=1)
    minutes: float = Field(default=1.0, gt=0, le=1_440)


def _build_severities() -> dict[Rule, Severity]:
    return {
        Rule.ERROR_RATE: Severity.HIGH,
        Rule.REPEATED_ERROR: Severity.MEDIUM,
        Rule.LATENCY: Severity.LOW,
    }


class IncidentsConfig(Record):
    """How incidents are told."""

    resolved_after_minutes: float = Field(default=30.0, gt=0, le=10_080)
    severity: dict[Rule, Severity] = Field(default_factory=_build_severities)
    quiet_hours: QuietHours | None = None
    storm: Storm = Storm()
    charts: bool = True


class CronSchedule(Record):
    """When something is done by itself: five fields, in a time zone; null: only when asked."""

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
        return _check_timezone(name)


class SelfAuditConfig(CronSchedule):
    """When the bot looks back on itself."""

    cron: str | None = "0 9 * * *"
    days: float = Field(default=7.0, gt=0, le=90)
    proposals: int = Field(default=0, ge=0, le=10)
    changes: int = Field(
        default=0, ge=0, le=10, description="wishes it may think over; each waits for a go-ahead"
    )


class BackupConfig(CronSchedule):
    """When the state is backed up by itself, where to, and how many backups are kept.

    `folder` is seen from the project's root; null: `backups` in the state folder. Of older weeks
    the newest backup of each of `weekly` weeks is kept besides.
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
            f"{expression!r} is no cron expression ({error}); `0 9 * * *` means daily at 9"
        ) from error


def _check_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(
            f"{name!r} is no time zone; use one as `Europe/Berlin` or `UTC`"
        ) from error
    return name
