#!/bin/sh
# Installs what some tests need from the system, where apt-get is there and may be used.
# Never fails: what is missing in the end is named, with the tests that will be skipped for it.
# SYSTEM_ROOT is for this script's own tests: a folder to look in for programs beyond the PATH.

missing() {
    command -v git >/dev/null 2>&1 || echo git
    command -v bwrap >/dev/null 2>&1 || echo bubblewrap
    command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 ||
        command -v google-chrome >/dev/null 2>&1 || echo chromium
    command -v initdb >/dev/null 2>&1 || has_postgresql || echo postgresql
    command -v haproxy >/dev/null 2>&1 || [ -x "$SYSTEM_ROOT/usr/sbin/haproxy" ] || echo haproxy
}

has_postgresql() { # Debian does not put the server's programs on the PATH
    for program in "$SYSTEM_ROOT"/usr/lib/postgresql/*/bin/initdb; do
        [ -x "$program" ] && return 0
    done
    return 1
}

skipped() {
    case $1 in
    git) echo "nearly all tests" ;;
    bubblewrap) echo "tests of the real sandbox" ;;
    chromium) echo "tests of the page in a browser" ;;
    postgresql) echo "tests of state in PostgreSQL, and of bots that use it" ;;
    haproxy) echo "tests of the load balancer" ;;
    esac
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo -n "$@"
    fi
}

may_install() {
    command -v apt-get >/dev/null 2>&1 || return 1
    [ "$(id -u)" = 0 ] || { command -v sudo >/dev/null 2>&1 && sudo -n true >/dev/null 2>&1; }
}

install() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 \
        -o Acquire::Retries=3 -qq -y install --no-install-recommends "$@"
}

wanted=$(missing)
[ -n "$wanted" ] || exit 0

if may_install; then
    # shellcheck disable=SC2086
    echo "Installing for the tests:" $wanted
    as_root apt-get -o DPkg::Lock::Timeout=120 -qq update >/dev/null 2>&1
    for package in $wanted; do # one by one: a package unknown here must not keep out the others
        install "$package" >/dev/null 2>&1
    done
fi

for package in $(missing); do
    echo "$package is not installed. Skipped without it: $(skipped "$package")."
done
exit 0
