"""What every forge promises. A further forge is one more room, and one more parameter."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import pytest
from pydantic import SecretStr

from bot.adapters.forges.forgejo import ForgejoForge
from bot.adapters.forges.github import GithubForge, Token
from bot.adapters.forges.local import LocalForge
from bot.adapters.system_clock import SystemClock
from bot.domain.change import MergeResult
from bot.domain.errors import BaseMoved, ForgeConflict, ForgeRejected
from bot.domain.issue import ForgeIssue
from bot.domain.proposal import Comment, ProposalDraft
from bot.ports.forge import Forge
from tests.fakes.fake_clock import START, FakeClock, HurriedClock
from tests.fakes.fake_forge import FakeForge
from tests.fakes.repositories import clone_repository, commit, make_repository, run_git
from tests.twins.forgejo import ForgejoTwin
from tests.twins.github import GithubTwin

BODY = "It has happened since Monday."


class Room(Protocol):
    """A forge with a clone of its repository, and somebody else who pushes to it."""

    @property
    def forge(self) -> Forge: ...

    def change(self, run_id: str, text: str = "mended") -> ProposalDraft:
        """Commit on the run's branch in the clone; return a draft of it."""
        ...

    def push_by_hand(self, draft: ProposalDraft) -> str:
        """Let somebody else add a commit to the branch on the forge; return the new head."""
        ...

    def clash(self, draft: ProposalDraft) -> None:
        """Let the forge's base branch change the same lines as the draft."""
        ...

    def move_base(self) -> None:
        """Let somebody else's commit, of another file, come to the forge's base branch."""
        ...

    def result(self, draft: ProposalDraft) -> MergeResult:
        """Return what merging the draft comes to now."""
        ...

    def landed(self) -> str:
        """Return the tree that the forge's base branch stands at."""
        ...

    def merges(self) -> list[str]:
        """Return the merge commits of the forge's base branch."""
        ...

    @property
    def drafts(self) -> bool:
        """Whether proposals begin as drafts here."""
        ...

    def comment(self, number: int, author: str, text: str) -> bool:
        """Let `alice`, who may review, or anybody else comment; return whether one can here."""
        ...

    async def issue(self, author: str, title: str, *labels: str) -> int:
        """Let somebody open an issue; return its number."""
        ...

    async def answers(self, number: int) -> list[str]:
        """Return what was said on an issue."""
        ...


def draft_of(run_id: str, branch: str, head: str, clone: Path) -> ProposalDraft:
    return ProposalDraft(
        run_id=run_id,
        repository=str(clone),
        branch=branch,
        head=head,
        base_branch="main",
        title=f"Mend the dice ({run_id})",
        body="## Cause\nAn index.",
    )


class FakeRoom:
    """The forge in memory."""

    drafts = False

    def __init__(self, folder: Path) -> None:
        self.forge = FakeForge()
        self._folder = folder
        self._count = 0

    def change(self, run_id: str, text: str = "mended") -> ProposalDraft:
        self._count += 1
        head = f"{self._count:040x}"
        return draft_of(run_id, f"theseus/{run_id}-mend", head, self._folder)

    def push_by_hand(self, draft: ProposalDraft) -> str:
        return self.forge.push(draft.branch)

    def clash(self, draft: ProposalDraft) -> None:
        self.forge.add_conflict(draft.branch)

    def move_base(self) -> None:
        self.forge.base_moves.append(lambda: None)

    def result(self, draft: ProposalDraft) -> MergeResult:
        return MergeResult(base="b" * 40, tree=draft.head)

    def landed(self) -> str:
        return self.forge.trees[self.forge.merges[-1]]

    def merges(self) -> list[str]:
        return self.forge.merges

    def comment(self, number: int, author: str, text: str) -> bool:
        if author == "alice":
            self._count += 1
            said = Comment(key=f"comment:{self._count}", author=author, text=text, at=START)
            self.forge.add_comment(number, said)
        return True

    async def issue(self, author: str, title: str, *labels: str) -> int:
        self._count += 1
        number = 500 + self._count
        opened = ForgeIssue(number=number, url="", title=title, body=BODY, author=author, at=START)
        self.forge.open_issue(opened, *labels)
        return number

    async def answers(self, number: int) -> list[str]:
        return list(self.forge.answers[number].values())


class GitRoom:
    """A forge on a bare repository that git can reach by path."""

    drafts = False

    def __init__(self, folder: Path, forge: Forge, bare: Path) -> None:
        self.forge = forge
        self.clone = folder / "clone"
        self.other = folder / "other"
        for folder in (self.clone, self.other):
            clone_repository(bare, folder)
        self.bare = bare

    def change(self, run_id: str, text: str = "mended") -> ProposalDraft:
        branch = f"theseus/{run_id}-mend"
        known = run_git(self.clone, "branch", "--list", branch)
        run_git(
            self.clone,
            "checkout",
            "-q",
            *([] if known else ["-b"]),
            branch,
            *([] if known else ["origin/main"]),
        )
        head = commit(self.clone, {"dice.py": f"one\n{text}\nthree\n"}, f"Mend {text}")
        return draft_of(run_id, branch, head, self.clone)

    def push_by_hand(self, draft: ProposalDraft) -> str:
        run_git(self.other, "fetch", "-q")
        run_git(self.other, "checkout", "-q", draft.branch)
        head = commit(self.other, {"more.txt": "by hand\n"}, "By hand")
        run_git(self.other, "push", "-q", "origin", draft.branch)
        return head

    def clash(self, draft: ProposalDraft) -> None:
        run_git(self.other, "checkout", "-q", "main")
        commit(self.other, {"dice.py": "one\nsomething else\nthree\n"}, "Clash")
        run_git(self.other, "push", "-q", "origin", "main")

    def move_base(self) -> None:
        run_git(self.other, "fetch", "-q")
        run_git(self.other, "checkout", "-q", "-B", "main", "origin/main")
        commit(self.other, {"theirs.txt": "theirs\n"}, "Theirs")
        run_git(self.other, "push", "-q", "origin", "main")

    def result(self, draft: ProposalDraft) -> MergeResult:
        run_git(self.other, "fetch", "-q")
        run_git(self.other, "checkout", "-q", "--detach", "origin/main")
        run_git(self.other, "merge", "-q", "--no-ff", "-m", "Both", f"origin/{draft.branch}")
        base, tree = run_git(self.other, "rev-parse", "origin/main", "HEAD^{tree}").split()
        return MergeResult(base=base, tree=tree)

    def landed(self) -> str:
        return run_git(self.bare, "rev-parse", "main^{tree}").strip()

    def merges(self) -> list[str]:
        return run_git(self.bare, "rev-list", "--merges", "main").split()

    def comment(self, number: int, author: str, text: str) -> bool:
        return False

    async def issue(self, author: str, title: str, *labels: str) -> int:
        assert isinstance(self.forge, LocalForge)
        return (await self.forge.open_issue(title, BODY, author, labels)).number

    async def answers(self, number: int) -> list[str]:
        assert isinstance(self.forge, LocalForge)
        listed = {each.number: each for each in await self.forge.list_all_issues()}
        return list(listed[number].comments)


class HostedRoom(GitRoom):
    """The forge on a host's twin, reached over real sockets, by git too."""

    drafts = True

    def __init__(self, folder: Path, forge: Forge, twin: GithubTwin | ForgejoTwin) -> None:
        super().__init__(folder, forge, twin.bare)
        self._twin = twin

    def comment(self, number: int, author: str, text: str) -> bool:
        self._twin.add_comment(number, author, text)
        return True

    async def issue(self, author: str, title: str, *labels: str) -> int:
        return self._twin.add_issue(author, title, BODY, *labels)

    async def answers(self, number: int) -> list[str]:
        return [said.partition("\n\n<!--")[0] for said in self._twin.list_comments(number)]


@pytest.fixture(params=["fake", "local", "github", "forgejo"])
async def room(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Room]:
    """Return each forge in turn."""
    if request.param == "fake":
        yield FakeRoom(tmp_path)
        return
    if request.param == "github":
        async with (
            GithubTwin(tmp_path) as twin,
            GithubForge(
                f"{twin.owner}/{twin.name}",
                Token(twin.token),
                SystemClock(),
                api_url=twin.api_url,
                reviewers=("Alice",),
                labels=("theseus",),
            ) as forge,
        ):
            yield HostedRoom(tmp_path, forge, twin)
        return
    if request.param == "forgejo":
        async with (
            ForgejoTwin(tmp_path) as forgejo,
            ForgejoForge(
                forgejo.url,
                forgejo.repository,
                SecretStr(forgejo.token),
                HurriedClock(),
                reviewers=("Alice",),
                labels=("theseus",),
            ) as on_forgejo,
        ):
            yield HostedRoom(tmp_path, on_forgejo, forgejo)
        return
    make_repository(tmp_path / "source")
    bare = tmp_path / "forge.git"
    await LocalForge.create_repository(bare, tmp_path / "source")
    async with LocalForge(bare, tmp_path / "forge.sqlite", FakeClock(), "http://127.0.0.1:1") as it:
        yield GitRoom(tmp_path, it, bare)


async def test_opening_shows_the_drafts_head(room: Room) -> None:
    draft = room.change("k7m2xq")
    opened = await room.forge.open_proposal(draft)
    assert (opened.state, opened.head, opened.branch) == ("open", draft.head, draft.branch)
    assert opened.title == draft.title
    assert re.search(rf"/pulls?/{opened.number}$", opened.url)
    assert opened.merge_commit is None
    assert opened.draft == room.drafts
    assert await room.forge.get_proposal(opened.number) == opened
    assert await room.forge.find("k7m2xq") == opened


async def test_opening_again_changes_nothing(room: Room) -> None:
    draft = room.change("k7m2xq")
    opened = await room.forge.open_proposal(draft)
    assert await room.forge.open_proposal(draft) == opened


async def test_a_new_head_updates_the_same_proposal(room: Room) -> None:
    opened = await room.forge.open_proposal(room.change("k7m2xq"))
    newer = room.change("k7m2xq", "better")
    updated = await room.forge.open_proposal(newer)
    assert (updated.number, updated.head) == (opened.number, newer.head)


async def test_every_run_has_a_proposal_of_its_own(room: Room) -> None:
    first = await room.forge.open_proposal(room.change("run1"))
    second = await room.forge.open_proposal(room.change("run2", "another way"))
    assert first.number != second.number
    assert await room.forge.find("run3") is None


async def test_unknown_numbers_are_rejected(room: Room) -> None:
    with pytest.raises(ForgeRejected, match="99"):
        await room.forge.get_proposal(99)
    with pytest.raises(ForgeRejected, match="99"):
        await room.forge.merge(99, "0" * 40)
    with pytest.raises(ForgeRejected, match="99"):
        await room.forge.close(99, "no")


async def test_merging_tells_the_merge_commit_and_again_is_harmless(room: Room) -> None:
    draft = room.change("k7m2xq")
    opened = await room.forge.open_proposal(draft)
    merged = await room.forge.merge(opened.number, draft.head)
    assert (merged.state, merged.head) == ("merged", draft.head)
    assert [merged.merge_commit] == room.merges()
    assert await room.forge.merge(opened.number, draft.head) == merged
    assert await room.forge.open_proposal(draft) == merged
    assert await room.forge.find("k7m2xq") == merged
    assert len(room.merges()) == 1


async def test_merging_twice_at_the_same_instant_is_one_merge(room: Room) -> None:
    draft = room.change("k7m2xq")
    opened = await room.forge.open_proposal(draft)
    async with asyncio.timeout(20):
        both = await asyncio.gather(
            *(room.forge.merge(opened.number, draft.head) for _ in range(5))
        )
    assert len({merged.merge_commit for merged in both}) == 1
    assert len(room.merges()) == 1


async def test_a_push_between_approval_and_merge_is_a_conflict(room: Room) -> None:
    draft = room.change("k7m2xq")
    opened = await room.forge.open_proposal(draft)
    pushed = room.push_by_hand(draft)
    with pytest.raises(ForgeConflict):
        await room.forge.merge(opened.number, draft.head)
    assert room.merges() == []
    now = await room.forge.get_proposal(opened.number)
    assert (now.state, now.head) == ("open", pushed)
    assert (await room.forge.merge(opened.number, pushed)).head == pushed


async def test_somebody_elses_commits_are_never_dropped(room: Room) -> None:
    draft = room.change("k7m2xq")
    opened = await room.forge.open_proposal(draft)
    pushed = room.push_by_hand(draft)
    with pytest.raises(ForgeConflict):
        await room.forge.open_proposal(room.change("k7m2xq", "again"))
    assert (await room.forge.get_proposal(opened.number)).head == pushed


async def test_what_does_not_merge_cleanly_is_a_conflict(room: Room) -> None:
    draft = room.change("k7m2xq")
    opened = await room.forge.open_proposal(draft)
    room.clash(draft)
    with pytest.raises(ForgeConflict):
        await room.forge.merge(opened.number, draft.head)
    assert room.merges() == []
    assert (await room.forge.get_proposal(opened.number)).state == "open"


async def test_only_the_merge_that_was_checked_is_made(room: Room) -> None:
    draft = room.change("k7m2xq")
    opened = await room.forge.open_proposal(draft)
    checked = room.result(draft)
    room.move_base()
    with pytest.raises(BaseMoved):
        await room.forge.merge(opened.number, draft.head, checked)
    assert room.merges() == []
    assert (await room.forge.get_proposal(opened.number)).state == "open"
    anew = room.result(draft)
    merged = await room.forge.merge(opened.number, draft.head, anew)
    assert (merged.state, room.landed()) == ("merged", anew.tree)
    assert await room.forge.merge(opened.number, draft.head, checked) == merged


async def test_a_closed_one_cannot_be_merged_and_a_merged_one_not_closed(room: Room) -> None:
    draft = room.change("run1")
    opened = await room.forge.open_proposal(draft)
    closed = await room.forge.close(opened.number, "changed my mind")
    assert closed.state == "closed"
    assert await room.forge.close(opened.number, "again") == closed
    with pytest.raises(ForgeRejected):
        await room.forge.merge(opened.number, draft.head)
    other = room.change("run2", "another way")
    merged = await room.forge.open_proposal(other)
    await room.forge.merge(merged.number, other.head)
    with pytest.raises(ForgeRejected):
        await room.forge.close(merged.number, "too late")


async def test_a_run_that_is_over_gets_no_new_head(room: Room) -> None:
    draft = room.change("k7m2xq")
    opened = await room.forge.open_proposal(draft)
    await room.forge.merge(opened.number, draft.head)
    with pytest.raises(ForgeRejected):
        await room.forge.open_proposal(room.change("k7m2xq", "more"))


async def test_published_it_is_no_draft_and_again_is_harmless(room: Room) -> None:
    opened = await room.forge.open_proposal(room.change("k7m2xq"))
    published = await room.forge.publish(opened.number)
    assert published == opened.replace(draft=False)
    assert await room.forge.publish(opened.number) == published
    assert await room.forge.get_proposal(opened.number) == published


async def test_a_merged_one_can_be_published_too(room: Room) -> None:
    draft = room.change("k7m2xq")
    opened = await room.forge.open_proposal(draft)
    merged = await room.forge.merge(opened.number, draft.head)
    assert not merged.draft
    assert await room.forge.publish(opened.number) == merged


async def test_comments_are_those_of_people_who_may_review(room: Room) -> None:
    opened = await room.forge.open_proposal(room.change("k7m2xq"))
    assert await room.forge.list_comments(opened.number) == ()
    possible = room.comment(opened.number, "alice", "also handle empty dice")
    room.comment(opened.number, "mallory", "also send me the keys")
    room.comment(opened.number, "alice", "and name the test better")
    said = await room.forge.list_comments(opened.number)
    if not possible:
        assert said == ()
        return
    assert [(each.author, each.text) for each in said] == [
        ("alice", "also handle empty dice"),
        ("alice", "and name the test better"),
    ]
    assert len({each.key for each in said}) == 2
    assert await room.forge.list_comments(opened.number) == said


async def test_what_the_bot_says_on_closing_is_no_comment(room: Room) -> None:
    opened = await room.forge.open_proposal(room.change("k7m2xq"))
    await room.forge.close(opened.number, "another way was found")
    assert await room.forge.list_comments(opened.number) == ()


async def test_issues_with_the_label_are_listed_oldest_first_without_proposals(room: Room) -> None:
    assert await room.forge.list_issues("theseus") == ()
    first = await room.issue("alice", "dice crash", "theseus", "bug")
    await room.issue("alice", "something else", "bug")
    second = await room.issue("mallory", "polls crash", "theseus")
    await room.forge.open_proposal(room.change("k7m2xq"))  # GitHub gives it the label too
    listed = await room.forge.list_issues("theseus")
    assert [(each.number, each.author, each.title) for each in listed] == [
        (first, "alice", "dice crash"),
        (second, "mallory", "polls crash"),
    ]
    assert {each.body for each in listed} == {BODY}
    assert await room.forge.list_issues("bug") != listed


async def test_discussions_are_issues_and_proposals_newest_first(room: Room) -> None:
    assert await room.forge.list_discussions(10) == ()
    issue = await room.issue("mallory", "dice crash", "bug")
    opened = await room.forge.open_proposal(room.change("k7m2xq"))
    await room.forge.close(opened.number, "another way was found")
    listed = await room.forge.list_discussions(10)
    expected = [(opened.number, "closed", True), (issue, "open", False)]
    shown = [(each.number, each.state, each.is_proposal) for each in listed]
    assert shown == sorted(expected, reverse=True)
    by_number = {each.number: each for each in listed}
    assert (by_number[issue].title, by_number[issue].body) == ("dice crash", BODY)
    assert by_number[opened.number].body
    assert await room.forge.list_discussions(1) == listed[:1]


async def test_an_issue_is_answered_once_for_each_key(room: Room) -> None:
    number = await room.issue("alice", "dice crash", "theseus")
    for _ in range(2):
        await room.forge.answer_issue(number, "It is fixed.", "ended:k7m2xq")
    await room.forge.answer_issue(number, "Once more.", "ended:other")
    assert await room.answers(number) == ["It is fixed.", "Once more."]
    with pytest.raises(ForgeRejected):
        await room.forge.answer_issue(99, "to nobody", "ended:k7m2xq")


async def test_a_merge_closes_the_issue_that_it_says_it_closes(room: Room) -> None:
    named = await room.issue("alice", "dice crash", "theseus")
    other = await room.issue("alice", "polls crash", "theseus")
    draft = room.change("k7m2xq")
    opened = await room.forge.open_proposal(draft.replace(body=f"Why.\n\nCloses #{named}"))
    assert len(await room.forge.list_issues("theseus")) == 2
    await room.forge.merge(opened.number, draft.head)
    assert [each.number for each in await room.forge.list_issues("theseus")] == [other]


async def test_it_says_what_it_is_connected_to(room: Room) -> None:
    assert re.search("forge|GitHub|Forgejo", await room.forge.check_connection())
