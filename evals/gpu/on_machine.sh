#!/bin/bash
# On the machine with the GPU, from the repository's root: on_machine.sh ARCHIVE OUT RUN...
# Unpacks the staged packages once, makes the rooms importable without installing anything, runs, prints tables.
set -eu
archive=$1 out=$2
shift 2
work=${TMPDIR:-/tmp}/passfel-gpu
mkdir -p "$work/rooms" "$out"
out=$(realpath "$out")
ln -sfn "$PWD" "$work/rooms/passfel"
if [ ! -d "$work/site" ]; then
    python3 -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2], filter="tar")' "$archive" "$work/site"
fi
# The repository's folders are named like packages of others (tools, memory): never the working directory's.
export PYTHONSAFEPATH=1 PYTHONPATH="$work/site:$work/rooms" PYTHONUNBUFFERED=1
cd "$work"
failed=0
python3 -m passfel.evals.gpu.on_machine "$out" "$@" || failed=$?
python3 -m passfel.evals.gpu.report "$out" || true
exit "$failed"
