# --no-repack: the weights are read where the file has them.
# shellcheck shell=bash disable=SC2154

for model in "$golden"/golden-llama-*.gguf; do
    name=$(basename "$model" .gguf)
    expect "verify $name as stored" 0 verify "$model" --no-repack
done
POCKETMARK_ISA=scalar expect "as stored with plain loops" 0 verify "$tiny" --no-repack
expect "logits as stored" 0 logits "$tiny" --no-repack "${tiny%.gguf}.json" stored.f32
holds "as many as ever" test "$(stat -c %s stored.f32)" = "$(stat -c %s "${tiny%.gguf}.logits.f32")"

expect "a run as stored" 0 run -m "$tiny" --no-repack -p 8 -n 8 --launches 1 --probe-seconds 0.001 -o stored.json
says "has an id of its own" stored.json '"cell_id":\s*"[^"]*\.no-repack"'
says "says what was asked for" stored.json '"repack":\s*"no"'
says "says what came of it" stored.json '"mapped_types":\s*"q4_0'
says "names the kernel" stored.json '"decode_kernel":\s*"gemv_rows_q4_0_'
says "passed its gate" stored.json '"backend_verified":\s*true'
expect "and it keeps to the schema" 0 validate stored.json
expect "a product as stored" 0 child matmul -m "$tiny" --no-repack -p 1 --tensor blk.0.ffn_up.weight --work-seconds 0.01

for command in "run -m" verify; do
    # shellcheck disable=SC2086
    expect "$command without a file" 2 $command llama-3.2-1b --no-repack
    says "$command says how to get one" err 'pocketmark export-gguf llama-3\.2-1b -o'
done
