"""Shards: the part of a bot's servers whose events come to one process."""

from typing import Self

from pydantic import Field, model_validator
from theseus_guard.record import Record


class Shard(Record):
    """One of `count` shards. Discord puts each server into exactly one, by its id."""

    id: int = Field(ge=0)
    count: int = Field(ge=1, le=10_000)

    @model_validator(mode="after")
    def _require_known(self) -> Self:
        if self.id >= self.count:
            raise ValueError(f"with {self.count} shards, id is 0 to {self.count - 1}")
        return self

    def has(self, guild_id: int) -> bool:
        """Return whether a server is in this shard."""
        return find_shard(guild_id, self.count) == self.id


def find_shard(guild_id: int, count: int) -> int:
    """Return the shard of a server, as Discord computes it."""
    return (guild_id >> 22) % count
