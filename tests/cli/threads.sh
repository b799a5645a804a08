# --threads: numbers and choices of processors.
# shellcheck shell=bash disable=SC2154

expect "a choice that is none" 2 run --threads fast
says "it names what there is" err "fast.*all, performance or efficient.*0\+2\+4-7"
expect "a list that falls" 2 run --threads 3-1
expect "a processor twice" 2 run --threads 0+0
expect "zero threads" 2 run --threads 0
expect "one choice twice" 2 run --threads all,all
expect "a processor that is not there" 2 "${small[@]}" --threads 1000-1001
says "it is named" err 'no processor 1000'
tiny_run=(run -m "$tiny" -p 8 -n 8 --launches 1 --probe-seconds 0.001)
expect "a run on all processors" 0 "${tiny_run[@]}" --threads all -o all.json
says "requested as such" all.json '"threads":\s*"all"'
first=$(awk -F'[-,\t ]' '/^Cpus_allowed_list/ {print $2}' /proc/self/status)
expect "a run on one processor" 0 "${tiny_run[@]}" --threads "$first-$first" -o one.json
says "it ran on one thread" one.json '"threads":\s*"?1"?'
says "requested as a list" one.json "\"threads\":\s*\"$first-$first\""
expect "two choices" 0 "${tiny_run[@]}" --threads "1,performance" -o two.json
holds "are two cells" test "$(grep -c '"cell_id"' two.json)" = 2
