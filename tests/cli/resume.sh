# A run that is killed goes on; what it must not go on with is refused; one run at a time.
# shellcheck shell=bash disable=SC2154

seed=${RESUME_SEED:-1}
kills=${RESUME_KILLS:-8}
cases=(run -m "$tiny" -e null -p 8 -n "8,16" --launches 10 --repetitions 2 --probe-seconds 0.001 --seed "$seed")

# random N: a number below N; the seed makes the row.
RANDOM=$seed
random() {
    number=$((RANDOM % $1))
}

# folder_of: the run's folder, in $folder; fails where there is none with a journal.
folder_of() {
    local path
    for path in results/*.run; do
        folder=$path
        [[ -s $path/journal.jsonl ]] && return 0
    done
    return 1
}

# unbroken FILE: seq counts from 0, and no line is missing.
unbroken() {
    sed -E 's/^\{"seq":([0-9]+),.*/\1/' "$1" | awk '$1 != NR - 1 { exit 1 } END { exit NR == 0 }'
}

# ends FILE: launches that ended, each by the line that began it.
ends() {
    grep -oE '"event":"end","facts":\{"begin":[0-9]+' "$1" | sort | uniq -c | awk '$1 != 1 { exit 1 }'
}

# A whole run takes about a second here; kills fall anywhere in it, and in the runs that go on with it.
"$pocketmark" "${cases[@]}" -o plain.json >out 2>err
holds "a run that nobody kills" test $? = 0
holds "leaves no folder" test ! -e results/*.run
rm -r results
killed=0
while ((killed < kills)) && [[ ! -s killed.json ]]; do
    random 200
    arguments=("${cases[@]}" --keep-journal -o killed.json)
    folder_of && arguments=(run --resume "$folder")
    "$pocketmark" "${arguments[@]}" >out 2>err &
    run=$!
    sleep "$(printf '0.%03d' $((number + 20)))"
    kill -KILL "$run" 2>/dev/null && killed=$((killed + 1))
    wait "$run" 2>/dev/null
done
echo "killed $killed times"
arguments=("${cases[@]}" --keep-journal -o killed.json)
folder_of && arguments=(run --resume "$folder")
[[ -s killed.json ]] || "$pocketmark" "${arguments[@]}" >out 2>err
holds "a run killed at random moments ends" test -s killed.json
expect "its document is good" 0 validate killed.json
holds "it has each case once" test "$(grep -c '"cell_id"' killed.json)" = "$(grep -c '"cell_id"' plain.json)"
holds "and each measured repetition once" test "$(grep -c '"phase":\s*"measured"' killed.json)" = 40
says "it is complete" killed.json '"status":\s*"complete"'
folder_of
holds "the journal is unbroken" unbroken "$folder/journal.jsonl"
holds "no launch ended twice" ends "$folder/journal.jsonl"
expect "going on with a finished run is nothing to do" 0 run --resume "$folder"
says "and tells where the result is" out "^result: ${folder%.run}\.json"
rm -r "$folder"
expect "even without its folder" 0 run --resume "$folder/"
expect "no such run" 74 run --resume results/none.run
says "names the journal" err 'none\.run/journal\.jsonl'
expect "a folder of another kind" 2 run --resume results

# begin: starts a run whose launches take a second, and waits until one is done.
begin() {
    rm -rf results
    "$pocketmark" run -m "$tiny" -e null -p 8 -n 80 --repetitions 50 --launches 3 --probe-seconds 0.001 >out 2>err &
    run=$!
    await 20 grep -q 'launch 2 of' err || fail "a run began" "no launch was seen"
}

begin
expect "a second run at the same time" 75 "${small[@]}"
says "names the first one" err "process $run\)"
expect "roofs at the same time" 75 roof --probe-seconds 0.001
"$pocketmark" "${small[@]}" --wait >waited 2>waiting &
second=$!
holds "one that waits says so" await 5 grep -q 'waiting' waiting
kill -TERM "$run"
wait "$run"
holds "an interrupted run" test $? = 143
says "tells how to go on" err 'pocketmark run --resume results/.*\.run'
wait "$second"
holds "then the one that waited runs" test $? = 0
folder_of
holds "and keeps its journal" unbroken "$folder/journal.jsonl"
cp -r "$folder" saved

# change PATTERN: puts the saved journal back, changed by the sed program, its hashes made right again.
change() {
    local line body hash=''
    cp saved/journal.jsonl "$folder/journal.jsonl"
    sed -E "$1" saved/journal.jsonl | while IFS= read -r line; do
        body=${line%,\"sha256\":*}
        body=$(sed -E "s/(\"prev\":\")[^\"]*/\1$hash/" <<<"$body")
        hash=$(printf %s "$body" | sha256sum | cut -c 1-64)
        printf '%s,"sha256":"%s"}\n' "$body" "$hash"
    done >"$folder/journal.jsonl"
}

change 's/("must\.program":")..../\10000/'
expect "another program" 4 run --resume "$folder"
says "is named" err 'changed: program'
change 's/("must\.(plan|device)":")..../\10000/g'
expect "another plan and device" 4 run --resume "$folder"
says "are named" err 'plan, device'
change 's/("must\.file of model [^"]*":")..../\10000/'
expect "another model" 4 run --resume "$folder"
says "is named too" err 'file of model'
change 's/"--launches"/"--lunches"/'
expect "arguments that make no run" 74 run --resume "$folder"
says "name the option" err 'lunches'
sed '2s/roof/rook/' saved/journal.jsonl >"$folder/journal.jsonl"
expect "a changed line" 74 run --resume "$folder"
says "is named with its file" err "$folder/journal\.jsonl: line 2"
sed 2d saved/journal.jsonl >"$folder/journal.jsonl"
expect "a line that is missing" 74 run --resume "$folder"
cp saved/journal.jsonl "$folder/journal.jsonl"
expect "options of another run" 2 run --resume "$folder" -p 4
says "are refused by name" err 'leave out --prompt'
expect "a profile of another run" 2 run quick --resume "$folder"

change 's/("noted\.boot":")..../\10000/'
printf '{"seq":' >>"$folder/journal.jsonl"
expect "going on after a reboot, over a torn line" 0 run --resume "$folder" --keep-journal
expect "gives a good document" 0 validate "${folder%.run}.json"
says "that tells of the reboot" "${folder%.run}.json" '"resumed_after_reboot":\s*true'
says "and is complete" "${folder%.run}.json" '"status":\s*"complete"'
holds "launches of before are not repeated" test "$(grep -c '"--number=0"' "$folder/journal.jsonl")" = 1
holds "roofs of before the reboot are" test "$(grep -c '"child","roof"' "$folder/journal.jsonl")" = 3

# A day's jump at every look at the wall clock: no time in a result comes from it but the date.
jump=$(dirname "$pocketmark")/tests/clock_jump.so
if [[ -e $jump ]]; then
    LD_PRELOAD=$jump expect "a wall clock that jumps" 0 "${small[@]}" --time-budget 600 -o jumped.json
    expect "leaves the document good" 0 validate jumped.json
    says "and the run complete" jumped.json '"status":\s*"complete"'
    holds "and its times small" test "$(grep -oE '"start_offset_seconds":\s*-?[0-9]+' jumped.json | grep -cE '[0-9]{3,}')" = 0
fi
