# Results in other programs' forms, and theirs in ours.
# shellcheck shell=bash disable=SC2154

expect "a run to export" 0 run -m "$tiny" -e null -p 8,4 -n 8 --launches 6 --repetitions 2 --probe-seconds 0.001
result=$(ls results/*.json)
expect "export to nowhere" 2 export "$result"
says "names the forms" err 'llama-bench, .*openmetrics'
expect "export without a file" 2 export "$result" --to bmf
expect "an unknown form" 2 export "$result" --to bmff -o x
says "suggests the form" err "did you mean 'bmf'"
expect "export of nothing" 2 export --to bmf -o x
expect "export of a missing file" 74 export nowhere.json --to bmf -o x
expect "export into no folder" 74 export "$result" --to bmf -o nowhere/x
echo '{}' >bad.json
expect "export of what is no result" 74 export "$result" bad.json --to csv -o x
says "names it" err 'bad\.json'
holds "writes nothing" test ! -e x

for form in llama-bench llama-bench-sql bmf github-benchmark github-benchmark-smaller openmetrics csv otava junit; do
    expect "export to $form" 0 export "$result" --to $form -o "out.$form"
    expect "export to $form, to standard output" 0 export "$result" --to $form -o -
    holds "$form is the same there" cmp "out.$form" out
done
holds "llama-bench's documented fields" python3 "$sources/tests/check_llama_bench.py" out.llama-bench
holds "SQL that a database takes" python3 -c '
import sqlite3
database = sqlite3.connect(":memory:")
database.executescript(open("out.llama-bench-sql").read())
rows = database.execute("SELECT n_prompt, n_gen, avg(avg_ts) FROM llama_bench GROUP BY n_prompt, n_gen, n_depth").fetchall()
assert len(rows) == 4 and all(row[2] > 0 for row in rows)'
holds "BMF is JSON" python3 -c '
import json
for benchmark in json.load(open("out.bmf")).values():
    for measure in benchmark.values():
        assert set(measure) <= {"value", "lower_value", "upper_value"}'
holds "benchmarks of both directions" python3 -c '
import json
for name in "out.github-benchmark", "out.github-benchmark-smaller":
    assert all({"name", "unit", "value"} <= set(row) for row in json.load(open(name)))'
holds "JUnit is XML" python3 -c '
import xml.etree.ElementTree as tree
suites = tree.parse("out.junit").getroot()
assert len(suites.findall("testsuite/testcase")) == 2'
holds "CSV has its columns" python3 -c '
import csv
rows = list(csv.DictReader(open("out.csv")))
assert rows and all(float(row["value"]) >= 0 for row in rows)'
holds "OpenMetrics ends as it must" test "$(tail -n 1 out.openmetrics)" = '# EOF'
expect "two results of one device and cell" 2 export "$result" "$result" --to bmf -o x
says "says why" err 'one by one'

# There and back.
expect "import what was exported" 0 import out.llama-bench -o back.json
expect "makes a valid result" 0 validate back.json
says "marked as imported" back.json '"kind":\s*"imported"'
holds "with the same figures" python3 -c '
import json, sys
def figures(path, metric):
    return sorted((s[metric]["value"], s[metric]["ci_low"], s[metric]["ci_high"], s[metric]["launches"])
                  for s in (cell["summary"] for cell in json.load(open(path))["cells"]) if metric in s)
for metric in "prefill_tokens_per_second", "decode_tokens_per_second":
    assert figures(sys.argv[1], metric) == figures("back.json", metric) != []' "$result"
expect "and it compares" 0 compare "$result" back.json
says "as foreign" out 'foreign'

# What llama-bench has written.
foreign=$sources/tests/foreign
cp "$foreign/llama-bench.json" "$foreign/llama-bench.jsonl" .
expect "import of JSON" 0 import llama-bench.json
says "says where it is, and what" out 'results/llama-bench\.json .*not verified'
expect "is not replaced unasked" 74 import llama-bench.json
says "says so" err 'is there already'
expect "import of lines" 0 import llama-bench.jsonl -o lines.json
holds "six lines of a test are six launches" python3 -c '
import json
assert all(figure["launches"] == 6 and figure["ci_low"] is not None
           for cell in json.load(open("lines.json"))["cells"] for figure in cell["summary"].values() if figure["value"] is not None)'
expect "import under another name" 0 import llama-bench.json -m llama-3.2-1b -o named.json
expect "it is valid" 0 validate named.json results/llama-bench.json lines.json
expect "import of two builds" 74 import llama-bench.json out.llama-bench -o x
says "tells what differs" err 'out\.llama-bench: row 1: cpu_info'
expect "import of no such file" 74 import nowhere.json -o x
expect "import of a result of ours" 74 import "$result" -o x
says "tells that it is none of llama-bench" err 'n_prompt'
"$pocketmark" import - -o piped.json <llama-bench.json >out 2>err
holds "import of standard input" test $? = 0
expect "a standard input without a name" 2 import -
expect "history takes it" 0 history rebuild
says "with the others" out ' 2 results indexed'
