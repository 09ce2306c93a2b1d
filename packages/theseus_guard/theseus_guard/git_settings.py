"""Settings for git that run no program which a repository names, and read diffs one way."""

import re
import subprocess
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

_FATAL, _FOREIGN_OWNER, _MISSING_OBJECT = 128, "dubious ownership", "promisor remote"
_TRUST_COMMAND = "git config --global --add safe.directory "
_TRUSTING = re.compile(rf"{_TRUST_COMMAND}.+")
_HERE = Path(__file__).parent
AUTHOR = "Theseus"
EMAIL = "theseus@localhost"

ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": str(_HERE / "git.conf"),
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",  # read the real commit, not a replacement set in the repository
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_NO_LAZY_FETCH": "1",  # from git 2.45 on; before it, the protocols below hold it
    "GIT_AUTHOR_NAME": AUTHOR,
    "GIT_AUTHOR_EMAIL": EMAIL,
    "GIT_COMMITTER_NAME": AUTHOR,
    "GIT_COMMITTER_EMAIL": EMAIL,
}

# Stronger than the repository's own configuration.
CONFIG = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.attributesFile": "/dev/null",
    "core.excludesFile": str(_HERE / "git.ignore"),
    "core.alternateRefsCommand": "true",
    "core.quotePath": "false",
    "core.protectHFS": "true",  # no path that is `.git` to another system
    "core.protectNTFS": "true",
    "core.pager": "cat",
    "core.sshCommand": "ssh",
    "core.askPass": "",
    "credential.helper": "",  # an empty value also drops the helpers before it, of any address
    "submodule.recurse": "false",
    "worktree.useRelativePaths": "false",
    "fetch.recurseSubmodules": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "commit.gpgSign": "false",
    "tag.gpgSign": "false",
    "log.showSignature": "false",
    "merge.verifySignatures": "false",
    "merge.autoStash": "false",
    "blame.ignoreRevsFile": "",
    "diff.noprefix": "false",
    "diff.mnemonicPrefix": "false",
    "diff.relative": "false",
    "diff.ignoreSubmodules": "dirty",
    "color.ui": "false",
    "advice.detachedHead": "false",
}

# How a program that the configuration names is disarmed. An empty filter is no filter; a merge
# driver cannot be empty, so it fails, and the merge is a conflict for people.
DISARMED = {
    "clean": "", "smudge": "", "process": "", "required": "false", "driver": "false",
    "uploadpack": "git-upload-pack", "receivepack": "git-receive-pack",
}  # fmt: skip
DRIVERS = (
    r"^(filter|merge|remote)\..*\.(clean|smudge|process|required|driver|uploadpack|receivepack)$"
)
# `GIT_ALLOW_PROTOCOL` overrules `protocol.*.allow` of any configuration. Not among them: `ext`,
# which is a program, and `git`, whose `core.gitProxy` is one that nothing can overrule.
PROTOCOLS = "file:https:http:ssh"

# Set when we were started by a git hook; they would send git to another repository.
FOREIGN = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_EXTERNAL_DIFF",
    "GIT_SSH_COMMAND",
    # Would ask people, or write what goes over the wire, secrets included.
    "GIT_ASKPASS",
    "SSH_ASKPASS",
    "GIT_TRACE",
    "GIT_TRACE_CURL",
    "GIT_TRACE_PACKET",
    "GIT_TRACE_REDACT",
    "GIT_TRACE2",
    "GIT_TRACE2_EVENT",
    "GIT_TRACE2_PERF",
    "GIT_TRACE2_ENV_VARS",
    "GIT_TRACE2_CONFIG_PARAMS",
    "GIT_CURL_VERBOSE",
)

# As git writes a diff where nothing is configured: no setting of a repository says how it looks.
PLAIN_DIFF = (
    "--no-ext-diff", "--no-textconv", "--no-color", "--src-prefix=a/", "--dst-prefix=b/",
    "--inter-hunk-context=0", "--diff-algorithm=myers", "--submodule=short", "--no-relative",
    "-O/dev/null",
)  # fmt: skip


class Private(dict[str, str]):
    """Configuration or headers that hold a secret: they are not shown."""

    def __repr__(self) -> str:
        return f"<{len(self)} private values>"


def explain_owner(folder: Path, status: int, message: str) -> str:
    """Return what to do about a folder of another account, if git refused one; else nothing."""
    if status != _FATAL or _FOREIGN_OWNER not in message:
        return ""
    named = _TRUSTING.search(message)
    command = named[0] if named else _TRUST_COMMAND + str(folder.resolve())
    return (
        f"{folder} belongs to another account, so git reads nothing there; if you trust "
        f"it: {command}"
    )


def explain_missing_object(folder: Path, message: str) -> str:
    """Return what to do if a partial clone lacks an object; else nothing."""
    if _MISSING_OBJECT not in message:
        return ""
    return (
        f"{folder} is a partial clone and lacks an object that is needed; reading "
        f"fetches nothing. Fetch all: git -C {folder} fetch --refetch --no-filter"
    )


def disable_drivers(listed: bytes) -> dict[str, str]:
    """Return settings that disarm the programs which these keys of a configuration name.

    `listed` is the output of `config --null --name-only --get-regexp` with `DRIVERS`.
    """
    keys = listed.decode(errors="surrogateescape").split("\0")
    return {key: DISARMED[key.rsplit(".", 1)[1].lower()] for key in keys if key}


@cache
def list_trusted_folders() -> tuple[str, ...]:
    """Return the folders of other accounts that this account trusts, by its own configuration."""
    argv = ["git", "config", "--null", "--get-all", "safe.directory"]
    try:
        listed = subprocess.run(argv, cwd="/", capture_output=True, check=False).stdout
    except OSError:
        return ()  # the command itself reports that git is missing
    return tuple(each.decode(errors="surrogateescape") for each in listed.split(b"\0") if each)


def as_environment(config: Mapping[str, str], trusted: Iterable[str]) -> Private:
    """Return the environment variables for `-c key=value`; a key may contain any character."""
    values = [*config.items(), *(("safe.directory", each) for each in trusted)]
    pairs = Private({"GIT_CONFIG_COUNT": str(len(values))})
    for number, (key, value) in enumerate(values):
        pairs[f"GIT_CONFIG_KEY_{number}"] = key
        pairs[f"GIT_CONFIG_VALUE_{number}"] = value
    return pairs
