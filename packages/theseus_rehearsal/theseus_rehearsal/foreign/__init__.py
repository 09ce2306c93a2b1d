"""Replays of bots that are not built on Theseus: by their own start, in their own Python."""

from theseus_rehearsal.foreign.databases import Databases
from theseus_rehearsal.foreign.rehearsal import ForeignRehearsal
from theseus_rehearsal.foreign.start import BotStart, find_start, parse_start

__all__ = ["BotStart", "Databases", "ForeignRehearsal", "find_start", "parse_start"]
