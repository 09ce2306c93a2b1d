"""`theseus worker`: does work for a bot on another machine."""

import os
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from theseus_observe.redaction import redact, register_secret

from bot.domain.errors import ConfigError
from bot.infra.loop_end import run_until_end
from bot.settings import WORKER_SECRETS, ArtefactPlace, read_worker_secrets
from bot.telemetry import configure_logging

Endpoint = Annotated[str, typer.Option(help="The S3-compatible store of the bucket.")]
Region = Annotated[str | None, typer.Option(help="The region of the bucket.")]


def start_worker(
    group: Annotated[str, typer.Option(help="The group of this worker, as the bot knows it.")],
    artefacts: Annotated[
        str, typer.Option(help="The folder shared with the bot, or s3://bucket/prefix.")
    ],
    artefacts_endpoint: Endpoint = "https://s3.amazonaws.com",
    artefacts_region: Region = None,
    address: Annotated[str, typer.Option(help="The Temporal server.")] = "127.0.0.1:7233",
    namespace: Annotated[str, typer.Option(help="The namespace there.")] = "default",
    slots: Annotated[int, typer.Option(min=1, max=256, help="Pieces of work at once.")] = 1,
    authority: Annotated[
        Path | None, typer.Option(help="The certificates that the server's is issued by.")
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option(help="This worker's certificate, for mutual TLS.")
    ] = None,
    key: Annotated[Path | None, typer.Option(help="The private key of the certificate.")] = None,
    encrypted: Annotated[bool, typer.Option(help="Use TLS without a certificate.")] = False,
) -> None:
    """Do replays and checks for a bot on another machine, until SIGTERM or Ctrl-C.

    The current folder is a clone of the bot's repository, at the commit that the bot runs. The
    environment has the group's token in THESEUS_WORKER_TOKEN, for a bucket also its keys, and no
    key of the bot (docs/workers.md).

    Example: theseus worker --group first --artefacts /mnt/theseus --address temporal:7233
    """
    configure_logging(redact=redact, console=None)
    if (Path.cwd() / ".env").exists():
        raise ConfigError(
            f"{Path.cwd() / '.env'} has the keys of a bot; a worker must not be near them. Start "
            "it in a clone of its own."
        )
    place = _read_place(artefacts, artefacts_endpoint, artefacts_region)
    secrets = read_worker_secrets(os.environ, group)
    # What a worker runs must not find them in the environment of its parent.
    for name in WORKER_SECRETS:
        os.environ.pop(name, None)
    register_secret("worker token", secrets.token.get_secret_value())
    if secrets.store is not None:
        register_secret("S3 secret key", secrets.store.secret_key.get_secret_value())
    # Imported late: the client for Temporal is an extra.
    from bot.app.work import ensure_temporal

    ensure_temporal()
    from bot.adapters.temporal_queue import TemporalConnection, WorkerGroup
    from bot.app.worker import run_worker

    connection = TemporalConnection(
        address,
        namespace,
        authority,
        certificate,
        key,
        secrets.api_key.get_secret_value() if secrets.api_key else None,
        is_encrypted=encrypted,
    )
    members = WorkerGroup(group, secrets.token.get_secret_value())
    run_until_end(run_worker(connection, members, place, secrets.store, slots))


def _read_place(artefacts: str, endpoint: str, region: str | None) -> ArtefactPlace:
    try:
        return ArtefactPlace(
            artefacts=artefacts, artefacts_endpoint=endpoint, artefacts_region=region
        )
    except ValidationError as error:
        raise ConfigError(f"--artefacts: {error.errors()[0]['msg']}") from error
