#!/bin/bash
# Runs test programs one after another, and beside them the command-line suite: run.sh BUILD TEST...
# Closes with 'N passed, M failed' over all test cases, and fails if one failed. SANITIZE: what the build was made with.
set -uo pipefail

build=$1
shift
passed=0
failed=0
log=$build/tests/log

# The fault table (tests/faults.c) is loaded before the sanitizer's own library.
export ASAN_OPTIONS="verify_asan_link_order=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
export UBSAN_OPTIONS="print_stacktrace=1${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}"
# gcc 12's thread sanitizer cannot place its shadow memory on kernels that randomise more bits of the address space.
wrap=()
if [[ ${SANITIZE:-} == *thread* ]] && setarch -R true 2>/dev/null; then
    wrap=(setarch -R)
fi

# add_tally STATUS PASSED FAILED: a suite that failed without saying of what counts as one failure.
add_tally() {
    local failures=$3
    if (($1 != 0 && failures == 0)); then
        failures=1
    fi
    passed=$((passed + $2))
    failed=$((failed + failures))
}

# number_in PATTERN: the number in the last line of the log that PATTERN matches, or 0.
number_in() {
    local number
    number=$(sed -nE "s/$1/\\1/p" "$log" | tail -n 1)
    echo "${number:-0}"
}

suite=
if [[ -f tests/cli/run.sh ]]; then
    "${wrap[@]}" bash tests/cli/run.sh "$build/pocketmark" >"$build/tests/cli.log" 2>&1 &
    suite=$!
    trap 'kill "$suite" 2>/dev/null' EXIT
fi

for test in "$@"; do
    echo "==> $test"
    "${wrap[@]}" "$build/tests/$test" 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    ((status == 0)) || echo "==> $test: exit status $status"
    add_tally "$status" "$(number_in '^\[  PASSED  \] ([0-9]+) test.*')" "$(number_in '^\[  FAILED  \] ([0-9]+) test.*')"
done

if [[ -n $suite ]]; then
    echo "==> command line"
    wait "$suite"
    status=$?
    trap - EXIT
    mv "$build/tests/cli.log" "$log"
    sed -E 's/^([0-9]+ passed, [0-9]+ failed)$/command line: \1/' "$log"
    ((status == 0)) || echo "==> command line: exit status $status"
    add_tally "$status" "$(number_in '^([0-9]+) passed, [0-9]+ failed$')" \
        "$(number_in '^[0-9]+ passed, ([0-9]+) failed$')"
fi
rm -f "$log"

if ((passed + failed == 0)); then
    echo "no test was run" >&2
    failed=1
fi
echo "$passed passed, $failed failed"
((failed == 0))
