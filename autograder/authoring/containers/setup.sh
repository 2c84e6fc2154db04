#!/usr/bin/env bash
# Gradescope runs this once, when it builds the image of the autograder. Written by `autograder export-autograder`.
set -euo pipefail
root="${AUTOGRADER_ROOT:-/autograder}"
export DEBIAN_FRONTEND=noninteractive

apt-get update -qq
python=""
for candidate in python3.13 python3.12 python3.11; do
  if command -v "$candidate" >/dev/null || apt-get install -y -qq --no-install-recommends "$candidate" >/dev/null 2>&1; then
    python="$candidate"
    break
  fi
done
if [ -z "$python" ]; then
  echo "This image has no Python from 3.11 to 3.13: choose Ubuntu 22.04 or newer as the base image." >&2
  exit 1
fi
apt-get install -y -qq --no-install-recommends "$python-venv" bubblewrap
"$python" -m venv "$root/venv"
"$root/venv/bin/python" -m pip install --quiet --no-cache-dir -r "$root/source/requirements.txt"
# The data set is in the image, so no submission waits for it.
PYTHONPATH="$root/source/package" KERAS_HOME="$root/keras" "$root/venv/bin/python" -m autograder.classroom.gradescope_container --data "$root"
