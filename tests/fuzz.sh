#!/bin/bash
# Runs each fuzzer for some seconds: fuzz.sh BUILD SECONDS FUZZER... Seeds come from tests/fuzz/corpus_<name>; what the
# fuzzer finds is kept under BUILD. A crash, leak or hang ends it, names the input that caused it, and fails.
set -uo pipefail

build=$1
seconds=$2
shift 2
failed=0

for fuzzer in "$@"; do
    name=${fuzzer#fuzz_}
    corpus=$build/corpus/$name
    found=$build/found/$name
    mkdir -p "$corpus" "$found"
    if [[ -d tests/fuzz/corpus_$name ]]; then
        cp -r "tests/fuzz/corpus_$name/." "$corpus/"
    fi
    echo "==> $fuzzer, $seconds s"
    if ! "$build/fuzzers/$fuzzer" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -verbosity=1 -artifact_prefix="$found/" "$corpus" >"$build/$name.log" 2>&1; then
        tail -n 60 "$build/$name.log"
        echo "==> $fuzzer failed; its input: $(sed -nE 's/.*Test unit written to //p' "$build/$name.log" | tail -n 1)"
        failed=$((failed + 1))
        continue
    fi
    grep -E '^stat::(number_of_executed_units|peak_rss_mb)|^Done' "$build/$name.log"
done

echo "fuzz: $(($# - failed)) of $# fuzzers found nothing"
(($# > 0 && failed == 0))
