"""What keeps the bot within bounds: approvals, the model gateway, the audit log, HTTP."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator
from theseus_guard.protection import PathClass, Protection
from theseus_guard.record import Record

from bot.authority.path_classes import BUILT_IN
from bot.domain.links import ADDRESS_WANTED, parse_web_address


def _can_be_followed(address: str) -> str:
    if address and not parse_web_address(address):
        raise ValueError(f"{ADDRESS_WANTED}, or leave it empty")
    return address.rstrip("/")


LinkAddress = Annotated[str, AfterValidator(_can_be_followed)]
"""What links begin with, without a slash at the end; empty: there are none."""


class GatewayConfig(Record):
    """The gateway to the model.

    After `failures` of one kind in a row, no request is sent for `rest_seconds`.
    """

    redact: bool = Field(default=True, description="secrets are taken out of what goes out")
    failures: int = Field(default=5, ge=1, le=1_000)
    rest_seconds: float = Field(default=30.0, gt=0, le=3_600)
    request_mb: int = Field(default=32, ge=1, le=256, description="a larger request is refused")
    keep_days: int = Field(default=90, ge=8, le=3_650, description="how long charges are kept")


class AuditConfig(Record):
    """How long entries are stored; at least the 30 days that anyone may ask about."""

    keep_days: int = Field(default=400, ge=30, le=36_500)


class HttpConfig(Record):
    """Where HTTP is served. Off loopback it takes THESEUS_HTTP_TOKEN."""

    host: str = "127.0.0.1"
    port: int | None = Field(default=None, ge=0, le=65_535, description="null: not at all")
    trust: tuple[str, ...] = Field(
        default=(), description="further host names it is called by, as behind a proxy"
    )
    url: LinkAddress = Field(
        default="", description="where people reach the dashboard; empty: nothing links to it"
    )
    drain_seconds: float = Field(
        default=0.0,
        ge=0,
        le=300,
        description="at an end, served on while /health/ready answers 503 (a load balancer)",
    )


class ProtectionConfig(Protection):
    """The configured path classes, in addition to the built-in ones.

    A class with the name of a built-in one replaces it.
    """

    classes: dict[str, PathClass] = Field(default_factory=dict)

    @field_validator("classes", mode="after")
    @classmethod
    def _add_built_in(cls, classes: dict[str, PathClass]) -> dict[str, PathClass]:
        return {**BUILT_IN, **classes}

    @field_validator("named", mode="after")
    @classmethod
    def _refuse_named(cls, named: frozenset[str]) -> frozenset[str]:
        if named:
            raise ValueError("people name files when they ask for a change; no setting does")
        return named


class SandboxConfig(Record):
    """How commands and programs are confined.

    Without a sandbox, work nobody asked for is refused if `required`, and so are checks. `network`
    is what checks and commands may reach: nothing, or everything.
    """

    kind: Literal["auto", "bubblewrap", "none"] = "auto"
    required: bool = True
    network: Literal["none", "all"] = "none"
