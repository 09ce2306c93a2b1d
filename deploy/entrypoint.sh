#!/bin/sh
# Starts a command of the bot in a container: from the clone on the volume, which is made on the
# first start, with the image's packages as long as they are those of the clone's uv.lock.
#
#   BOT_REPOSITORY  what to clone: your fork, https://github.com/YOU/YOUR-BOT.git
#   BOT_BRANCH      its branch (main); the one forge.branch in data/config.yaml names
#   BOT_HOME        the volume (/theseus)
#   BOT_PACKAGES    the environment of the image (/opt/venv)
set -eu
umask 077

home=${BOT_HOME:-/theseus}
packages=${BOT_PACKAGES:-/opt/venv}
checkout=$home/bot

fail() {
    printf 'entrypoint: %s\n' "$*" >&2
    exit 2
}

clone() {
    [ -n "${BOT_REPOSITORY:-}" ] ||
        fail "there is no clone in $checkout yet. Set BOT_REPOSITORY to the repository the bot" \
            "is to run from and change: your fork, https://github.com/YOU/YOUR-BOT.git"
    printf 'entrypoint: cloning into %s\n' "$checkout" >&2
    rm -rf "$checkout.new" # of a start that was killed
    # The token is read from the environment by the helper: no process list shows it.
    # shellcheck disable=SC2016
    git -c credential.helper= -c credential.https://github.com.helper='!f() {
            [ -z "${GITHUB_TOKEN:-}" ] ||
                printf "username=x-access-token\npassword=%s\n" "$GITHUB_TOKEN"
        }; f' clone --quiet --branch "${BOT_BRANCH:-main}" -- "$BOT_REPOSITORY" "$checkout.new" ||
        fail "BOT_REPOSITORY cannot be cloned at its branch ${BOT_BRANCH:-main}. A private one on" \
            "github.com takes GITHUB_TOKEN; mend that, then start again"
    mv "$checkout.new" "$checkout"
}

[ "$(id -u)" -ne 0 ] ||
    fail "I do not run as root: the kernel does not count root's processes, and the sandbox would" \
        "hold less. Leave out 'user: root'; the image's user is 10001"
{ mkdir -p "$home/home" && [ -w "$home" ]; } 2>/dev/null ||
    fail "$home cannot be written to by user $(id -u). Give the volume to it: chown -R $(id -u) on" \
        "it, or fsGroup: $(id -g) in Kubernetes"
# Whether the clone is the newest commit of its branch: the probe of a worker. Where the forge cannot be
# asked, it counts as that.
if [ "${1:-}" = is-current ]; then
    branch=${BOT_BRANCH:-main}
    newest=$(git -C "$checkout" ls-remote --quiet origin "refs/heads/$branch" 2>/dev/null) || exit 0
    newest=$(printf %s "$newest" | cut -f1)
    [ -z "$newest" ] || [ "$newest" = "$(git -C "$checkout" rev-parse HEAD)" ] && exit 0
    printf 'entrypoint: %s is older than %s of %s\n' "$checkout" "$newest" "$branch" >&2
    exit 1
fi
[ -e "$checkout/.git" ] || clone
# A worker changes nothing: it has the code of the branch, or is not asked for work.
if [ "${1:-}" = worker ]; then
    git -C "$checkout" fetch --quiet origin "${BOT_BRANCH:-main}" &&
        git -C "$checkout" reset --quiet --hard FETCH_HEAD ||
        printf 'entrypoint: the newest commit cannot be fetched; the worker starts as it is\n' >&2
fi

# A change may bring other packages along. They are installed beside the image's, which stay as they
# are; the next image has them. What is there already is only looked at.
if ! cmp -s "$checkout/uv.lock" "$packages/uv.lock"; then
    printf 'entrypoint: the uv.lock of %s is not that of the image: installing into %s\n' \
        "$checkout" "$home/venv" >&2
    # shellcheck disable=SC2046  # options, with blanks between them
    UV_PROJECT_ENVIRONMENT=$home/venv uv sync --quiet --frozen --no-install-project \
        --project "$checkout" $(cat "$packages/extras") ||
        fail "the packages of $checkout/uv.lock cannot be installed; see above. Build an image" \
            "from that commit (docs/deployment.md), or let the container reach the package index"
    packages=$home/venv
fi

cd "$checkout"
PATH=$packages/bin:$PATH
export PATH
exec "$packages/bin/python" -m bot "$@"
