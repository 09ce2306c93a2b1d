"""Who a model's work is done for, and what each request of it came to."""

from typing import Literal

from pydantic import AwareDatetime, Field

from bot.domain.cost import Cost
from bot.domain.record import Record

Purpose = Literal["diagnose", "plan", "execute", "review", "chat"]


class Account(Record):
    """Who is charged. `person_id` is who asked: a Discord id, or that of `ITSELF`.

    What belongs to no run has no `run_id`.
    """

    purpose: Purpose
    person_id: int
    run_id: str | None = None


class Charge(Cost):
    """One request to the provider, without a word of what was said in it.

    `status` is what the program was answered (HTTP). An `estimated` one broke off before the
    provider said what it used. A `refused` one never went out, and cost nothing.
    """

    id: str
    at: AwareDatetime
    account: Account
    model: str
    status: int
    outcome: Literal["ok", "error", "refused", "cancelled"]
    seconds: float = Field(default=0.0, ge=0)
    redacted: int = Field(default=0, ge=0, description="secrets taken out before it went out")
    note: str = Field(default="", description="why it was refused or failed, safe to show")
