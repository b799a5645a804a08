# Help, misuse and near misses.
# shellcheck shell=bash disable=SC2154

expect "no command shows help" 0
says "help lists the commands" out '^  verify +is the arithmetic right'
silent "help hides inner commands" out '^  child'
expect "--help" 0 --help
expect "--version" 0 --version
says "version is told" out '^pocketmark [0-9]+\.[0-9]+\.[0-9]+'
for command in detect list run roof fit verify logits export-gguf compare check report validate; do
    expect "$command --help" 0 "$command" --help
    says "$command --help has a usage line" out "^usage: pocketmark $command"
done
expect "-h is help too" 0 run -h

expect "unknown command" 2 rnu
says "suggests the command" err "did you mean 'run'"
says "short help goes to standard error" err '^usage: '
holds "nothing on standard output" test ! -s out
expect "unknown option" 2 run --promt 5
says "suggests the option" err 'did you mean --prompt'
expect "unknown profile" 2 run quik
says "suggests the profile" err "did you mean 'quick'"
expect "unknown model" 2 run -m lama-3.2-1b
says "suggests the model" err 'llama-3.2-1b'
expect "unknown quantisation" 2 run -m llama-3.2-1b -q q4_k_n
says "suggests the quantisation" err "did you mean 'q4_k_m'"
expect "unknown type of the output" 2 run --output-tensor-type q6k
says "suggests the type" err "did you mean 'q6_k'"
expect "unknown type of the cache" 2 run --kv-type q8
says "suggests the type of the cache" err "did you mean 'q8_0'"
expect "unknown scenario" 2 run -m llama-3.2-1b -s caht
says "suggests the scenario" err "did you mean 'chat'"
expect "a scenario and a prompt" 2 run -m llama-3.2-1b -s chat -p 8
says "says which to leave out" err 'leave out --prompt'
expect "a scenario and a generation" 2 run -m llama-3.2-1b -s chat -n 8
expect "two quantisations to verify" 2 verify llama-3.2-1b -q q4_0,q8_0
expect "two types of the cache to verify" 2 verify "$tiny" --kv-type f16,q8_0
expect "an output type for a file" 2 verify "$tiny" --output-tensor-type q8_0
says "says which to leave out there" err 'leave out --output-tensor-type'
expect "a context too small for the tokens" 2 verify "$tiny" -c 2
expect "unknown engine" 2 run -e cup
says "suggests the engine" err "did you mean 'cpu'"
expect "unknown list" 2 list modles
says "suggests the list" err "did you mean 'models'"
expect "a file in the place of a profile" 2 run model.gguf
says "says where files go" err 'given with -m'

expect "a context too small" 2 run -m llama-3.2-1b -p 64 -n 64 -c 100
says "says how much is needed" err 'need 128'
expect "nothing to measure" 2 run -m llama-3.2-1b -p 0 -n 0
expect "too many threads" 2 run -m llama-3.2-1b -t 1024
expect "types for a file" 2 run -m "$tiny" -q q8_0
expect "an output of unknown format" 2 run -m "$tiny" -o result.pdx
says "says which formats there are" err '\.json'
expect "logits without tokens" 2 verify "$tiny" --logits x.f32
expect "a missing argument" 2 verify
expect "a level this processor cannot have" 2 verify "$tiny" -t 0
POCKETMARK_ISA=mmx expect "an unknown instruction set" 2 verify "$tiny"
says "says which there are" err 'scalar'

for what in models profiles scenarios engines kernels energy metrics words; do
    expect "list $what" 0 list "$what"
    holds "list $what has a head and a row" test "$(wc -l <out)" -ge 2
    expect "list $what --json" 0 list "$what" --json
    holds "list $what --json is JSON" python3 -c "import json; assert json.load(open('out'))['$what'][0]['name']"
done
expect "list models again" 0 list models
says "tells parameters and bytes" out 'llama-3\.2-1b +llama +1\.24 B +[0-9.]+ MB'
says "tells the source of a shape" out '^  llama-3\.2-1b +config\.json'
holds "smaller ones of a family stand first" awk '/^  llama-3.2-1b /{a=NR} /^  llama-3.1-8b /{exit !(a && a < NR)}' out
