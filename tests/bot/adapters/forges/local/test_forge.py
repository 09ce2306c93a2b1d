"""The local forge on real git: several at once, crashes, people at work, hostile repositories."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.adapters.forges.local import LocalForge
from bot.domain.errors import ForgeConflict, ForgeRejected, ForgeUnavailable
from bot.domain.proposal import ProposalDraft
from tests.fakes.fake_clock import FakeClock
from tests.fakes.repositories import clone_repository, commit, make_repository, run_git


@pytest.fixture
async def bare(tmp_path: Path) -> Path:
    """Return the bare repository of a forge, with a clone next to it."""
    make_repository(tmp_path / "source")
    await LocalForge.create_repository(tmp_path / "forge.git", tmp_path / "source")
    clone_repository(tmp_path / "forge.git", tmp_path / "clone")
    return tmp_path / "forge.git"


@pytest.fixture
async def forge(bare: Path, tmp_path: Path) -> AsyncIterator[LocalForge]:
    """Return the forge, open."""
    async with another(bare, tmp_path) as forge:
        yield forge


def another(bare: Path, folder: Path) -> LocalForge:
    """Return one more forge on the same files."""
    return LocalForge(bare, folder / "forge.sqlite", FakeClock(), "http://127.0.0.1:8080/")


def change(folder: Path, run_id: str, files: dict[str, str | bytes | None]) -> ProposalDraft:
    """Commit on a fresh branch of the clone; return a draft of it."""
    clone, branch = folder / "clone", f"theseus/{run_id}-mend"
    run_git(clone, "checkout", "-q", "-B", branch, "origin/main")
    head = commit(clone, files, f"Mend for {run_id}")
    return ProposalDraft(
        run_id=run_id, repository=str(clone), branch=branch, head=head, base_branch="main",
        title=f"Mend the dice ({run_id})", body="<b>Cause</b>",
    )  # fmt: skip


async def test_a_forge_whose_pages_nobody_serves_gives_no_address(
    bare: Path, forge: LocalForge, tmp_path: Path
) -> None:
    draft = change(tmp_path, "k7m2xq", {"dice.py": "mended\n"})
    opened = await forge.open_proposal(draft)
    assert opened.url == "http://127.0.0.1:8080/forge/pulls/1"
    async with LocalForge(bare, tmp_path / "forge.sqlite", FakeClock()) as unserved:
        assert (await unserved.get_proposal(opened.number)).url == ""


async def test_two_forges_merge_the_same_proposal_once(
    bare: Path, forge: LocalForge, tmp_path: Path
) -> None:
    draft = change(tmp_path, "k7m2xq", {"dice.py": "mended\n"})
    async with another(bare, tmp_path) as second, asyncio.timeout(20):
        opened = await asyncio.gather(forge.open_proposal(draft), second.open_proposal(draft))
        assert opened[0] == opened[1]
        number = opened[0].number
        merged = await asyncio.gather(
            *(one.merge(number, draft.head) for one in (forge, second) * 3)
        )
    assert len({result.merge_commit for result in merged}) == 1
    assert run_git(bare, "rev-list", "--merges", "main").split() == [merged[0].merge_commit]


async def test_two_proposals_merged_at_once_both_arrive(
    bare: Path, forge: LocalForge, tmp_path: Path
) -> None:
    drafts = [change(tmp_path, f"run{n}", {f"file{n}.txt": "x\n"}) for n in range(4)]
    opened = [await forge.open_proposal(draft) for draft in drafts]
    async with another(bare, tmp_path) as second, asyncio.timeout(20):
        await asyncio.gather(
            *((forge, second)[n % 2].merge(pull.number, pull.head) for n, pull in enumerate(opened))
        )
    assert len(run_git(bare, "rev-list", "--merges", "main").split()) == 4
    listed = run_git(bare, "ls-tree", "--name-only", "main").split()
    assert {f"file{n}.txt" for n in range(4)} <= set(listed)


async def test_the_merge_commit_names_proposal_and_run(
    bare: Path, forge: LocalForge, tmp_path: Path
) -> None:
    draft = change(tmp_path, "k7m2xq", {"dice.py": "mended\n"})
    opened = await forge.open_proposal(draft)
    merged = await forge.merge(opened.number, draft.head)
    shown = run_git(bare, "log", "-1", "--format=%H%n%an%n%P%n%B", "main")
    assert f"Merge pull request #{opened.number} from {draft.branch}" in shown
    assert "Run: k7m2xq" in shown
    assert shown.startswith(f"{merged.merge_commit}\nTheseus\n")
    assert draft.head in shown.splitlines()[2]


async def test_a_merge_that_a_killed_process_did_not_write_down_is_seen(
    bare: Path, forge: LocalForge, tmp_path: Path
) -> None:
    draft = change(tmp_path, "k7m2xq", {"dice.py": "mended\n"})
    opened = await forge.open_proposal(draft)
    merged = await forge.merge(opened.number, draft.head)
    pulls = forge._database
    await pulls.write(
        lambda db: db.execute("UPDATE pulls SET state = 'open', merge_commit = NULL") and None
    )
    commit(tmp_path / "source", {"later.txt": "x"})
    assert await forge.get_proposal(opened.number) == merged
    assert await forge.merge(opened.number, draft.head) == merged
    assert len(run_git(bare, "rev-list", "--merges", "main").split()) == 1


async def test_a_publication_that_a_killed_process_did_not_write_down_is_completed(
    bare: Path, forge: LocalForge, tmp_path: Path
) -> None:
    draft = change(tmp_path, "k7m2xq", {"dice.py": "mended\n"})
    run_git(tmp_path / "clone", "push", "-q", "origin", draft.branch)
    assert (await forge.open_proposal(draft)).head == draft.head


async def test_a_merge_done_by_hand_is_seen(bare: Path, forge: LocalForge, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    for run_id, how in (("run1", "--no-ff"), ("run2", "--ff-only")):
        draft = change(tmp_path, run_id, {f"{run_id}.txt": "x\n"})
        opened = await forge.open_proposal(draft)
        run_git(clone, "checkout", "-q", "-B", "main", "origin/main")
        run_git(clone, "merge", "-q", how, draft.branch)
        run_git(clone, "push", "-q", "origin", "main")
        now = await forge.get_proposal(opened.number)
        assert (now.state, now.merge_commit) == ("merged", run_git(clone, "rev-parse", "main"))
        assert await forge.merge(opened.number, draft.head) == now


async def test_our_own_rewritten_branch_may_replace_what_we_published(
    forge: LocalForge, tmp_path: Path
) -> None:
    opened = await forge.open_proposal(change(tmp_path, "k7m2xq", {"dice.py": "first\n"}))
    again = change(tmp_path, "k7m2xq", {"dice.py": "second\n"})
    assert (await forge.open_proposal(again)).head == again.head != opened.head


async def test_only_the_drafts_head_is_published(
    bare: Path, forge: LocalForge, tmp_path: Path
) -> None:
    draft = change(tmp_path, "k7m2xq", {"dice.py": "mended\n"})
    commit(tmp_path / "clone", {"dice.py": "not verified\n"})
    assert (await forge.open_proposal(draft)).head == draft.head
    assert run_git(bare, "rev-parse", draft.branch) == draft.head


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"branch": "main"}, "for itself"),
        ({"base_branch": "absent"}, "no branch absent"),
        ({"branch": "-D"}, "name of a branch"),
        ({"branch": "a..b"}, "name of a branch"),
        ({"repository": "/absent/clone"}, "is not there"),
        ({"repository": "ext::sh -c 'touch /tmp/x'"}, "is not there"),
    ],
)
async def test_drafts_that_make_no_sense_are_rejected(
    forge: LocalForge, tmp_path: Path, changes: dict[str, str], words: str
) -> None:
    draft = change(tmp_path, "k7m2xq", {"dice.py": "mended\n"})
    with pytest.raises(ForgeRejected, match=words):
        await forge.open_proposal(draft.replace(**changes))
    assert await forge.find("k7m2xq") is None


async def test_a_head_that_the_branch_does_not_hold_is_a_conflict(
    forge: LocalForge, tmp_path: Path
) -> None:
    draft = change(tmp_path, "k7m2xq", {"dice.py": "mended\n"})
    with pytest.raises(ForgeConflict, match="does not hold"):
        await forge.open_proposal(draft.replace(head="1" * 40))


async def test_nothing_new_is_no_proposal(forge: LocalForge, tmp_path: Path) -> None:
    run_git(tmp_path / "clone", "checkout", "-q", "-b", "theseus/k7m2xq-mend")
    head = run_git(tmp_path / "clone", "rev-parse", "HEAD")
    draft = ProposalDraft(
        run_id="k7m2xq", repository=str(tmp_path / "clone"), branch="theseus/k7m2xq-mend",
        head=head, base_branch="main", title="Nothing", body="",
    )  # fmt: skip
    with pytest.raises(ForgeRejected, match="no commit"):
        await forge.open_proposal(draft)


async def test_a_conflict_names_the_files(forge: LocalForge, tmp_path: Path) -> None:
    first = change(tmp_path, "run1", {"dice.py": "this\n", "ünï code.txt": "1"})
    second = change(tmp_path, "run2", {"dice.py": "that\n", "ünï code.txt": "2"})
    pulls = [await forge.open_proposal(draft) for draft in (first, second)]
    await forge.merge(pulls[0].number, first.head)
    with pytest.raises(ForgeConflict, match=r"dice\.py, ünï code\.txt"):
        await forge.merge(pulls[1].number, second.head)


async def test_hooks_and_programs_of_either_repository_are_not_run(
    bare: Path, forge: LocalForge, tmp_path: Path
) -> None:
    evil, ran = tmp_path / "evil.sh", tmp_path / "ran"
    evil.write_text(f'#!/bin/sh\necho "$0" >> {ran}\n')
    evil.chmod(0o755)
    draft = change(tmp_path, "k7m2xq", {"dice.py": "mended\n", ".gitattributes": "* merge=evil\n"})
    for folder in (bare, tmp_path / "clone" / ".git"):
        shutil.rmtree(folder / "hooks", ignore_errors=True)
        (folder / "hooks").mkdir()
        (folder / "info").mkdir(exist_ok=True)
        (folder / "info" / "attributes").write_text("* merge=evil filter=evil diff=evil\n")
        for hook in ("pre-receive", "update", "post-update", "reference-transaction", "post-merge"):
            (folder / "hooks" / hook).symlink_to(evil)
        for key in ("merge.evil.driver", "filter.evil.process", "diff.evil.textconv",
                    "uploadpack.packObjectsHook", "core.fsmonitor"):  # fmt: skip
            run_git(folder, "config", key, str(evil))
    pull = await forge.open_proposal(draft)
    await forge.get_diff(pull.number)
    await forge.merge(pull.number, draft.head)
    assert not ran.exists(), ran.read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
async def test_files_of_another_owner_are_no_obstacle(
    bare: Path, forge: LocalForge, tmp_path: Path
) -> None:
    draft = change(tmp_path, "k7m2xq", {"dice.py": "mended\n"})
    try:
        for folder in (bare, tmp_path / "clone"):
            for path in (folder, *folder.rglob("*")):
                os.chown(path, 12345, 12345, follow_symlinks=False)
    except OSError as error:  # in a sandbox there is no other user
        pytest.skip(f"files cannot be given away here: {error}")
    pull = await forge.open_proposal(draft)
    assert (await forge.merge(pull.number, draft.head)).state == "merged"


async def test_what_a_page_shows_stays_the_same_after_the_merge(
    forge: LocalForge, tmp_path: Path
) -> None:
    draft = change(tmp_path, "k7m2xq", {"dice.py": "one\n2\nthree\n"})
    pull = await forge.open_proposal(draft)
    before = (await forge.get_diff(pull.number), await forge.list_commits(pull.number))
    await forge.merge(pull.number, draft.head)
    assert (await forge.get_diff(pull.number), await forge.list_commits(pull.number)) == before
    assert "-two\n+2\n" in before[0]
    assert [entry.summary for entry in before[1]] == ["Mend for k7m2xq"]
    assert await forge.get_body(pull.number) == "<b>Cause</b>"
    assert [entry.number for entry in await forge.list_proposals()] == [pull.number]


async def test_everything_is_there_when_it_is_opened_again(bare: Path, tmp_path: Path) -> None:
    draft = change(tmp_path, "k7m2xq", {"dice.py": "mended\n"})
    async with another(bare, tmp_path) as forge:
        opened = await forge.open_proposal(draft)
    await LocalForge.create_repository(bare, tmp_path / "source")
    async with another(bare, tmp_path) as forge:
        assert await forge.find("k7m2xq") == opened


async def test_an_older_git_merges_just_the_same(
    bare: Path, forge: LocalForge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = tmp_path / "bin" / "git"
    older.parent.mkdir()
    real = shutil.which("git")
    older.write_text(
        f'#!/bin/sh\nfor a; do [ "$a" = --write-tree ] && exit 129; done\nexec {real} "$@"\n'
    )
    older.chmod(0o755)
    drafts = [change(tmp_path, f"run{n}", {"dice.py": f"{n}\n"}) for n in range(2)]
    pulls = [await forge.open_proposal(draft) for draft in drafts]
    monkeypatch.setenv("PATH", f"{older.parent}:{os.environ['PATH']}")
    await forge.merge(pulls[0].number, pulls[0].head)
    with pytest.raises(ForgeConflict, match=r"dice\.py"):
        await forge.merge(pulls[1].number, pulls[1].head)
    assert run_git(bare, "show", "main:dice.py") == "0"
    assert run_git(bare, "rev-list", "--count", "--merges", "main") == "1"
    assert len(run_git(bare, "worktree", "list").splitlines()) == 1


async def test_a_forge_without_its_repository_says_so(tmp_path: Path) -> None:
    async with another(tmp_path / "absent.git", tmp_path) as forge:
        with pytest.raises(ForgeUnavailable, match=r"absent\.git"):
            await forge.check_connection()
    make_repository(tmp_path / "plain")
    async with another(tmp_path / "plain" / ".git", tmp_path) as forge:
        with pytest.raises(ForgeUnavailable, match="not a bare"):
            await forge.check_connection()
