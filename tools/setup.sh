#!/bin/sh
# Makes .venv and installs Pledgebook into it:  tools/setup.sh run|dev
#
#   run   what the ledger and the verifier need
#   dev   the same versions, and the test and lint tools
#
# Needs Python 3.11 or newer (PYTHON=... chooses one) and, the first time, a package index.
# Every package is checked against the hashes in requirements/*.lock. Nothing outside this folder is
# changed. Run again, it does nothing while the lock, the project files and the interpreter are the
# same: .venv/pledgebook-setup holds a copy of what was installed from, written last, so that an
# interrupted set-up starts over.
set -eu
cd "$(dirname "$0")/.."
unset PYTHONPATH PYTHONHOME
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_USER=0

kind=${1:-run}
case $kind in
    run | dev) ;;
    *) echo "setup: give run or dev, not '$kind'." >&2; exit 2 ;;
esac

root=$(pwd -P)
venv=.venv
stamp=$venv/pledgebook-setup
log=$venv/pledgebook-setup.log
new_enough='import sys; sys.exit(sys.version_info < (3, 11))'
child=

stop() {
    [ -z "$child" ] || kill "$child" 2>/dev/null || :
    echo >&2
    echo "setup: interrupted; run the same command again to start over." >&2
    exit 130
}
trap stop INT TERM

fail() {
    echo "setup: $*" >&2
    exit 1
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        command -v "$PYTHON" >/dev/null 2>&1 || fail "PYTHON=$PYTHON was not found."
        "$PYTHON" -c "$new_enough" || fail "PYTHON=$PYTHON is older than Python 3.11."
        python=$PYTHON
        return
    fi
    for python in "$venv/bin/python" python3 python3.14 python3.13 python3.12 python3.11; do
        if "$python" -c "$new_enough" >/dev/null 2>&1; then return; fi
    done
    if command -v python3 >/dev/null 2>&1; then
        fail "python3 here is older than 3.11; install Python 3.11 or newer" \
            "and name it with PYTHON=/path/to/python3."
    fi
    fail "Python 3.11 or newer is missing; on Debian or Ubuntu: apt install python3 python3-venv"
}

# What this set-up depends on, as text; a changed line means a new installation.
wanted() {
    echo "$kind in $root by $("$python" -c 'import sys; print(sys.version, sys.base_prefix)')"
    cat "requirements/$kind.lock" pyproject.toml verifier/pyproject.toml
}

is_current() { [ -f "$stamp.$1" ] && (kind=$1; wanted) | cmp -s - "$stamp.$1"; }

# Runs a command quietly, says every 15 seconds that it still works, and shows its end if it fails.
step() {
    text=$1
    shift
    printf 'setup: %s ' "$text"
    "$@" >"$log" 2>&1 &
    child=$!
    seconds=0
    while kill -0 "$child" 2>/dev/null; do
        sleep 1
        seconds=$((seconds + 1))
        [ $((seconds % 15)) -ne 0 ] || printf '.. %s s ' "$seconds"
    done
    if wait "$child"; then
        child=
        echo "done"
    else
        child=
        echo "FAILED"
        tail -n 15 "$log" >&2
        fail "this step failed; the whole output is in $log." \
            "Most often the package index cannot be reached."
    fi
}

find_python
# A `dev` environment holds all that `run` asks for, in the same versions.
if is_current "$kind" || { [ "$kind" = run ] && is_current dev; }; then exit 0; fi

"$python" -c 'import ensurepip, venv' >/dev/null 2>&1 ||
    fail "Python's venv module is missing; on Debian or Ubuntu: apt install python3-venv"

rm -f "$stamp.run" "$stamp.dev"
base=$("$python" -c 'import sys; print(sys.version, sys.base_prefix)')
if [ "$("$venv/bin/python" -c 'import sys; print(sys.version, sys.base_prefix)' 2>&1)" != "$base" ] ||
    ! grep -qsF "$root/$venv" "$venv/bin/activate"; then
    [ "$python" != "$venv/bin/python" ] || python=$(
        "$python" -c 'import sys; print(sys._base_executable)')
    rm -rf "$venv"
    "$python" -m venv "$venv" || fail "the virtual environment $root/$venv could not be made."
    echo "setup: made $venv with $("$venv/bin/python" --version)"
fi

# Wheels only: a source package would run its own code and need a compiler.
pip="$venv/bin/python -m pip install --no-warn-script-location"
packages=$(grep -c '^[a-zA-Z]' "requirements/$kind.lock")
step "installing $packages locked packages, about a minute the first time" \
    $pip --require-hashes --only-binary :all: -r "requirements/$kind.lock"
step "installing pledgebook-verifier and pledgebook from this folder" \
    $pip --no-deps --no-build-isolation --no-index -e ./verifier -e .

wanted >"$stamp.$kind.new"
mv "$stamp.$kind.new" "$stamp.$kind"
