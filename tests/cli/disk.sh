# Disks that fill up or fail while a run measures: what was measured is on the disk or on standard error.
# shellcheck shell=bash disable=SC2154

# shown FILE: the document between the two lines that mark it.
shown() {
    sed -n '/^----- begin result /,/^----- end result /p' "$1" | sed '1d;$d'
}

# kept FILE...: one of these documents, or the one on standard error, is good.
kept() {
    shown err >shown.json
    for file in "$@" shown.json; do
        [[ -s $file ]] && "$pocketmark" validate "$file" >/dev/null 2>&1 && return 0
    done
    return 1
}

# each_fault NAME CALL PATH ERRNO: makes the first such call of a run fail, then the second, until a run has no more of them.
each_fault() {
    local name=$1 fault=$2:$3:$4 number=0 code wrong=''
    while ((number++ < 40)); do
        rm -rf results
        PATH='' LD_PRELOAD=$faults POCKETMARK_FAULTS=$fault:$number "$pocketmark" "${small[@]}" --quiet >out 2>err
        code=$?
        ((code == 0)) && break
        # before anything is measured there is nothing to keep
        if ((code != 74)) || ! { kept results/*.json || [[ ! -s out ]]; }; then
            wrong+=" $number"
        fi
    done
    holds "$name: each of $((number - 1)) ends with 74 and the document kept" test "$number" -gt 1 -a -z "$wrong"
    says "$name: the last run is well" out '^result: '
    rm -rf results
}

faults=$(dirname "$pocketmark")/tests/faults.so
if [[ -e $faults ]]; then
    each_fault "a journal that cannot be written" write .run/journal ENOSPC
    each_fault "a journal that cannot be synced" fsync .run/journal EIO
    each_fault "a name that cannot be changed" rename results/ EIO
    LD_PRELOAD=$faults POCKETMARK_FAULTS='write:results/:ENOSPC:4+' expect "a disk that stays full" 74 "${small[@]}"
    holds "gives the document to standard error" kept nothing
    says "with what was measured" shown.json '"status":\s*"partial"'
    rm -rf results
    LD_PRELOAD=$faults POCKETMARK_FAULTS='open:reserve:ENOSPC' expect "no room for a reserve" 74 "${small[@]}"
    holds "leaves nothing behind" test -z "$(ls results)"
    rm -rf results
fi

mkdir small
if mount -t tmpfs -o size=70m tmpfs small 2>mounting; then
    trap 'umount "$PWD/small" 2>/dev/null' EXIT

    # fill: takes all space, to the last page.
    fill() {
        cat /dev/zero >>small/fill 2>/dev/null
    }

    # begin: starts a run on the small disk whose launches take a second, and waits until one is done.
    begin() {
        rm -rf small/*
        (cd small && exec "$pocketmark" run -m "$tiny" -e null -p 8 -n 80 --repetitions 50 --launches 4 --probe-seconds 0.001) >out 2>err &
        run=$!
        await 20 grep -q 'launch 2 of' err || fail "a run began" "no launch was seen"
    }

    begin
    fill
    wait "$run"
    holds "a disk filled from outside" test $? = 74
    holds "keeps the document" kept small/results/*.json
    rm -f small/fill
    (cd small && "$pocketmark" run --resume results/*.run) >out 2>err
    holds "with space again the run goes on" test $? = 0
    expect "to a good document" 0 validate small/results/*.json
    says "which is complete" small/results/*.json '"status":\s*"complete"'

    begin
    while [[ -d /proc/$run ]]; do fill; done &
    filler=$!
    wait "$run"
    holds "a disk filled again and again" test $? = 74
    kill "$filler" 2>/dev/null
    wait "$filler" 2>/dev/null
    holds "keeps the document too" kept small/results/*.json

    rm -rf small/*
    head -c 20M /dev/zero >small/fill
    (cd small && "$pocketmark" "${small[@]}") >out 2>err
    holds "a disk with little space" test $? = 74
    says "is named before measuring" err '^pocketmark: results: only .* free'
    umount small
else
    echo "skipped: a small disk that fills up: $(cat mounting)"
fi
