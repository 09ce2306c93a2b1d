"""The migrations that this code knows, of every database in the state folder."""

from bot.adapters import research
from bot.app.state_parts import PARTS
from bot.infra import forge_pulls

KNOWN_MIGRATIONS = frozenset(
    migration.name
    for migrations in (
        *(part.migrations for part in PARTS),
        research.MIGRATIONS,
        forge_pulls.MIGRATIONS,
    )
    for migration in migrations
)
