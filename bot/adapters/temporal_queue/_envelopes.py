"""Orders to workers and their outcomes, signed with the token of the workers' group.

Everyone who can reach the queue can read it and write to it. So a worker does only what the bot has
signed, and the bot accepts only what a worker of that group has signed, for this very order. What
is signed names artefacts by hash, so they cannot be exchanged either.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from pydantic import Field, ValidationError
from theseus_guard.record import Record

from bot.domain.queued_work import WorkError

WorkKind = Literal["replay", "check", "search"]
_MAX_MESSAGE = 2_000


@dataclass(frozen=True)
class WorkerGroup:
    """Workers that share a token. What one of them says can be said by any of them."""

    name: str
    token: str = field(repr=False)

    def name_queue(self, version: str) -> str:
        """Return the task queue of this group's workers with the code of commit `version`."""
        return f"theseus-{self.name}-{version}"


class Order(Record):
    """One piece of work. `bundle` and `work` are keys of artefacts.

    `snapshot` is the commit in the bundle, and `version` that of the bot's own code.
    """

    id: str
    group: str
    version: str
    kind: WorkKind
    bundle: str
    snapshot: str
    work: str
    attempts: int = Field(ge=1)


class OrderOutcome(Record):
    """The end of an order: the key of the result, or the code and message of an error."""

    order: str
    result: str = ""
    error: str = ""
    message: str = Field(default="", max_length=_MAX_MESSAGE)


class _Envelope(Record):
    body: str
    signature: str


T = TypeVar("T", Order, OrderOutcome)


def sign_record(record: Order | OrderOutcome, token: str) -> str:
    """Return a record as signed text."""
    body = record.model_dump_json()
    return _Envelope(body=body, signature=_sign(type(record), body, token)).model_dump_json()


def verify_record(text: str, kind: type[T], token: str) -> T:
    """Return the record in a signed text. Raises `WorkError` if the signature is another one."""
    try:
        envelope = _Envelope.model_validate_json(text)
        if not hmac.compare_digest(
            _sign(kind, envelope.body, token).encode(), envelope.signature.encode()
        ):
            raise WorkError(f"the signature of this {kind.__name__.lower()} is not of this group")
        return kind.model_validate_json(envelope.body)
    except (ValidationError, UnicodeEncodeError) as error:
        raise WorkError(f"this is no {kind.__name__.lower()} of this version") from error


def truncate_message(text: str) -> str:
    """Return the beginning of an error's message, as far as an outcome can have it."""
    return text[:_MAX_MESSAGE]


def _sign(kind: type[Record], body: str, token: str) -> str:
    # The kind is signed too: an outcome must not pass for an order.
    signed = f"theseus-work\0{kind.__name__}\0{body}"
    return hmac.new(token.encode(), signed.encode(), hashlib.sha256).hexdigest()
