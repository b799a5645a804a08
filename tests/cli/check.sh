# The gate, on results of known speed, and on a second sample of the engine that does nothing.
# shellcheck shell=bash disable=SC2154

# forge FILE ID BUILD METRIC=VALUE...: a result of these figures. BUILD: one digit for a build of its own, or "same": this one.
forge() {
    local file=$1 id=$2 build=()
    [[ $3 == same ]] || build=(--build "$(printf '%064d' "$3")")
    shift 3
    python3 "$sources/tests/forge_result.py" seed.json "$file" --id "$id" "${build[@]}" "$@"
}

# outcome NAME CODE...: the last command's exit code, in $code, is one of these.
outcome() {
    local name=$1
    shift
    case " $* " in *" $code "*) pass "$name" ;; *) fail "$name" "exit $code instead of $*" ;; esac
}

expect "a run to forge others from" 0 "${small[@]}" -o seed.json
forge old.json 1 1 decode_tokens_per_second=100 prefill_tokens_per_second=400 peak_private_bytes=70000000
forge equal.json 2 2 decode_tokens_per_second=100 prefill_tokens_per_second=400 peak_private_bytes=70000000
forge slower.json 3 2 decode_tokens_per_second=95 prefill_tokens_per_second=400 peak_private_bytes=70000000
forge faster.json 4 2 decode_tokens_per_second=105 prefill_tokens_per_second=400 peak_private_bytes=70000000
forge few.json 5 2 --launches 5 decode_tokens_per_second=95 prefill_tokens_per_second=400
forge other.json 6 2 --device d-0000000000000000 decode_tokens_per_second=100 prefill_tokens_per_second=400
forge again.json 7 2 decode_tokens_per_second=95 prefill_tokens_per_second=400 peak_private_bytes=70000000
forge same.json 8 1 decode_tokens_per_second=100 prefill_tokens_per_second=400 peak_private_bytes=70000000
holds "forged results are valid" "$pocketmark" validate old.json equal.json slower.json faster.json few.json other.json

expect "a candidate that is as fast" 0 check --baseline old.json --candidate equal.json
says "passes" out '^passed: none of 3 figures is worse'
expect "a candidate that is faster" 0 check --baseline old.json --candidate faster.json
expect "a candidate that is 5 % slower" 1 check --baseline old.json --candidate slower.json
says "says what, how much and how sure" out 'decode 5\.0 % slower \[[0-9.]+ to [0-9.]+ %\]'
says "and how to repeat it" out 'again: pocketmark run --model=MODEL.gguf --prompt=8 '
expect "a threshold above that" 0 check --baseline old.json --candidate slower.json --threshold decode_tokens_per_second=8
expect "other metrics alone" 0 check --baseline old.json --candidate slower.json --metrics prefill_tokens_per_second
expect "too few launches" 3 check --baseline old.json --candidate few.json --metrics decode_tokens_per_second
expect "strictly" 1 check --strict --baseline old.json --candidate few.json --metrics decode_tokens_per_second
expect "a figure that the candidate lacks" 4 check --baseline old.json --candidate few.json
expect "another device" 4 check --baseline old.json --candidate other.json
says "is named" out 'the device differs'
expect "another device all the same" 0 check --allow-mixed --baseline old.json --candidate other.json --metrics decode_tokens_per_second
expect "repeats are pooled" 1 check --baseline old.json,same.json --candidate slower.json,again.json
says "into more launches" out '20 against 20 launches'
expect "two baselines, worse than one" 1 check --baseline equal.json,old.json --candidate slower.json
says "tells against which" out 'against old\.json'
expect "unlike candidates" 4 check --baseline old.json --candidate slower.json,same.json
says "tells in what" err 'differ in their build'
expect "a result twice" 4 check --baseline old.json,./old.json --candidate slower.json
expect "the candidate as its own baseline" 4 check --baseline old.json --candidate ./old.json

expect "all forms at once" 1 check --baseline old.json --candidate slower.json --format junit -o v.md -o v.txt -o v.xml
holds "JUnit on standard output and in a file are one" cmp out v.xml
holds "JUnit is well formed and counts right" python3 - v.xml <<'EOF'
import sys, xml.etree.ElementTree as tree
suites = tree.parse(sys.argv[1]).getroot()
for suite in suites:
    cases = suite.findall("testcase")
    assert suite.get("name") and int(suite.get("tests")) == len(cases) == 3
    assert int(suite.get("failures")) == len(suite.findall("testcase/failure")) == 1
    assert int(suite.get("skipped")) == len(suite.findall("testcase/skipped")) == 0
    for case in cases:
        assert case.get("name") and case.get("classname") and case.find("system-out").text
    assert "5.0 % slower" in suite.find("testcase/failure").text
EOF
holds "a comment begins with its mark" test "$(head -n 1 v.md)" = '<!-- pocketmark -->'
says "the same text" v.txt '^regressed: 1 of 3 figures worse'
printf 'before\n' >summary
GITHUB_STEP_SUMMARY=summary expect "annotations" 1 check --baseline old.json --candidate slower.json --format github
says "are errors" out '^::error title=pocketmark%3A 1 regressed::.*5\.0 %25 slower'
holds "one alone" test "$(grep -c '^::' out)" = 1
says "the summary keeps what was there" summary '^before$'
says "and gets the table" summary '^\| regressed \|'

expect "no baseline" 2 check --candidate old.json
expect "no candidate" 2 check --baseline old.json
expect "a metric that there is not" 2 check --baseline old.json --candidate equal.json --threshold decode_tokens_per_secnd=3
says "suggests the right word" err "did you mean 'decode_tokens_per_second'"
expect "no number" 2 check --baseline old.json --candidate equal.json --threshold decode_tokens_per_second=x
expect "a threshold of nothing" 2 check --baseline old.json --candidate equal.json --threshold decode_tokens_per_second=0
expect "no threshold" 2 check --baseline old.json --candidate equal.json --threshold decode_tokens_per_second
expect "an unknown format" 2 check --baseline old.json --candidate equal.json --format html
expect "an unknown suffix" 2 check --baseline old.json --candidate equal.json -o v.html
expect "no such file" 74 check --baseline nowhere.json --candidate equal.json
head -c 900 old.json >cut.json
expect "a file cut short" 74 check --baseline cut.json --candidate equal.json
expect "no folder for the verdict" 74 check --baseline old.json --candidate equal.json -o nowhere/v.md
expect "a program to take turns with, without a rerun" 2 check --baseline old.json --candidate equal.json --against-baseline-binary "$pocketmark"

# The engine that does nothing is much faster than one figure here and much slower than the other; where the machine is too busy to
# say so, the second sample is inconclusive.
expect "a rerun by another build" 4 check --rerun --baseline old.json --candidate slower.json
says "names both" err 'another build did'
forge mine.json 9 same decode_tokens_per_second=1 prefill_tokens_per_second=400
forge low.json 10 1 decode_tokens_per_second=2 prefill_tokens_per_second=400
forge high.json 11 1 decode_tokens_per_second=900000 prefill_tokens_per_second=400
expect "a rerun of a file that is not named" 2 check --rerun --baseline low.json --candidate mine.json
expect "a rerun against a program that made no baseline" 4 check --rerun --baseline low.json --candidate mine.json --model "$tiny" --against-baseline-binary "$tiny"
"$pocketmark" check --rerun --repetitions 1 --launches 6 --model "$tiny" --baseline low.json --candidate mine.json >out 2>err </dev/null
code=$?
outcome "a second sample that contradicts" 0 3
says "is told" out 'a second sample of fresh launches, after 50\.0 % slower'
"$pocketmark" check --rerun --repetitions 1 --launches 6 --model "$tiny" --baseline high.json --candidate mine.json >out 2>err </dev/null
code=$?
outcome "a second sample that confirms" 1 3
says "is told as well" out 'a second sample of fresh launches, after 100\.0 % slower'
expect "a case by its id" 0 "${small[@]}" --cells golden-llama-tied.q4_0.p8.n8.null
expect "no such case" 2 "${small[@]}" --cells golden-llama-tied.q4_0.p8.n9.null
says "suggests the right one" err "did you mean 'golden-llama-tied.q4_0.p8.n8.null'"
