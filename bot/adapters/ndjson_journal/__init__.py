"""The journal: NDJSON files, one for each UTC day, and an index of them in SQLite."""

from bot.adapters.ndjson_journal._files import move_files
from bot.adapters.ndjson_journal._index import Damage
from bot.adapters.ndjson_journal._journal import NdjsonJournal
from bot.adapters.ndjson_journal._observed import ObservedJournal
from bot.adapters.ndjson_journal._observed_folder import ObservedFolder

__all__ = ["Damage", "NdjsonJournal", "ObservedFolder", "ObservedJournal", "move_files"]
