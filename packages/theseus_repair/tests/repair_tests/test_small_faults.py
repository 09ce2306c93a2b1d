"""The engine on small faulty modules, judged by tests it has not seen."""

from pathlib import Path

import pytest
from repair_tests.fault_table import Fault, choose_parameters, read_faults
from theseus_repair.clock import MachineClock
from theseus_repair.engine import repair_tree
from theseus_repair.forking_runner import ForkingRunner
from theseus_repair.request import RepairRequest
from theseus_repair.runner import TimeLimits

pytestmark = pytest.mark.usefixtures("few_plugins")

EVERYDAY = {"parse dice: index beyond the list"}
FAULTS = read_faults()
LIMITS = TimeLimits(5, 3, 30)


async def mends(fault: Fault, folder: Path) -> bool:
    """Return whether the engine's fix passes the held-out tests."""
    fault.write_project(folder)
    async with ForkingRunner(folder) as runner:
        first = await runner.run(["test_subject.py"], {}, LIMITS)
        failing = tuple(record.test for record in first.failures)
        request = RepairRequest(folder, failing, ("test_subject.py",), written=True, seconds=90)
        report = await repair_tree(request, runner, MachineClock())
        (folder / "test_held_out.py").write_text(fault.held_out)
        held_out = await runner.run(["test_held_out.py"], {}, LIMITS)
        return report.fix is not None and held_out.is_passing


@pytest.mark.parametrize(
    "fault", [fault for fault in FAULTS if fault.name in EVERYDAY], ids=lambda fault: fault.name
)
async def test_an_everyday_fault_is_mended_as_it_was_meant(fault: Fault, tmp_path: Path) -> None:
    assert await mends(fault, tmp_path)


OTHERS = [fault for fault in FAULTS if fault.name not in EVERYDAY]


@pytest.mark.slow
@pytest.mark.parametrize("fault", choose_parameters(OTHERS, each=6), ids=lambda fault: fault.name)
async def test_every_other_fault_of_the_table_is_mended(fault: Fault, tmp_path: Path) -> None:
    assert await mends(fault, tmp_path)


def test_the_table_is_long_and_every_fault_differs_from_its_right_form() -> None:
    assert len(FAULTS) >= 50
    assert all(fault.faulty != fault.right for fault in FAULTS)
