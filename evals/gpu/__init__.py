"""The true architecture on a borrowed GPU: dummy weights, a real server, and what it does beside what was planned.

On a machine with a network: `python3 evals/gpu/stage.py .gpu`. On the machine with the GPU, from the
repository's root: `bash evals/gpu/on_machine.sh main depths` (see docs/measurements.md).
"""
