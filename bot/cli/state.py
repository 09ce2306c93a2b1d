"""`theseus state`: copies the state between SQLite and PostgreSQL."""

import asyncio
from collections.abc import Mapping
from typing import Annotated

import typer
from theseus_guard.terminal import JsonOption

from bot.app.state_lock import hold
from bot.app.state_stores import require_driver
from bot.cli.output import print_error, print_json, say
from bot.domain.audit import AuditState
from bot.domain.errors import ConfigError
from bot.domain.postgres_place import SCHEMES, STATE_URL, PostgresPlace
from bot.settings import Settings, load_settings

state_cli = typer.Typer(help="Copy the state between SQLite and PostgreSQL.", no_args_is_help=True)
_SQLITE = "sqlite"


@state_cli.callback()
def _show_group() -> None:
    """Copy the state between SQLite and PostgreSQL."""


@state_cli.command()
def copy(
    to: Annotated[
        str,
        typer.Option(
            help="`postgresql`: the database of THESEUS_STATE_URL. `sqlite`: back from there to a "
            "file. Or the address of an empty database, which others on this machine can read "
            "while the command runs.",
            metavar="postgresql|sqlite|URL",
        ),
    ],
    as_json: JsonOption = False,
) -> None:
    """Copy all that the bot keeps in databases to PostgreSQL, or back.

    Stop the bot first. The target must be empty. All rows are compared after the copy, and the
    audit log is verified; the source stays as it is.

    Example: theseus state copy --to postgresql
    """
    settings = load_settings()
    place = _find_place(settings, to)
    with hold(settings.state):
        counts, audit = asyncio.run(_copy(settings, place, back=to == _SQLITE))
    if as_json:
        print_json(
            {"rows": dict(counts), "audit": {"last": audit.last, "intact": audit.broken is None}}
        )
    else:
        target = str(settings.state) if to == _SQLITE else place.name
        rows = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
        say(f"Copied to {target}, and compared: {rows}.", "green")
    if audit.broken is not None:
        print_error(f"the audit log is broken, as it was before: {audit.broken.summary}")
        raise typer.Exit(1)
    if not as_json:
        say(f"The audit log is intact up to its entry {audit.last}.")
        say(_describe_next_step(back=to == _SQLITE))


async def _copy(
    settings: Settings, place: PostgresPlace, *, back: bool
) -> tuple[Mapping[str, int], AuditState]:
    require_driver()
    from bot.app.state_copy import StateCopier

    copier = StateCopier(settings.state, place)
    counts = await (copier.copy_to_sqlite() if back else copier.copy_to_postgres())
    return counts, await copier.verify_audit_log(postgres=not back)


def _find_place(settings: Settings, to: str) -> PostgresPlace:
    """Return the schema to copy to, or from. Raises `ConfigError`."""
    if to.partition("://")[0] in SCHEMES and "://" in to:
        return PostgresPlace.parse(to, "--to")
    if to not in (*SCHEMES, _SQLITE):
        raise ConfigError("--to is one of: postgresql, sqlite, or postgresql://...")
    url = settings.environment.theseus_state_url
    if url is None:
        raise ConfigError(
            f"{STATE_URL} is not set, so I do not know which database. Set it in "
            f"{settings.root / '.env'}, or name the address: --to postgresql://..."
        )
    return PostgresPlace.parse(url.get_secret_value())


def _describe_next_step(*, back: bool) -> str:
    if back:
        return f"Remove {STATE_URL} from .env, and start the bot: it uses the file."
    return f"With {STATE_URL} in .env, the bot uses the database from its next start."
