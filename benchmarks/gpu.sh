#!/bin/sh
# All that needs a CUDA device, in one call; each part leaves a file in benchmarks/results:
# gpu_tests (the tests that need one), gpu_float32 and gpu_bfloat16 (a request, stage by stage), gpu_engine (images a
# second without HTTP, one alone, and what is copied back), gpu_load (over HTTP, 1 and 8 products).
#
#     make .venv/installed && benchmarks/gpu.sh
#     benchmarks/gpu.sh --dry-run      on the CPU, as little as shows that everything runs; leaves nothing
#
# PYTHON names another interpreter. INSPECTOR_TEST_SHARED names the reference data; without it some tests skip.
# Ends with 1 where a part failed; the others run all the same.
set -eu
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-.venv/bin/python}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

part() { # NAME COMMAND...
    name=$1
    shift
    echo "== $name: $*"
    "$@" > "$results/gpu_$name.txt" 2> "$work/errors" || {
        failed=1
        cat "$work/errors" >> "$results/gpu_$name.txt"
    }
    tail -n 15 "$results/gpu_$name.txt"
}

if [ "${1:-}" = --dry-run ]; then
    results=$work device=cpu precisions=float32 rounds=1 engine="--precision float32 --rows 1024 --batch 2 --alone 2 --seconds 1"
    load="--products 1 --seconds 2 --edge 112" tests="tests/engine/test_on_device.py"
else
    results=benchmarks/results device=cuda precisions="float32 bfloat16" rounds=15 engine=
    load="--products 1 8" tests="-m gpu"
    nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
    "$PYTHON" -c 'import torch; assert torch.cuda.is_available(), "torch finds no CUDA device here"'
fi

# shellcheck disable=SC2086  # lists of options
part tests "$PYTHON" -m pytest -q $tests
for precision in $precisions; do
    part "$precision" "$PYTHON" -m benchmarks.first_request --device "$device" --precision "$precision" --rounds "$rounds"
done
# shellcheck disable=SC2086
part engine "$PYTHON" -m benchmarks.gpu_engine --device "$device" $engine
mkdir "$work/weights"
"$PYTHON" -m benchmarks.peer_weights "$work/weights"
export INSPECTOR_WEIGHTS_DIR="$work/weights" INSPECTOR_VERIFY_WEIGHTS=0
# shellcheck disable=SC2086
part load "$PYTHON" -m benchmarks.load --backbone dinov2_vits14 $load
exit "$failed"
