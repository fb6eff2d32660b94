"""The true architecture on a borrowed GPU: dummy weights, a real server, and what it does beside what was planned.

`bash evals/gpu/all.sh FOLDER OUT` does all of it; where the machine with the GPU has no network, `stage.py` first,
elsewhere. docs/measurements.md tells the single runs and what they gave.
"""
