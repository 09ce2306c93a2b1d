"""An S3-compatible store in this process, for tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

BUCKET = "theseus"
ACCESS_KEY, SECRET_KEY = "a-worker", "the key of that worker"


@contextmanager
def serve_s3() -> Iterator[str]:
    """Yield the address of a store with an empty bucket."""
    pytest.importorskip("minio", reason="needs theseus[s3]")
    server = pytest.importorskip("moto.server", reason="needs moto").ThreadedMotoServer(
        ip_address="127.0.0.1", port=0, verbose=False
    )
    server.start()
    try:
        host, port = server.get_host_and_port()
        address = f"http://{host}:{port}"
        open_client(address).make_bucket(BUCKET)
        yield address
    finally:
        server.stop()


def open_client(address: str):  # type: ignore[no-untyped-def]  # the client is an extra
    """Return a client of its own, as another writer of the bucket has."""
    from minio import Minio

    return Minio(
        urlsplit(address).netloc, access_key=ACCESS_KEY, secret_key=SECRET_KEY, secure=False
    )
