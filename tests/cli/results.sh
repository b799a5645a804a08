# Result documents: the schema, what is stored of earlier versions, and that they tell nothing of their owner.
# shellcheck shell=bash disable=SC2154

stored=$sources/tests/results/v1.0
schema=$sources/reports/result.schema.json

for result in "$stored"/*.json; do
    expect "a stored result, $(basename "$result" .json)" 0 validate "$result"
done
python3 "$sources/tests/check_schema.py" "$schema" "$pocketmark" "$stored"/*.json >out 2>err
case $? in
0) pass "another validator agrees" ;;
77) pass "another validator is not here: python3-jsonschema" ;;
*) fail "another validator agrees" "$(tail -n 3 out)" ;;
esac

expect "several results" 0 validate "$stored/quick.json" "$stored/gguf.json"
holds "get a line each" test "$(grep -c 'a valid result document$' out)" = 2
head -c 3000 "$stored/quick.json" >cut.json
expect "one of several is cut" 1 validate "$stored/quick.json" cut.json "$stored/gguf.json"
says "the others are told all the same" out 'gguf.json: a valid'
says "the cut one with its place" out '^cut.json: not JSON: line [0-9]+'
says "and the sum of it" err '1 of 3 are no valid'
expect "one of several is not there" 74 validate cut.json nowhere.json
"$pocketmark" validate - <"$stored/quick.json" >out 2>err
holds "standard input" test $? = 0
says "has a name" out '^standard input: a valid'
head -c 100 "$stored/quick.json" | "$pocketmark" validate - >out 2>err
holds "standard input cut short" test $? = 1
says "has its name there too" err 'standard input: not JSON'
sed -E 's/"version":\s*"1.0"/"version":"2.0"/' "$stored/quick.json" >newer.json
expect "a newer major version" 1 validate newer.json
says "asks for a newer program" err 'use a newer pocketmark'

# A home folder, a user and a machine with names that occur nowhere else.
home=$PWD/home-of-zebulon
mkdir -p "$home"
cp "$tiny" "$home/my-model.gguf"
HOME=$home USER=zebulon LOGNAME=zebulon expect "a run in somebody's home" 0 run -m "$home/my-model.gguf" -e null \
    -p 4 -n 4 --launches 1 --probe-seconds 0.001 --hash-model -o r.json
expect "keeps to the schema" 0 validate r.json
says "has the file's hash" r.json "\"file_sha256\":\s*\"$(sha256sum "$tiny" | cut -d ' ' -f 1)\""
says "and the hash of its head" r.json '"index_sha256":\s*"[0-9a-f]{64}"'
says "names its libraries" r.json '"name":\s*"libc\.so'
silent "tells no home and no user" r.json 'zebulon'
silent "and no folder" r.json "$PWD"
if [[ -s /etc/machine-id ]]; then
    silent "nor the machine's id" r.json "$(cat /etc/machine-id)"
fi
name=$(uname -n)
if ((${#name} > 5)); then
    silent "nor its name" r.json "\\b$name\\b"
fi
for file in /sys/class/dmi/id/{product_uuid,product_serial,board_serial,chassis_serial} /sys/class/net/*/address; do
    if [[ -r $file ]] && number=$(tr -d ' \n' <"$file") && ((${#number} > 5)) && [[ $number =~ [1-9] ]]; then
        silent "nor $(basename "$(dirname "$file")") $(basename "$file")" r.json "$number"
    fi
done
expect "a run without hashing" 0 "${small[@]}" -o plain.json
says "says how to get the hash" plain.json '"file_sha256_reason":\s*".*--hash-model'
