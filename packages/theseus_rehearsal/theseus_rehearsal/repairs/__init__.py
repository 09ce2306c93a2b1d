"""Repairs that replays judge: for bots without tests. The search is that of `theseus_repair`."""

from theseus_rehearsal.repairs.cases import RepairCase, ReplayedScript
from theseus_rehearsal.repairs.repair import FoundEdit, ReplayRepair, repair_by_replays

__all__ = ["FoundEdit", "RepairCase", "ReplayRepair", "ReplayedScript", "repair_by_replays"]
