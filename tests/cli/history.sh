# The index over results: made from files, kept by `run`, trends with their steps, and databases in trouble.
# shellcheck shell=bash disable=SC2154

expect "history without an action" 2 history
expect "an unknown action" 2 history lst
says "suggests the action" err "did you mean 'list'"
expect "an argument too many" 2 history list x
expect "a trend of nothing" 2 history trend
expect "no index yet" 74 history list
says "says how to make it" err 'history rebuild'
expect "a folder that is not there" 74 history rebuild nowhere
says "names the folder" err 'nowhere'
holds "makes no index then" test ! -e results/history.db

expect "a run without an index" 0 "${small[@]}"
holds "makes no index" test ! -e results/history.db
expect "history rebuild" 0 history rebuild
says "counts what it took" out '1 results indexed, 0 files left out'
expect "a run with an index" 0 "${small[@]}"
expect "history list" 0 history list
holds "has both runs" test "$(grep -c complete out)" = 2
id=$("$pocketmark" history list --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["results"][0]["result_id"])')
expect "history show" 0 history show "$id"
says "shows the figures" out 'decode_tokens_per_second .*tok/s'
expect "history show --json" 0 history show "$id" --json
holds "is JSON" python3 -c 'import json; assert json.load(open("out"))["figures"]'
expect "history show of another id" 2 history show nothing
expect "history list --metric" 0 history list --metric decode_tokens_per_second
holds "a row per value" test "$(wc -l <out)" = 3
expect "an unknown metric" 2 history list --metric decode_tokens_per_secnd
says "suggests the metric" err "did you mean 'decode_tokens_per_second'"
expect "history list --model of another model" 0 history list -m no-such-model
says "says that there is none" out '^no such results'
expect "history add, again" 0 history add results/*.json
expect "history list after that" 0 history list
holds "still has two" test "$(grep -c complete out)" = 2

one=$(ls results/*.json | head -n 1)
python3 "$sources/tests/make_results.py" "$one" many 200 120 0.95
head -c 3000 many/000007.json >many/cut.json
echo '{"kind": "something else"}' >many/other.json
expect "rebuild with damaged files" 0 history rebuild many --database many.db
says "takes the good ones" out '200 results indexed, 2 files left out'
says "names the cut one" err 'many/cut\.json: .*cut'
says "names the foreign one" err 'many/other\.json: .*no result'
expect "history trend" 0 history trend --metric decode_tokens_per_second --database many.db
says "marks the step" out '^ +\^'
says "tells when it was" out '2025-01-06T00:00:00Z .*-[45]\.[0-9] %'
expect "history trend --json" 0 history trend --metric decode_tokens_per_second --database many.db --json
holds "has one change, at its place" python3 -c '
import json
series = json.load(open("out"))["series"]
assert len(series) == 1 and len(series[0]["points"]) == 200
assert [change["index"] for change in series[0]["changes"]] == [120]'
expect "history export" 0 history export --to otava --metric decode_tokens_per_second -o o.csv --database many.db
holds "is the CSV of otava" python3 -c '
import csv, datetime
rows = list(csv.DictReader(open("o.csv")))
assert len(rows) == 200
times = [datetime.datetime.fromisoformat(row["time"].replace("Z", "+00:00")) for row in rows]
assert times == sorted(times)
assert all(float(value) > 0 for row in rows for name, value in row.items() if name not in ("time", "commit"))'
expect "history export to nothing" 2 history export --database many.db
expect "history export of another form" 2 history export --to bmf -o x --database many.db
expect "history add of a changed file" 74 history add many/000001.json --database many.db
says "says that it was changed" err 'many/000001\.json'

cp many.db damaged.db
head -c 5000 /dev/zero | tr '\0' '\377' | dd of=damaged.db bs=1 seek=4096 conv=notrunc status=none
expect "a damaged index" 74 history list --database damaged.db
says "says how to mend it" err 'damaged\.db: damaged .*history rebuild'
expect "is made again" 0 history rebuild many --database damaged.db
expect "and works" 0 history list --database damaged.db
expect "a file that is no index" 74 history list --database many/000001.json
expect "an index in no folder" 74 history rebuild many --database nowhere/x.db
says "names the place" err 'nowhere/x\.db'
expect "a folder as an index" 74 history list --database many

faults=$(dirname "$pocketmark")/tests/faults.so
if [[ -e $faults ]]; then
    LD_PRELOAD=$faults POCKETMARK_FAULTS='write:full.db:ENOSPC' expect "a full disk" 74 history rebuild many --database full.db
    says "says what to do" err 'full\.db: .*free some space'
    LD_PRELOAD=$faults POCKETMARK_FAULTS='write:history.db:ENOSPC' expect "a run, and no room for the index" 0 "${small[@]}"
    says "warns" err 'not in the index'
    LD_PRELOAD=$faults POCKETMARK_FAULTS='write:many.db:ENOSPC:3+' expect "a disk that fills up" 74 history rebuild many --database many.db
    expect "leaves the old index" 0 history trend --metric decode_tokens_per_second --database many.db
    says "with all results" out ' 120 +[0-9]'
fi

# Root may write anywhere; a user may not.
if [[ $(id -u) != 0 ]]; then
    as_user=()
else
    as_user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
fi
cp many.db fixed.db
chmod 444 fixed.db
chmod 755 . many
if "${as_user[@]}" "$pocketmark" --version >/dev/null 2>&1 && "${as_user[@]}" test -r fixed.db; then
    "${as_user[@]}" "$pocketmark" history rebuild many --database fixed.db >out 2>err
    holds "an index that may not be written" test $? = 74
    says "names it" err 'fixed\.db'
fi
