#!/bin/bash
# Tests of the command line: run.sh PROGRAM. Every other *.sh beside this one is a group of cases, run in a folder of its own
# with the functions of lib.bash; each case prints "ok NAME" or "FAIL NAME: why". Closes with 'N passed, M failed'.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
pocketmark=$(realpath "$1")
export here pocketmark
export sources=${here%/tests/cli}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# The fault table is loaded before a sanitizer's own library.
export ASAN_OPTIONS="verify_asan_link_order=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
unset NO_COLOR POCKETMARK_ISA POCKETMARK_DATA
export POCKETMARK_LOCK=$scratch/lock # another suite may run beside this one

for group in "$here"/*.sh; do
    name=$(basename "$group" .sh)
    [[ $name == run ]] && continue
    mkdir "$scratch/$name"
    (cd "$scratch/$name" && bash -uo pipefail -c '. "$here/lib.bash"; . "$1"' bash "$group" 2>&1) | tee -a "$scratch/log"
    ((PIPESTATUS[0] == 0)) || echo "FAIL $name: the group did not run to its end" | tee -a "$scratch/log"
done

passed=$(grep -c '^ok ' "$scratch/log")
failed=$(grep -c '^FAIL ' "$scratch/log")
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
