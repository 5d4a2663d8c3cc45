#!/bin/sh
# Resolves the dependencies afresh in a throw-away environment and writes requirements.lock.
set -eu
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
# an old pip walks through dozens of releases before it finds versions that agree
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --upgrade pip
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check -e '.[dev,bench]'
{
    echo "# Every version, as resolved together by: make lock. A constraints file: pip install -c requirements.lock"
    # a local build tag (torch's +cpu) is a build of the same version, and the pin must fit every build
    "$folder/venv/bin/pip" freeze --exclude-editable | sed 's/+cpu$//'
} >requirements.lock
