"""Artefacts as objects of an S3-compatible store. Imported late: its client is an extra."""

import io
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.error import MinioException

from bot.domain.errors import ConfigError, StoreError
from bot.infra.hashed_artefacts import HashedArtefacts

_FAILURES = (MinioException, urllib3.exceptions.HTTPError, OSError, ValueError)
_TIMEOUT = urllib3.Timeout(connect=5, read=60)
_RETRIES = urllib3.Retry(total=2, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504])


class S3Place(NamedTuple):
    """A bucket, the beginning of the objects' names there, and how the store is reached."""

    bucket: str
    prefix: str
    endpoint: str
    region: str | None = None


class S3Artefacts(HashedArtefacts):
    """Has one object for each key. Others may write to the bucket, too."""

    def __init__(self, place: S3Place, access_key: str, secret_key: str) -> None:
        """Connect to nothing yet. Raises `ConfigError` for an address that cannot be one."""
        self._bucket = place.bucket
        self._prefix = f"{place.prefix}/" if place.prefix else ""
        self._name = f"s3://{place.bucket}/{self._prefix}"
        address = urlsplit(place.endpoint)
        try:
            self._client = Minio(
                address.netloc + address.path.rstrip("/"),
                access_key=access_key,
                secret_key=secret_key,
                secure=address.scheme != "http",
                region=place.region,
                http_client=urllib3.PoolManager(timeout=_TIMEOUT, retries=_RETRIES),
            )
        except ValueError as error:
            raise ConfigError(f"work.artefacts_endpoint {place.endpoint}: {error}") from error

    def _describe(self, key: str) -> str:
        return self._name + key

    def _write(self, key: str, content: bytes) -> None:
        try:
            self._client.put_object(
                self._bucket, self._prefix + key, io.BytesIO(content), len(content)
            )
        except _FAILURES as error:
            raise StoreError(f"cannot store an artefact in {self._name}: {error}") from error

    def _read(self, key: str, size: int) -> bytes:
        try:
            response = self._client.get_object(self._bucket, self._prefix + key)
            try:
                # Without decoding: a small compressed answer could fill the memory.
                content: bytes = response.read(size, decode_content=False)
            finally:
                response.close()  # what is left of a large object is not read
                response.release_conn()
        except _FAILURES as error:
            raise StoreError(f"the artefact {self._name}{key} cannot be read: {error}") from error
        return content

    def _remove_older(self, seconds: float) -> int:
        # The dates are those of the store's clock, which may differ from this machine's.
        oldest, removed = datetime.now(UTC) - timedelta(seconds=seconds), 0
        try:
            for each in self._client.list_objects(self._bucket, self._prefix, recursive=True):
                if each.object_name and each.last_modified and each.last_modified < oldest:
                    self._client.remove_object(self._bucket, each.object_name)
                    removed += 1
        except _FAILURES as error:
            raise StoreError(f"cannot remove artefacts from {self._name}: {error}") from error
        return removed
