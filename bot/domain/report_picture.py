"""Pictures that a person attached to a report: untrusted data for a model, never stored."""

from typing import Literal

from pydantic import ConfigDict
from theseus_guard.record import Record

PictureType = Literal["image/png", "image/jpeg"]


class ReportPicture(Record):
    """One picture, rewritten so that it holds pixels and nothing else."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    media_type: PictureType
    content: bytes
