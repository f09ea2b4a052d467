#!/bin/sh
# For a machine with a CUDA device: the tests that need one, then the cost of a request in float32 and bfloat16.
#
#     make .venv/installed && benchmarks/gpu.sh > benchmarks/results/gpu.txt
#
# PYTHON names another interpreter. INSPECTOR_TEST_SHARED names the reference data; without it some tests skip.
# Ends with the tests' status.
set -eu
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-.venv/bin/python}

nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
"$PYTHON" -c 'import torch; assert torch.cuda.is_available(), "torch finds no CUDA device here"'
status=0
"$PYTHON" -m pytest -m gpu || status=$?
for precision in float32 bfloat16; do
    "$PYTHON" -m benchmarks.first_request --device cuda --precision "$precision" --rounds 15
done
exit "$status"
