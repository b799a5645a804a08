# export-gguf: a described model as a file, and what becomes of it when something goes wrong.
# shellcheck shell=bash disable=SC2154

# A small description, so that a file of it is written at once.
mkdir -p data/models
cat >data/models/mini.json <<'END'
{
    "name": "mini", "architecture": "qwen3", "license": "MIT", "source": "made up for a test", "inexact": false,
    "parameter_count": 106944, "vocab_size": 320, "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 32, "intermediate_size": 96, "max_position_embeddings": 512,
    "rms_norm_eps": 1e-6, "tie_word_embeddings": true, "rope_theta": 10000, "rope_dimension_count": 32, "rope_scaling": null
}
END
mini=(env POCKETMARK_DATA="$PWD/data" "$pocketmark")

holds "export-gguf writes a file" "${mini[@]}" export-gguf mini -q q4_0 -o mini.gguf
says "says what it wrote" held '^mini\.gguf: mini q4_0, '
expect "which verifies" 0 verify ./mini.gguf
says "under its own name" out '^mini q4_0 on engine cpu'
holds "the same model again" "${mini[@]}" export-gguf mini --output=again.gguf
holds "gives the same bytes" cmp mini.gguf again.gguf
holds "another seed" "${mini[@]}" export-gguf mini --seed 43 -o other.gguf
holds "gives others" test "$(cmp mini.gguf other.gguf | wc -l)" = 1
printf '{"tokens":[1,2,3,4,5,6]}' >tokens.json
holds "logits of the file" "$pocketmark" logits ./mini.gguf tokens.json file.f32
holds "logits without a file" "${mini[@]}" logits mini tokens.json synthetic.f32
holds "are the same to the last bit" cmp file.f32 synthetic.f32
holds "another output" "${mini[@]}" export-gguf mini --output-tensor-type q8_0 -o q8.gguf
holds "makes the file larger" test "$(stat -c %s q8.gguf)" -gt "$(stat -c %s mini.gguf)"

cp mini.gguf before.gguf
"${mini[@]}" export-gguf mini --seed 43 -o mini.gguf 2>err
holds "a file that is there is not replaced" test $? = 74
says "says how it would be" err '\-\-force'
holds "and is untouched" cmp mini.gguf before.gguf
holds "with --force it is" "${mini[@]}" export-gguf mini --seed 43 --force -o mini.gguf
holds "and is new then" cmp mini.gguf other.gguf

expect "no place to write to" 2 export-gguf llama-3.2-1b
says "asks for it" err '-o FILE\.gguf'
expect "a file of a file" 2 export-gguf ./mini.gguf -o copy.gguf
expect "an architecture without files" 2 export-gguf afm-3b -o afm.gguf
says "names it" err "'afm'"
expect "an unknown model to write" 2 export-gguf lama-3.2-1b -o x.gguf
expect "two formats in one file" 2 export-gguf llama-3.2-1b -q q4_0,q8_0 -o x.gguf
expect "a folder that is not there to write to" 74 export-gguf llama-3.2-1b -o nowhere/x.gguf
says "says what to do" err 'make the folder first'
expect "a device" 74 export-gguf llama-3.2-1b --force -o /dev/null
holds "which is still one" test -c /dev/null
(ulimit -f 100 && "$pocketmark" export-gguf llama-3.2-1b -o big.gguf 2>err)
holds "a file over the limit" test $? = 74
says "names path and cause" err 'big\.gguf: cannot write: '

"$pocketmark" export-gguf llama-3.2-1b -q q8_0 -o long.gguf >out 2>err &
writer=$!
await 10 compgen -G '.pocketmark-*.tmp' >/dev/null
kill -INT $writer
wait $writer
holds "an interrupted one ends by its signal" test $? = 130
says "says so" err 'interrupted'
holds "nothing of all that is left" test -z "$(find . -name '.pocketmark-*' -o -name afm.gguf -o -name x.gguf -o \
    -name copy.gguf -o -name big.gguf -o -name long.gguf)"
