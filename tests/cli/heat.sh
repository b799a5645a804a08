# Heat, clocks and other load: preflight, the sampler, the verdict.
# shellcheck shell=bash disable=SC2154
machines=$sources/tests/machines
ultra=$machines/ultra-laptop

expect "a laptop that saves power" 75 "${small[@]}" --energy-seconds 0.1 --root "$ultra" --require-quiet
says "governor and preference are named, with the command" err "powersave', its preference 'balance_performance'.*sudo cpupower"
says "so is the battery" err 'battery.*plug it in'
expect "without --require-quiet it is measured all the same" 0 "${small[@]}" --energy-seconds 0.1 --root "$ultra"
says "with the warnings" err 'warning: the clock governor'

mkdir -p hot/sys/class/thermal/thermal_zone0 hot/sys/devices/system/cpu/intel_pstate
echo x86_pkg_temp >hot/sys/class/thermal/thermal_zone0/type
echo 96000 >hot/sys/class/thermal/thermal_zone0/temp
echo passive >hot/sys/class/thermal/thermal_zone0/trip_point_0_type
echo 100000 >hot/sys/class/thermal/thermal_zone0/trip_point_0_temp
echo 1 >hot/sys/devices/system/cpu/intel_pstate/no_turbo
expect "a hot machine" 75 "${small[@]}" --root hot --require-quiet
says "is told to cool down" err '96 °C and slows down at 100 °C'
says "turbo has its command" err "echo 0 . sudo tee /sys/devices/system/cpu/intel_pstate/no_turbo"

# A neighbour that computes: seen before the run, and in the repetitions.
timeout 60 bash -c 'while :; do :; done' &
hog=$!
expect "beside a busy neighbour" 75 "${small[@]}" --require-quiet
says "preflight says so" err 'something else is running.*processors busy'
expect "a launch beside it" 0 child launch -m "$tiny" -e null -p 1 -n 2000 --repetitions 1
holds "is flagged: stolen or foreign load" awk -F '\t' \
    '$1 == "noise" && ($2 == "foreign_load_ratio" || $2 == "steal_ratio") && $3 > 0.03 { seen = 1 } END { exit !seen }' out
kill $hog
wait $hog 2>/dev/null

expect "the sampler" 0 child launch -m "$tiny" -e null -p 1 -n 1000 --repetitions 1 --root hot
says "tells the temperature" out 'sample.cpu_temperature_celsius.[0-9]+.96'
says "its limit" out 'fact.number.thermal.limit_celsius..100'
says "and its cost" out 'fact.number.sampler.cpu_ratio..0\.0'
expect "it can be left out" 0 child launch -m "$tiny" -e null -p 1 -n 100 --repetitions 1 --root hot --sample-hertz 0
silent "then it tells nothing" out '^sample|sampler'
expect "too often" 2 "${small[@]}" --sample-hertz 1001

expect "a sustained run" 0 run sustained -m "$tiny" -e null -p 8 -n 100 --duration 1 --probe-seconds 0.001 -o held.md
says "shows its speed and whether it held" held.md '█.*tok/s by the minute, last fifth [0-9.]+ % of the first; heat: '
says "and why heat is not judged" held.md 'heat: (steady|unknown: )'
expect "sustained keeps to the schema" 0 validate "$(find results -name '*.json' | sort | tail -n 1)"
expect "--duration elsewhere" 2 "${small[@]}" --duration 5
says "names the remedy" err 'for profile sustained.*--repetitions'
