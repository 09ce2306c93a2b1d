"""The store of artefacts that the settings name: a folder, or a bucket."""

import importlib.util
from pathlib import Path

from bot.adapters.folder_artefacts import FolderArtefacts
from bot.domain.errors import ConfigError
from bot.ports.artefact_store import ArtefactStore
from bot.settings import ArtefactPlace, StoreKeys


def open_artefacts(place: ArtefactPlace, root: Path, keys: StoreKeys | None) -> ArtefactStore:
    """Return the store; nothing is connected yet. Paths start at `root`. Raises `ConfigError`."""
    bucket = place.bucket
    if bucket is None:
        return FolderArtefacts(place.get_folder(root))
    if keys is None:
        raise ConfigError(
            f"{place.artefacts} needs THESEUS_ARTEFACTS_ACCESS_KEY and "
            "THESEUS_ARTEFACTS_SECRET_KEY in the environment, of an account that may use this "
            "bucket alone (docs/workers.md)."
        )
    if importlib.util.find_spec("minio") is None:
        raise ConfigError(
            "The client for S3 is not installed; install it with `uv sync --extra s3` "
            "(or `pip install 'theseus[s3]'`)."
        )
    from bot.adapters.s3_artefacts import S3Artefacts, S3Place

    return S3Artefacts(
        S3Place(*bucket, place.artefacts_endpoint, place.artefacts_region),
        keys.access_key.get_secret_value(),
        keys.secret_key.get_secret_value(),
    )
