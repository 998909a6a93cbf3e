#!/bin/sh
# Writes requirements/run.lock and requirements/dev.lock: every package that is installed, with the
# hashes of its files, for each system and every Python from 3.11 on. `dev` takes its versions from
# `run`, so that what is tested is what runs. Give UV_ARGS=--upgrade to move to newer versions.
set -eu
cd "$(dirname "$0")/.."
: "${PYTHON:=.venv/bin/python}"
: "${UV_ARGS:=}"

tool=build/lock-venv
if [ ! -x "$tool/bin/uv" ]; then
    "$PYTHON" -m venv "$tool"
    "$tool/bin/python" -m pip install --quiet --disable-pip-version-check uv
fi

compile() {
    name=$1
    shift
    # shellcheck disable=SC2086  # UV_ARGS is a list of words on purpose.
    "$tool/bin/uv" pip compile pyproject.toml "$@" $UV_ARGS --quiet \
        --universal --python-version 3.11 --generate-hashes --no-annotate \
        --no-emit-package pledgebook-verifier --extra fast --group build \
        --custom-compile-command "make lock" --output-file "requirements/$name.lock"
    echo "requirements/$name.lock: $(grep -c '^[a-zA-Z]' "requirements/$name.lock") packages"
}

mkdir -p requirements
compile run
compile dev --group dev --constraint requirements/run.lock
