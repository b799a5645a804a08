# Recorded machines: everything from the tree, nothing of the machine at hand.
# shellcheck shell=bash disable=SC2154

for tree in "$sources"/tests/machines/*/; do
    name=$(basename "$tree")
    expect "detect --root $name" 0 detect --root "$tree"
    holds "$name: a table" test -s out
    cp out first
    expect "detect --root $name again" 0 detect --root "$tree"
    holds "$name: the same each time" cmp first out
    expect "detect --json --root $name" 0 detect --json --root "$tree"
    says "$name: memory as recorded" out "\"memory_bytes\":\\s*$(($(awk '/^MemTotal:/ {print $2}' "$tree/proc/meminfo") * 1024))"
    holds "$name: JSON" python3 -m json.tool out
done
expect "detect, live" 0 detect
expect "detect --json, live" 0 detect --json
expect "a root that is not there" 74 detect --root ./nowhere
says "names it" err 'nowhere'
