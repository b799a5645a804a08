# Whole runs on the engine that does nothing.
# shellcheck shell=bash disable=SC2154

expect "a run" 0 "${small[@]}" -o r.json -o r.csv -o r.md -o r.txt
says "tells where the result is" out '^result: results/[0-9]{8}T[0-9]{6}Z-.*\.json'
says "tells progress in plain lines" err '^\[1/4\] '
silent "no terminal codes in a file" err $'\033'
silent "none in the table either" out $'\033'
for file in r.json r.csv r.md r.txt results/*.json; do
    holds "wrote $file" test -s "$file"
done
holds "two results are one" cmp r.json results/*.json
expect "the document keeps to the schema" 0 validate r.json
says "all figures are explained" r.json 'no arithmetic to check'

head -c 1000 r.json >cut.json
expect "a document cut short" 1 validate cut.json
sed -E 's/"status":\s*"ok"/"status":"splendid"/' r.json >word.json
expect "a word that the schema does not know" 1 validate word.json
says "tells where" err 'cells\[0\]'
sed -E 's/"launch":\s*0/"launch":7/' r.json >tampered.json
expect "a changed number" 1 validate tampered.json
expect "no document" 74 validate nowhere.json
expect "no regular file" 74 validate .

expect "a quiet run" 0 "${small[@]}" --quiet
silent "shows no progress" err '^\['
expect "a profile of one's own length" 0 run quick -m "$tiny" -e null -p 4 -n 4 --launches 1 --probe-seconds 0.001 -o quick.json
says "brings matrices" out 'ffn_'
says "has its name" quick.json '"quick"'
expect "sensors from a recorded tree" 0 "${small[@]}" --root "$sources/tests/machines/hybrid-laptop" -o emulated.json
says "mark the result" emulated.json '"kind":\s*"emulated"'
expect "and it keeps to the schema" 0 validate emulated.json
expect "a depth" 0 "${small[@]}" -d 16
expect "decode alone" 0 run -m "$tiny" -e null -p 0 -n 8 --launches 1 --probe-seconds 0.001
expect "prefill alone" 0 run -m "$tiny" -e null -p 8 -n 0 --launches 1 --probe-seconds 0.001
expect "more context than the model was made for" 75 "${small[@]}" -d 4000000
says "is a skipped row" out 'skipped'
expect "two types of the cache" 0 "${small[@]}" --kv-type f16,q8_0 -o kv.json
says "stand in the document" kv.json '"kv_type":\s*"q8_0"'
expect "a scenario" 0 run -m llama-3.2-1b -e null -s chat --launches 1 --probe-seconds 0.001 -o scenario.json
says "stands in the document" scenario.json '"scenario":\s*"chat"'
expect "and that keeps to the schema" 0 validate scenario.json
expect "the real engine" 0 run -m "$tiny" -p 8 -n 8 --launches 1 --probe-seconds 0.001 -o cpu.json
says "passed its gate" cpu.json '"backend_verified":\s*true'
expect "and it keeps to the schema too" 0 validate cpu.json

expect "a launch by hand" 0 child launch -m "$tiny" -e null -p 4 -n 4 --repetitions 2
holds "tells its repetitions" test "$(grep -c '^repetition.measured' out)" = 2
says "and warms up first" out '^repetition.warmup'
says "and that it is done" out '^done$'
expect "a gate by hand" 0 child gate -m "$tiny"
expect "a product by hand" 0 child matmul -m "$tiny" -e null -p 2 --tensor blk.0.ffn_up.weight --work-seconds 0.01
expect "no such matrix" 2 child matmul -m "$tiny" -e null -p 2 --tensor nothing
expect "no such kind" 2 child birth

# A shell's limit stands for a small machine; a build with a sanitizer needs more address space than that.
if { (ulimit -v 3000000 && "$pocketmark" --version) >out 2>err; } 2>/dev/null; then
    (ulimit -v 3000000 && "$pocketmark" run -m llama-3.1-8b --quiet) >out 2>err
    holds "a model too large" test $? = 75
    says "tells what would fit" out 'would fit'
    (ulimit -v 2929687 && "$pocketmark" run -m gemma-3-4b -q q4_0 --output-tensor-type f16 -c 4096 -p 512 -n 32 --quiet) >out 2>err
    holds "a 4B model in 3 GB with its embedding in f16" test $? = 75
    says "tells what it needs and what binds" out 'needs 3\.[0-9]+ GB'
fi
