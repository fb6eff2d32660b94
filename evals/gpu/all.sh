#!/bin/bash
# Everything on one machine that has the GPU and a network, from the repository's root: all.sh FOLDER OUT
# Stages where nothing is staged, then all runs in one go; the tables come at the end. Under 25 minutes on an H200.
# Where the machine with the GPU has no network: stage.py FOLDER elsewhere, take FOLDER along, and this script.
set -eu
cd "$(dirname "$0")/../.."
folder=$1 out=$2
if [ ! -f "$folder/site.tar.xz" ] || [ ! -f "$folder/house.tar.xz" ]; then
    python3 evals/gpu/stage.py "$folder"
fi
exec bash evals/gpu/on_machine.sh "$folder" "$out" main depth-3 depth-2 depth-1 depth-0 house
