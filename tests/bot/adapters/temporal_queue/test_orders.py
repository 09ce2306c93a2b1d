"""Orders and outcomes: who may give them, and what they are about. No server is needed."""

import asyncio
import json
from pathlib import Path

import pytest
from rehearsal_tests.fake_rehearsal import FakeRehearsal
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from bot.adapters.folder_artefacts import FolderArtefacts
from bot.adapters.temporal_queue._bundles import StoredBundles, open_bundle, pack_commit
from bot.adapters.temporal_queue._envelopes import (
    Order,
    OrderOutcome,
    WorkerGroup,
    sign_record,
    verify_record,
)
from bot.adapters.temporal_queue._worker import OpenCommits, WorkerActivities
from bot.domain.errors import WorkspaceError
from bot.domain.queued_work import CheckCommand, WorkError
from bot.infra.git import Git
from tests.fakes.repositories import commit, make_repository, run_git
from tests.support.local_sandbox import choose_local_sandbox

TOKEN, OTHER = "a" * 32, "b" * 32
ORDER = Order(
    id="1" * 32,
    group="first",
    version="c" * 40,
    kind="check",
    bundle="d" * 64,
    snapshot="e" * 40,
    work="f" * 64,
    attempts=3,
)
OUTCOME = OrderOutcome(order=ORDER.id, result="f" * 64)


def test_a_signed_record_is_that_of_whoever_has_the_token() -> None:
    assert verify_record(sign_record(ORDER, TOKEN), Order, TOKEN) == ORDER
    assert verify_record(sign_record(OUTCOME, TOKEN), OrderOutcome, TOKEN) == OUTCOME
    assert TOKEN not in sign_record(ORDER, TOKEN) + repr(WorkerGroup("first", TOKEN))


def change_body(text: str) -> str:
    envelope = json.loads(text)
    envelope["body"] = envelope["body"].replace("1" * 32, "2" * 32)
    return json.dumps(envelope)


@pytest.mark.parametrize(
    "forged",
    [
        sign_record(OUTCOME, OTHER),
        change_body(sign_record(OUTCOME, TOKEN)),
        sign_record(ORDER, TOKEN),  # what the bot has signed is no outcome
        json.dumps({"body": OUTCOME.model_dump_json(), "signature": ""}),
        json.dumps({"body": OUTCOME.model_dump_json(), "signature": "é"}),
        json.dumps({"body": "\ud800", "signature": "0" * 64}),
        OUTCOME.model_dump_json(),
        "no envelope",
        "",
    ],
)
def test_a_forged_outcome_is_an_error(forged: str) -> None:
    with pytest.raises(WorkError):
        verify_record(forged, OrderOutcome, TOKEN)


class WorkerRoom:
    """A worker of the first group, without a server, and an order for it."""

    def __init__(self, folder: Path) -> None:
        make_repository(folder / "repository", {"dice.py": "FACES = 6\n"})
        self.git = Git(folder / "repository")
        self.artefacts = FolderArtefacts(folder / "artefacts")
        commits = OpenCommits(self.artefacts, FakeRehearsal(), choose_local_sandbox())
        group = WorkerGroup("first", TOKEN)
        self.activities = WorkerActivities(self.artefacts, commits, group, ORDER.version)
        self.commits = commits

    async def make_order(self) -> Order:
        command = CheckCommand(words=("{python}", "-c", "import dice; print(dice.FACES)"))
        bundle = await pack_commit(self.git, self.git.resolve_revision("HEAD"))
        return ORDER.replace(
            bundle=await self.artefacts.put(bundle.content),
            snapshot=bundle.snapshot,
            work=await self.artefacts.put(command.model_dump_json().encode()),
        )

    async def check(self, envelope: str) -> str:
        try:
            reply: str = await ActivityEnvironment().run(self.activities.check, envelope)
            return reply
        finally:
            await self.commits.close()


async def test_a_worker_does_what_the_bot_has_signed_and_signs_the_outcome(tmp_path: Path) -> None:
    room = WorkerRoom(tmp_path)
    done = await room.check(sign_record(await room.make_order(), TOKEN))
    outcome = verify_record(done, OrderOutcome, TOKEN)
    assert (outcome.order, outcome.error) == (ORDER.id, "")
    assert json.loads(await room.artefacts.get(outcome.result))["output"].strip() == "6"


@pytest.mark.parametrize(
    ("changes", "token", "reason"),
    [
        ({}, OTHER, "refused"),
        ({"group": "second"}, TOKEN, "refused"),
        ({"kind": "replay"}, TOKEN, "refused"),
        ({"version": "0" * 40}, TOKEN, "declined"),
    ],
)
async def test_a_worker_refuses_orders_of_others_and_declines_those_for_other_code(
    tmp_path: Path, changes: dict[str, str], token: str, reason: str
) -> None:
    room = WorkerRoom(tmp_path)
    order = (await room.make_order()).replace(**changes)
    with pytest.raises(ApplicationError) as refused:
        await room.check(sign_record(order, token))
    assert refused.value.type == reason


async def test_an_exchanged_bundle_is_an_error_of_the_outcome(tmp_path: Path) -> None:
    room = WorkerRoom(tmp_path)
    order = await room.make_order()
    commit(room.git.folder, {"dice.py": "FACES = 0\n"})
    other = await pack_commit(room.git, room.git.resolve_revision("HEAD"))
    exchanged = order.replace(bundle=await room.artefacts.put(other.content))
    outcome = verify_record(await room.check(sign_record(exchanged, TOKEN)), OrderOutcome, TOKEN)
    assert (outcome.error, outcome.result) == ("workspace", "")


async def test_a_bundle_has_the_files_and_none_of_the_history(tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    make_repository(folder, {"dice.py": "FACES = 6\n", "old.txt": "an old secret"})
    newest = commit(folder, {"old.txt": None, "dice.py": "FACES = 7\n"}, message="Remove it")
    git = Git(folder)
    bundle, again = await pack_commit(git, newest), await pack_commit(git, newest)
    assert bundle.snapshot == again.snapshot
    async with open_bundle(bundle.content, bundle.snapshot) as tree:
        assert (tree / "dice.py").read_text() == "FACES = 7\n"
        assert sorted(each.name for each in tree.iterdir()) == ["dice.py"]
        objects = run_git(tree.parent / "repository", "cat-file", "--batch-all-objects",
                          "--batch-check=%(objecttype)")  # fmt: skip
        assert sorted(objects.split()) == ["blob", "commit", "tree"]
    with pytest.raises(WorkspaceError, match="does not have the commit"):
        async with open_bundle(bundle.content, newest):
            pass


class CountingArtefacts(FolderArtefacts):
    puts = 0

    async def put(self, content: bytes) -> str:
        self.puts += 1
        return await super().put(content)


async def test_the_files_of_a_commit_are_stored_once_for_groups_that_ask_together(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "repository"
    make_repository(folder, {"dice.py": "FACES = 6\n"})
    git, artefacts = Git(folder), CountingArtefacts(tmp_path / "artefacts")
    head, bundles = git.resolve_revision("HEAD"), StoredBundles(git, artefacts)
    found = {*await asyncio.gather(bundles.store(head), bundles.store(head))}
    assert (len(found), artefacts.puts) == (1, 1)
    assert {await bundles.store(head)} == found


async def test_a_repository_inside_of_the_files_is_not_left_out_silently(tmp_path: Path) -> None:
    make_repository(tmp_path / "repository", {"dice.py": "FACES = 6\n"})
    (tmp_path / "tree/inner/.git").mkdir(parents=True)
    bundles = StoredBundles(Git(tmp_path / "repository"), FolderArtefacts(tmp_path / "shared"))
    with pytest.raises(WorkspaceError, match="cannot be given to workers"):
        await bundles.store_files(tmp_path / "tree")
