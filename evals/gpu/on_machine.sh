#!/bin/bash
# On the machine with the GPU, from the repository's root: on_machine.sh FOLDER OUT RUN...
# Unpacks the archives that stage.py made in FOLDER once, makes the rooms importable without installing anything,
# goes through the runs, prints tables.
set -eu
archives=$1 out=$2
shift 2
work=${TMPDIR:-/tmp}/passfel-gpu
mkdir -p "$work/rooms" "$out"
chmod 755 "$work"
out=$(realpath "$out")
ln -sfn "$PWD" "$work/rooms/passfel"
for part in site house; do
    if [ ! -d "$work/$part" ] && [ -f "$archives/$part.tar.xz" ]; then
        python3 -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2], filter="tar")' \
            "$archives/$part.tar.xz" "$work/$part" &
    fi
done
wait
# The repository's folders are named like packages of others (tools, memory): never the working directory's.
export PYTHONSAFEPATH=1 PYTHONUNBUFFERED=1
export PYTHONPATH="$work/site:$work/rooms" HOUSE_PYTHONPATH="$work/house:$work/rooms"
cd "$work"
failed=0
python3 -m passfel.evals.gpu.on_machine "$out" "$@" || failed=$?
PYTHONPATH=$HOUSE_PYTHONPATH python3 -m passfel.evals.gpu.report "$out" || true
exit "$failed"
