# The arithmetic: verify and logits.
# shellcheck shell=bash disable=SC2154

# context_of TOKENS.json: --context with the length that the exact logits were made for, nothing where the file names none.
context_of() {
    sed -nE 's/.*"context_tokens": *([0-9]+).*/--context=\1/p' "$1"
}

# There is no file of afm in the world, and none is read; its golden model is for the tests of the forward pass.
for model in "$golden"/*-f32.gguf "$golden"/*-tied-q4_0.gguf; do
    base=${model%.gguf}
    name=$(basename "$base")
    [[ $name == *-afm-* ]] && continue
    mapfile -t context < <(context_of "$base.json")
    expect "verify $name" 0 verify "$model" "${context[@]}" --tokens "$base.json" --logits "$base.logits.f32"
    expect "verify $name with the oracle" 0 verify "$model" "${context[@]}" --threads 1
    expect "verify $name with a cache in q8_0" 0 verify "$model" "${context[@]}" --kv-type q8_0 --tokens "$base.json"
    expect "logits of $name" 0 logits "$model" "${context[@]}" "$base.json" "$name.f32"
    holds "$name: as many logits as the exact ones" test "$(stat -c %s "$name.f32")" = "$(stat -c %s "$base.logits.f32")"
done
long=$golden/golden-phi3-longrope-long-f32
expect "longrope on the other side of its switch" 1 verify "$long.gguf" --tokens "$long.json" --logits "$long.logits.f32"
POCKETMARK_ISA=scalar expect "verify with plain loops" 0 verify "$tiny"
exact=$golden/golden-llama-tied-f32.logits.f32
{ tail -c +257 "$exact"; head -c 256 "$exact"; } >turned.f32
expect "against logits of other tokens" 1 verify "$golden/golden-llama-tied-f32.gguf" \
    --tokens "$golden/golden-llama-tied-f32.json" --logits turned.f32
says "says so" out FAILED
expect "an engine that computes nothing" 1 verify "$tiny" -e null

head -c 100 "$exact" >short.f32
expect "logits cut short" 74 verify "$tiny" --tokens "${tiny%.gguf}.json" --logits short.f32
says "says how long they are to be" err 'rows of'
echo '{"tokens":[1,2,123456]}' >high.json
expect "a token out of range" 74 logits "$tiny" high.json out.f32
says "names index and id" err 'tokens\[2\] is 123456'
holds "and writes nothing" test ! -e out.f32
echo '{"tokens":[1,' >broken.json
expect "broken tokens" 74 logits "$tiny" broken.json out.f32
expect "no tokens" 74 logits "$tiny" nowhere.json out.f32
expect "a folder that is not there" 74 logits "$tiny" "${tiny%.gguf}.json" nowhere/out.f32
expect "a full disk" 74 logits "$tiny" "${tiny%.gguf}.json" /dev/full
holds "which is still there" test -c /dev/full
expect "no such model" 74 verify ./nowhere.gguf
head -c 3000 "$tiny" >cut.gguf
expect "a model cut short" 74 verify ./cut.gguf
says "names the file" err 'cut\.gguf'
holds "no temporary files are left" test -z "$(find . -name '*.tmp*')"
