# Results side by side: forged ones of known speed, and stored ones.
# shellcheck shell=bash disable=SC2154

stored=$sources/tests/results/v1.0
forge() {
    python3 "$sources/tests/forge_result.py" "$@" || echo "FAIL forge $*: $?"
}
speeds=(prefill_tokens_per_second=400 peak_private_bytes=70000000)

expect "a run to forge others from" 0 "${small[@]}" --quiet -o seed.json
expect "one of another format" 0 run -m "${tiny/q4_0/q8_0}" "${small[@]:3}" --quiet -o seed-q8.json
expect "one of another option" 0 "${small[@]}" --kv-type q8_0 --quiet -o seed-kv.json
forge seed.json a.json --id 1 "${speeds[@]}" decode_tokens_per_second=50
forge seed.json b.json --id 2 "${speeds[@]}" decode_tokens_per_second=50
forge seed.json slow.json --id 3 --build "$(printf '2%.0s' {1..64})" "${speeds[@]}" decode_tokens_per_second=45
forge seed.json there.json --id 4 --device d-elsewhere "${speeds[@]}" decode_tokens_per_second=90
forge seed.json few.json --id 5 --launches 5 "${speeds[@]}" decode_tokens_per_second=50
forge seed-q8.json q8.json --id 6 "${speeds[@]}" decode_tokens_per_second=30
forge seed-q8.json q8-there.json --id 7 --device d-elsewhere "${speeds[@]}" decode_tokens_per_second=60
forge seed-kv.json kv.json --id 8 "${speeds[@]}" decode_tokens_per_second=50

expect "the same twice" 0 compare a.json b.json -o c.md -o c.csv -o c.json -o c.txt
says "nothing differs" out '^b\.json against a\.json: nothing differs'
says "columns" out 'verdict .* base .* candidate .* ratio .* n .* p .* visible'
says "figures with intervals" out 'equivalent  decode .*50\.0 tok/s ±0\.[0-9] %  1\.000 \[0\.9[0-9]+ 1\.00[0-9]\] .* 10 '
says "the scale of the intervals" out ' ratio +0\.98 +1 +1\.02 '
says "the interval around one" out '\[0\.9[0-9]+ 1\.00[0-9]\] +─+[●─┼]+─ +10 '
says "and in a file of text" c.txt '─[●─┼]+─'
silent "not where signs differ in width" c.md '●'
silent "no terminal codes in a file" out $'\033'
for file in c.md c.csv c.json c.txt; do
    holds "wrote $file" test -s "$file"
done
holds "c.json is JSON" python3 -c "import json; d=json.load(open('c.json')); assert d['pairs'][0]['factor']=='none' and d['rows']"
holds "c.csv is even" python3 -c "import csv; assert len({len(r) for r in csv.reader(open('c.csv'))})==1"

expect "a slower build" 0 compare a.json slow.json
says "is left of one" out '0\.900 \[0\.89[0-9]+ 0\.90[0-9]+\] +─*●─* +│ '
says "names the factor" out 'build: program 2222'
says "the worst first" out '^  regressed +decode .* 0\.900 \[0\.89[0-9]+ 0\.90[0-9]+\]'
says "and a sum" out ': 1 regressed, 2 equivalent'
LC_ALL=C expect "without UTF-8" 0 compare a.json slow.json
says "is drawn in ASCII" out '0\.900 \[0\.89[0-9]+ 0\.90[0-9]+\] +-*o-* +\| '
if command -v gnuplot >drawn; then
    expect "as charts" 0 compare a.json slow.json -o c.svg -o c.png
    says "draws the finding" c.svg '1 of 3 ratios is surely away from 1.*decode of .*0\.900'
    holds "and a picture" python3 -c "assert open('c.png', 'rb').read(4) == b'\x89PNG'"
fi
PATH=$PWD/empty expect "without gnuplot" 75 compare a.json slow.json -o none.svg
says "names what is missing" err 'gnuplot'
holds "and leaves no file" test ! -e none.svg
expect "a chart where it cannot be" 74 compare a.json slow.json -o nowhere/c.svg
expect "two devices" 0 compare a.json there.json
says "are a factor" out '^there\.json against a\.json: device: .*d-elsewhere against '
expect "two devices and two formats" 4 compare a.json q8-there.json
says "are two, told with their values" err 'more than one factor, device, format: .*q4_0 against .*d-elsewhere, q8_0'
expect "which can be allowed" 0 compare a.json q8-there.json --allow-mixed
says "and is told" out 'none explains the change'
expect "another option" 0 compare a.json kv.json
says "is named" out 'kv_type: q8_0 against f16'
expect "another format" 0 compare a.json q8.json --metrics decode_tokens_per_second
says "is named as well" out 'format: q8_0 against q4_0'
silent "other figures are left out" out 'prefill'
expect "a format and an option" 4 compare kv.json q8.json
says "are told by the nearest cells" err 'the nearest differ in .*format.*kv_type'
expect "few launches" 0 compare a.json few.json
says "give no verdict" out 'needs n (≥|>=) 6 launches'
expect "a threshold of one's own" 0 compare a.json slow.json --threshold decode_tokens_per_second=15
silent "decides" out '^  regressed'
expect "three results" 0 compare a.json b.json slow.json
says "stand in one table" out '^  regressed +slow\.json +decode'

expect "a result alone" 0 compare "$stored/quick.json"
says "is compared with itself" out 'format: q8_0 against q4_0'
expect "an emulated one" 4 compare "$stored/quick.json" "$stored/emulated-energy.json"
says "is refused" err 'emulated.*--allow-mixed'
expect "allowed" 0 compare "$stored/quick.json" "$stored/emulated-energy.json" --allow-mixed
expect "nothing in common" 4 compare a.json "$stored/matmul.json"
says "says what there is" err 'no cell is common: a\.json has .*; matmul\.json has matmul\.'

expect "twice the same" 4 compare a.json a.json
says "is told" err 'the same result'
expect "a file that is not there" 74 compare a.json nowhere.json
head -c 1000 a.json >cut.json
expect "a file cut short" 74 compare a.json cut.json
says "names it" err 'cut\.json'
expect "an unknown metric" 2 compare a.json b.json --metrics decode_tokens_per_secnd
says "suggests one" err 'decode_tokens_per_second'
expect "an output of unknown format" 2 compare a.json b.json -o c.pdf
says "says which there are" err '\.csv.*\.svg'
expect "an output that cannot be" 74 compare a.json b.json -o nowhere/c.md
expect "no result" 2 compare
