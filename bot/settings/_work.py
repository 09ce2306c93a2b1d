"""Where replays, checks and searches are done: on this machine, or by workers on others."""

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator
from theseus_guard.record import Record

_S3 = "s3://"
_BUCKET = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/([\w.!()/-]*))?", re.ASCII)
_ENDPOINT = re.compile(r"https?://[\w.\[\]:-]+")


class ArtefactPlace(Record):
    """Where the files are that the bot and all workers share.

    `artefacts` is a folder, or `s3://bucket/prefix` in the store at `artefacts_endpoint`. Without a
    region, the store is asked for that of the bucket.
    """

    artefacts: str = "data/state/artefacts"
    artefacts_endpoint: str = "https://s3.amazonaws.com"
    artefacts_region: str | None = None

    @field_validator("artefacts")
    @classmethod
    def _check_bucket(cls, value: str) -> str:
        if value.startswith(_S3) and not _BUCKET.fullmatch(value):
            raise ValueError("a bucket is named as in s3://bucket/prefix")
        return value

    @field_validator("artefacts_endpoint")
    @classmethod
    def _check_endpoint(cls, value: str) -> str:
        if not _ENDPOINT.fullmatch(value):
            raise ValueError("an endpoint is an address such as https://s3.example.org:9000")
        return value

    @property
    def bucket(self) -> tuple[str, str] | None:
        """The bucket and the beginning of the names there, or `None` for a folder."""
        found = _BUCKET.fullmatch(self.artefacts)
        return (found[1], (found[2] or "").strip("/")) if found else None

    def get_folder(self, root: Path) -> Path:
        """Return the folder, which starts at `root`."""
        return root / Path(self.artefacts).expanduser()


class WorkConfig(ArtefactPlace):
    """Which queue has the work; paths start at the bot's folder.

    With a certificate or an authority the connection is encrypted.
    """

    queue: Literal["local", "temporal"] = "local"
    address: str = "127.0.0.1:7233"
    namespace: str = "default"
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
