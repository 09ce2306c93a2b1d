"""Converts charges to rows and back."""

from collections.abc import Sequence
from datetime import date

from pydantic import ValidationError
from theseus_observe.redaction import redact

from bot.adapters.sqlite_ledger._sums import ChargeFilter
from bot.domain.account import Account, Charge
from bot.domain.cost import Cost
from bot.domain.errors import StoreError
from bot.domain.spending import ChargeSum
from bot.infra.database import SqlConnection, SqlRow, stamp
from bot.infra.sqlite import replace_surrogates

# PostgreSQL adds whole numbers to one of another type.
SUMS = """coalesce(sum(cost_usd), 0) AS cost_usd,
    CAST(coalesce(sum(tokens_in), 0) AS BIGINT) AS tokens_in,
    CAST(coalesce(sum(tokens_out), 0) AS BIGINT) AS tokens_out"""
# For removed charges only sums are stored. For stored charges the body tells if a cost is
# estimated; it is searched as text, so charges of newer versions are counted too.
ESTIMATED = """count(*) FILTER (WHERE instr(body, '"estimated":true') > 0)"""
_ESTIMATED = {"charges": ESTIMATED, "forgotten": "0"}


def insert(connection: SqlConnection, charge: Charge) -> bool:
    """Append a charge; return whether its id was new."""
    account = charge.account
    existing = connection.execute(
        "SELECT 1 FROM charges WHERE id = ?", (replace_surrogates(charge.id),)
    )
    if existing.fetchone() is not None:
        return False
    connection.execute(
        "INSERT INTO charges (id, at, run_id, person_id, purpose, model, outcome, cost_usd,"
        " tokens_in, tokens_out, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            replace_surrogates(charge.id),
            stamp(charge.at),
            None if account.run_id is None else replace_surrogates(account.run_id),
            account.person_id,
            account.purpose,
            replace_surrogates(charge.model),
            charge.outcome,
            charge.cost_usd,
            charge.tokens_in,
            charge.tokens_out,
            as_body(charge),
        ),
    )
    return True


def as_body(charge: Charge) -> str:
    """Return the JSON of a charge as it is stored, without secrets."""
    return charge.replace(
        id=replace_surrogates(charge.id),
        model=replace_surrogates(charge.model),
        note=replace_surrogates(redact(charge.note)),
    ).model_dump_json()


def read_total(connection: SqlConnection, which: ChargeFilter) -> Cost:
    """Return the sum of matching charges; without a start time, including removed ones."""
    terms: list[tuple[str, object]] = []
    if which.run_id is not None:
        terms.append(("run_id = ?", replace_surrogates(which.run_id)))
    if which.person_id is not None:
        terms.append(("person_id = ?", which.person_id))
    if which.since is not None:
        return _sum_table(connection, "charges", [*terms, ("at >= ?", stamp(which.since))])
    forgotten = _sum_table(connection, "forgotten", terms)
    return _sum_table(connection, "charges", terms).add(forgotten)


def _sum_table(connection: SqlConnection, table: str, terms: Sequence[tuple[str, object]]) -> Cost:
    where = " AND ".join(["1 = 1", *(term for term, _ in terms)])
    sums = f"{SUMS}, {_ESTIMATED[table]}"
    sql = f"SELECT {sums} FROM {table} WHERE {where}"  # noqa: S608 # constants, no values
    values = [value for _, value in terms]
    usd, tokens_in, tokens_out, guessed = connection.execute(sql, values).fetchone()
    return Cost(cost_usd=usd, tokens_in=tokens_in, tokens_out=tokens_out, estimated=bool(guessed))


def tally(row: SqlRow) -> ChargeSum:
    """Convert a row of sums to a `ChargeSum`."""
    account = Account(purpose=row["purpose"], person_id=row["person_id"], run_id=row["run_id"])
    sums = ("model", "requests", "refused", "cost_usd", "tokens_in", "tokens_out")
    return ChargeSum(
        day=date.fromisoformat(row["day"]),
        account=account,
        estimated=bool(row["estimated"]),
        **{name: row[name] for name in sums},
    )


def parse_charge(body: str) -> Charge:
    """Parse a stored charge. Raises `StoreError`."""
    try:
        return Charge.model_validate_json(body)
    except ValidationError as error:
        raise StoreError(
            "A charge in the ledger cannot be read by this version of Theseus.", detail=str(error)
        ) from error
