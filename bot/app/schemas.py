"""The migrations that this code knows, of every database in the state folder."""

from bot.adapters import research, sqlite_ledger, sqlite_memory, sqlite_store, sqlite_traffic
from bot.hot_reload import versions
from bot.infra import forge_pulls

KNOWN_MIGRATIONS = frozenset(
    migration.name
    for migrations in (
        sqlite_store.MIGRATIONS,
        sqlite_ledger.MIGRATIONS,
        sqlite_memory.MIGRATIONS,
        sqlite_traffic.MIGRATIONS,
        research.MIGRATIONS,
        forge_pulls.MIGRATIONS,
        versions.MIGRATIONS,
    )
    for migration in migrations
)
