# Two programs measured in the same rounds, adaptive launches, launches that a test disturbs.
# shellcheck shell=bash disable=SC2154

pair=(run -m "$tiny" -e null -p 8 -n 8 --repetitions 2 --probe-seconds 0.001)

cp "$pocketmark" old
expect "two builds" 0 "${pair[@]}" --launches 2 --against ./old -o r.json -o r.csv
says "take turns" err 'against, launch 2 of 2'
says "are compared" out 'launches took turns'
for file in r.json r.csv r-against.json r-against.csv results/*-against.json; do
    holds "wrote $file" test -s "$file"
done
expect "both keep to the schema" 0 validate r.json r-against.json
says "the other one has the hash of its file" r-against.json "\"build_id_sha256\":\s*\"$(sha256sum <old | cut -d ' ' -f 1)"
says "each names the other" r-against.json "\"interleaved_with\":\s*\"$(sed -nE 's/.*"result_id":\s*"([^"]*)".*/\1/p' r.json)"

cat >slow <<SCRIPT
#!/bin/sh
exec env POCKETMARK_TEST_SLOWDOWN=0.5 "$pocketmark" "\$@"
SCRIPT
chmod +x slow
expect "a build that is slowed" 0 "${pair[@]}" --launches 6 --against ./slow -o fast.json
says "is told from one that is not" fast.json '"kind":\s*"native"'
says "and marked" fast-against.json '"kind":\s*"emulated"'
says "with what was done to it" fast-against.json '"test_slowdown_ratio"'
POCKETMARK_TEST_SLOWDOWN=fast expect "a slowdown that is none" 5 "${pair[@]}" --launches 1
says "is explained" out 'POCKETMARK_TEST_SLOWDOWN'

expect "no such program" 74 "${pair[@]}" --against ./nowhere
expect "one that cannot be run" 74 "${pair[@]}" --against r.json
says "has its reason" err 'r\.json: cannot be run'
expect "another program" 2 "${pair[@]}" --against /bin/true
says "is no build of this one" err 'build of pocketmark'
printf '#!/bin/sh\necho "$2" | grep -q identity && exec %s "$@"\nexit 2\n' "$pocketmark" >deaf
chmod +x deaf
expect "a build that does not know these launches" 2 "${pair[@]}" --against ./deaf
says "is told before anything is measured" err 'launches as this build does'
silent "nothing was" err '^\['

# A llama-bench of fixed speeds. $1 is left out of its help.
write_llama_bench() {
    cat >llama-bench <<SCRIPT
#!/bin/bash
if [[ \$1 == --help ]]; then
    printf '  -%s, --long <n>  something\n' m p n d t r o ctk | grep -v -- " -${1:-none},"
    exit
fi
echo "\$*" >>llama.log
row() {
    printf '{"build_commit":"0123abcd","build_number":1,"cpu_info":"c","gpu_info":"","backends":"CPU","model_filename":"m",'
    printf '"model_type":"llama","model_size":100,"model_n_params":100,"n_batch":8,"n_ubatch":8,"n_threads":2,"type_k":"f16",'
    printf '"type_v":"f16","n_prompt":%s,"n_gen":%s,"n_depth":0,"test_time":"2026-11-22T00:00:00Z","avg_ns":1,"stddev_ns":0,' "\$1" "\$2"
    printf '"avg_ts":%s,"stddev_ts":0,"samples_ns":[1000],"samples_ts":[%s]}' "\$3" "\$3"
}
echo "[ \$(row 8 0 800), \$(row 0 8 \${speed:-50}) ]"
SCRIPT
    chmod +x llama-bench
}
write_llama_bench
expect "a llama-bench" 0 "${pair[@]}" --launches 3 --against-llama-bench ./llama-bench -o l.json
says "is compared as foreign" out 'foreign'
says "was given the same work" llama.log '^-m .*\.gguf -p 8 -n 8 -t [0-9]+ -r 1 -o json$'
holds "once per launch" test "$(wc -l <llama.log)" = 3
says "its figures are foreign" l-against.json '"kind":\s*"imported"'
says "its engine is named" l-against.json '"name":\s*"llama-bench"'
says "and its build" l-against.json '"git_commit":\s*"0123abcd"'
expect "its result keeps to the schema" 0 validate l-against.json
expect "a depth" 0 "${pair[@]}" -d 16 --launches 1 --against-llama-bench ./llama-bench
says "is asked for" llama.log '-d 16 -r 1'
speed=nonsense expect "one that talks nonsense" 5 "${pair[@]}" --launches 1 --against-llama-bench ./llama-bench
write_llama_bench d
expect "one that knows no depth" 2 "${pair[@]}" -d 16 --against-llama-bench ./llama-bench
says "is told what it lacks" err 'option -d'
expect "no file for it" 2 run -m llama-3.2-1b --against-llama-bench ./llama-bench
expect "both at once" 2 "${pair[@]}" --against ./old --against-llama-bench ./llama-bench

expect "a precision" 0 "${pair[@]}" --precision 50 -o precise.json
says "ends launches" precise.json '"stop_reason":\s*"precision"'
expect "a number and a precision" 2 "${pair[@]}" --launches 3 --precision 2
says "contradict each other" err 'give one of them'
