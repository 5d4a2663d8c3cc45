#!/bin/sh
# Makes .venv and installs what is needed, once: bootstrap.sh run | test
# It needs nothing but Python 3.11+ and says in one sentence what is missing when it is.
set -u
cd "$(dirname "$0")/.." || exit 1

want=${1:-run}
venv=.venv
log=$venv/install.log

fail() {
    printf 'offramp: %s\n' "$1" >&2
    exit 1
}

find_python() {
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 python; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            printf '%s' "$candidate"
            return
        fi
    done
}

why() {
    # the last lines of pip's own log, read for the reasons people meet
    if grep -qiE 'no space left|errno 28|disk quota' "$log"; then
        echo "The disk is full: free about 3 GB and run the same command again."
    elif grep -qiE 'name resolution|name or service not known|connection (refused|error|broken)|network is unreachable|timed out|max retries|newconnectionerror|proxyerror|sslerror|failed to establish|no route to host' "$log"; then
        echo "The package registry cannot be reached: check the network (or the pip proxy settings) and run the same command again."
    elif grep -qiE 'permission denied|errno 13|read-only file system' "$log"; then
        echo "This folder cannot be written: move the clone somewhere of your own and run the same command again."
    elif grep -qiE 'no matching distribution|could not find a version|requires-python' "$log"; then
        echo "A pinned package does not exist for this Python or system: try Python 3.11 to 3.13 (PYTHON=python3.12 make $want); details in $log."
    else
        echo "Installing failed; the reason stands at the end of $log."
    fi
}

python=$(find_python)
[ -n "$python" ] || fail "Python 3.11 or newer is needed and none was found: install it, or name it with PYTHON=/path/to/python3."

# what was installed last, by the files that decide it
stamp=$( { cat pyproject.toml requirements.lock; "$python" -V; pwd; } 2>/dev/null | cksum)
if [ "$(cat "$venv/.$want.stamp" 2>/dev/null)" = "$stamp" ] && "$venv/bin/python" -c '' 2>/dev/null; then
    exit 0
fi

if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    if ! "$python" -c 'import venv, ensurepip' >/dev/null 2>&1; then
        fail "Python's venv module is missing: on Debian and Ubuntu, apt install python3-venv; then run the same command again."
    fi
    rm -rf "$venv"
    if ! reason=$("$python" -m venv "$venv" 2>&1); then
        case $reason in
            *"No space left"*) fail "The disk is full: free about 3 GB and run the same command again." ;;
            *[Pp]ermission*|*"Read-only"*) fail "This folder cannot be written: move the clone somewhere of your own and run the same command again." ;;
            *) fail "The virtual environment could not be made: $(printf '%s' "$reason" | tail -n 1)" ;;
        esac
    fi
fi

echo "offramp: installing into $venv (once; some minutes and about 2 GB, PyTorch is the largest part)" >&2
extra=
[ "$want" = run ] || extra='[dev]'
if ! "$venv/bin/python" -m pip install --disable-pip-version-check --no-input -c requirements.lock -e ".$extra" >"$log" 2>&1; then
    fail "$(why)"
fi
printf '%s\n' "$stamp" >"$venv/.$want.stamp"
# what serves the tests serves the run
[ "$want" = run ] || printf '%s\n' "$stamp" >"$venv/.run.stamp"
