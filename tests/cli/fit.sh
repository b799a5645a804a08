# Predictions: probes of two tiny models, the document, what was measured, prices, refusals.
# shellcheck shell=bash disable=SC2154

# model NAME HIDDEN LAYERS HEADS FEED_FORWARD CONTEXT PARAMETERS: heads of 16, two of them with keys and values, 256 tokens.
model() {
    printf '{"name":"%s","architecture":"llama","license":"none","source":"a test","inexact":false,"parameter_count":%d,
"vocab_size":256,"hidden_size":%d,"num_hidden_layers":%d,"num_attention_heads":%d,"num_key_value_heads":2,"head_dim":16,
"intermediate_size":%d,"max_position_embeddings":%d,"rms_norm_eps":1e-5,"tie_word_embeddings":true,"rope_theta":10000,
"rope_dimension_count":16,"rope_scaling":null}\n' "$1" "$7" "$2" "$3" "$4" "$5" "$6" >"data/models/$1.json"
}

mkdir -p data/models data/scenarios
cp "$sources"/workloads/scenarios/*.json data/scenarios
model narrow 64 4 4 128 4096 164416
model wide 128 6 8 256 4096 870016
model brief 64 4 4 128 600 164416
export POCKETMARK_DATA=$PWD/data LC_ALL=C

fit() {
    local name=$1 code=$2
    shift 2
    expect "$name" "$code" fit --probe-seconds 0.001 "$@"
}

fit "all models are predicted" 0 -o fit.csv -o copy.json -o page.html -o page.md -o page.txt
says "each in every format" out '^  wide +0\.00 B +q8_0 +fits '
says "with a range" out 'o [0-9.]+ \([0-9.]+-[0-9.]+\)'
says "tells the probes" out "predicted from 5 probes"
says "no room for the prompt" out '^  brief +0\.00 B +q4_0 +context too short .* - '
says "progress" err '^\[2/[0-9]+\] probe: [0-9]+ layers of '
document=$(ls results/*-fit.json)
holds "one document is kept" test -f "$document"
says "and told" out "^prediction: $document"
for file in fit.csv copy.json page.html page.md page.txt; do
    holds "$file is written" test -s "$file"
done
expect "the document is valid" 0 validate "$document" copy.json
holds "what it holds" python3 - "$document" <<'END'
import json, sys
document = json.load(open(sys.argv[1]))
assert document["schema"]["version"] == "1.1" and document["cells"] == [] and document["workload"]["name"] == "fit"
assert len(document["predictions"]) == 6
for item in document["predictions"]:
    decode = item["summary"]["decode_tokens_per_second"]
    assert decode["kind"] == "estimated"
    if item["status"] == "ok":
        assert decode["ci_low"] < decode["value"] < decode["ci_high"] and decode["estimator"] == "model"
        assert item["observations"]["scenarios"]["chat"]["time_to_first_token_seconds"] > 0
        assert item["observations"]["scenarios"]["agent"]["fit"] == "context too short"
        assert item["summary"]["energy_joules_per_token"]["reason"]
    else:
        assert "600" in item["reason"] and decode["value"] is None
fit = document["environment"]["fit"]
assert len(fit["probes"]) == 5
assert all(probe[f"{phase}_tokens_per_second"] > 0 for probe in fit["probes"] for phase in ("prefill", "decode"))
END

expect "something is measured" 0 run -m narrow -q q4_0 -p 128 -n 16 --launches 1 --probe-seconds 0.001 --quiet
result=$(find results -name "*.json" ! -name "*-fit.json")
fit "measured figures take the place of predictions" 0 -m narrow,wide -q q4_0
says "with their sign" out '^  narrow .*\* [0-9.]+ '
says "and how far predictions are off" out '1 measured case: decode off by [0-9.]+ %'
fit "a result may be named" 0 -m narrow -q q4_0 "$result" --json --quiet
holds "--json is the document" python3 -c '
import json
items = json.load(open("out"))["predictions"]
assert "decode_error_ratio" in items[0]["observations"]["measured"]'
says "where it is goes elsewhere" err '^prediction: results/'
fit "prices" 0 -m narrow -q q8_0 --watts 20 --price 0.3 --cloud-price 0.5
says "a price of electricity" out 'electricity'
says "stated is stated" out 'the power that was stated'
says "where both cost the same" out 'where a token takes 6 J'
fit "prices without power" 0 -m narrow -q q8_0 --price 0.3
says "tell what is missing" out '--watts W states the power'

for command in "compare $document" "export $document --to bmf -o x.json" \
    "check --baseline $document --candidate $document"; do
    # shellcheck disable=SC2086
    expect "${command%% *} of a prediction" 4 $command
    says "${command%% *} says what it is" err 'prediction'
done
expect "the index takes results alone" 0 history rebuild
expect "and lists them" 0 history list

fit "a file" 2 -m "$tiny"
says "says what measures files" err "run -m FILE"
fit "an unknown model" 2 -m narow
says "suggests one" err "did you mean 'narrow'"
fit "an unknown format" 2 -q q4_k_n
fit "two caches" 2 --kv-type f16,q8_0
fit "an output of unknown form" 2 -o fit.docx
says "says which there are" err '\.html'
fit "a result that is not there" 74 nothing.json
echo '{}' >broken.json
fit "a result that is none" 74 broken.json
fit "an output that cannot be written" 74 -o nowhere/fit.json
fit "too many threads" 2 -t 1000
POCKETMARK_DATA=$PWD/nothing fit "no descriptions" 74
