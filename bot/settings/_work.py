"""Where replays, checks and searches are done: on this machine, or by workers on others."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from theseus_guard.record import Record


class WorkConfig(Record):
    """Which queue has the work; paths start at the bot's folder.

    `artefacts` is a folder that the bot and all workers share. With a certificate or an authority
    the connection is encrypted.
    """

    queue: Literal["local", "temporal"] = "local"
    address: str = "127.0.0.1:7233"
    namespace: str = "default"
    artefacts: Path = Path("data/state/artefacts")
    keep_hours: float = Field(default=48.0, ge=1, le=8_760, description="of artefacts")
    wait_seconds: float = Field(
        default=60.0, gt=0, le=3_600, description="until work that no worker takes is done here"
    )
    silence_seconds: float = Field(
        default=10.0, ge=1, le=600, description="after which a worker counts as dead"
    )
    orders: int = Field(default=16, ge=1, le=1_000, description="of one group at once")
    encrypted: bool = False
    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
