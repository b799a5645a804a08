# Files that cannot be written, signals, and launches that die.
# shellcheck shell=bash disable=SC2154

expect "an output in no folder" 74 "${small[@]}" -o nowhere/r.json
says "names it before measuring" err 'nowhere/r.json'
silent "measures nothing" err '^\['
mkdir folder.json
expect "an output that is a folder" 74 "${small[@]}" -o folder.json
touch results
expect "results that is no folder" 74 "${small[@]}"
rm results

expect "a file named to fool the terminal" 74 validate $'none\e[31m.json'
silent "gives the terminal nothing to obey" err $'\e'
expect "a command named so" 2 $'ru\e[31mn'
silent "gives it nothing either" err $'\e'

"$pocketmark" list models >/dev/full 2>err
holds "a full standard output" test $? = 74
"$pocketmark" "${small[@]}" >/dev/full 2>err
holds "a full standard output after a run" test $? = 74
holds "costs no result" test -s results/*.json
rm -r results

PATH='' expect "no gnuplot" 0 "${small[@]}"
says "says what is left out" err 'no chart'
rm -r results

faults=$(dirname "$pocketmark")/tests/faults.so
if [[ -e $faults ]]; then
    LD_PRELOAD=$faults POCKETMARK_FAULTS='rename:r.json:ENOSPC' expect "a disk that fills up" 74 "${small[@]}" -o r.json -o r.csv
    says "names the file" err 'r\.json'
    says "gives the document to standard error" err '"pocketmark.result"'
    holds "writes the other files" test -s r.csv
    holds "leaves no half file" test ! -e r.json
fi

# launch_lives: the run has a child, whose number is then in $child; it is announced before it is started.
launch_lives() {
    child=$(child_of "$run")
    [[ -n $child ]]
}

# begin [REPETITIONS]: starts a run whose launches take seconds, and waits for the first launch.
begin() {
    rm -rf results
    "$pocketmark" run -m "$tiny" -e null -p 8 -n 80 --repetitions "${1:-1000}" --launches 2 --probe-seconds 0.001 >out 2>err &
    run=$!
    await 20 grep -q 'launch 1 of' err && await 20 launch_lives || fail "a run began" "no launch was seen"
}

for signal in INT TERM; do
    code=$((128 + $(kill -l $signal)))
    begin
    kill -$signal "$run"
    wait "$run"
    holds "SIG$signal ends a run with $code" test $? = $code
    holds "SIG$signal ends the launch" test ! -d "/proc/${child:-self}"
    expect "SIG$signal leaves a good document" 0 validate results/*.json
    says "SIG$signal: a partial one" results/*.json '"status":\s*"partial"'
done

begin 100
kill -KILL "$child"
wait "$run"
holds "a killed launch costs a run no more than that" test $? = 0
says "it is told" out 'lost .*SIGKILL'
says "and in the document" results/*.json '"failed_count":\s*1'
expect "the document is good" 0 validate results/*.json
