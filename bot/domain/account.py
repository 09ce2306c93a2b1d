"""Accounts that model requests are charged to, and the charge for each request."""

from typing import Literal

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record

from bot.domain.cost import Cost
from bot.domain.people import Person

Purpose = Literal["diagnose", "plan", "execute", "review", "chat", "audit"]


class Account(Record):
    """The account a model request is charged to.

    `person_id` is the Discord id of the person who asked, or the id of `ITSELF`. `run_id` is `None`
    for work that belongs to no run; then `guild_id` is the server in which they asked.
    """

    purpose: Purpose
    person_id: int
    run_id: str | None = None
    guild_id: int | None = None


def build_chat_account(person: Person) -> Account:
    """Return the account of a person's chat, in the server in which they wrote."""
    guild_id = person.at.guild_id if person.at is not None else None
    return Account(purpose="chat", person_id=person.id, guild_id=guild_id)


class Charge(Cost):
    """One request to the provider, without any text of it.

    `status` is the HTTP status that the program received. If `estimated`, the request broke off
    before the provider reported its usage. A `refused` request was never sent and cost nothing.
    """

    id: str
    at: AwareDatetime
    account: Account
    model: str
    status: int
    outcome: Literal["ok", "error", "refused", "cancelled"]
    seconds: float = Field(default=0.0, ge=0)
    redacted: int = Field(default=0, ge=0, description="secrets removed before it was sent")
    note: str = Field(default="", description="why it was refused or failed, safe to show")
