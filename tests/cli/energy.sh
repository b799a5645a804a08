# Energy: sources and their state, counters that fail, a meter, and a whole run beside a counter that a script drives.
# shellcheck shell=bash disable=SC2154

machines=$sources/tests/machines
launch=(child launch -m "$tiny" -e null -p 8 -n 8 --work-seconds 0.01)

expect "list energy" 0 list energy
for source in rapl perf hwmon battery odpm nvml meter; do
    says "names $source" out "^  $source +[a-z]+ +(ready|absent|no permission|unreadable|on request)"
done
expect "list energy --json" 0 list energy --json
says "tells what was looked for" out '"reason":'
expect "a tree without permission" 0 detect --root "$machines/ultra-laptop"
says "says so, with the remedy" out 'no permission: /sys/class/powercap'
says "and what works instead" out 'battery \(battery\) +ready'

expect "a machine without any source" 0 "${small[@]}" --root "$machines/vm-bare" -o none.json -o none.csv
says "says what was looked for" none.json 'rapl: no package zone in /sys/class/powercap.*battery: none in /sys/class/power_supply'
silent "prints no energy of 0" none.csv 'energy_.*,0,'
holds "every figure of energy is null with a reason" python3 - <<'END'
import json
summary = json.load(open("none.json"))["cells"][0]["summary"]
names = ["energy_joules_per_token", "energy_net_joules_per_token", "prefill_energy_joules_per_token",
         "prefill_energy_net_joules_per_token", "average_power_watts"]
assert all(summary[name]["value"] is None and "hwmon" in summary[name]["reason"] for name in names)
END

expect "a counter that stands still" 0 "${launch[@]}" --root "$machines/dual-server"
says "is no 0" out 'energy_joules_per_token.*stood still'
silent "and no figure" out '^whole.*(joules|watts)'

faults=$(dirname "$pocketmark")/tests/faults.so
if [[ -e $faults ]]; then
    for row in open:energy_uj:EACCES/'no permission' read:energy_uj:EIO/'Input/output error' \
        read:energy_uj:EAGAIN/'Resource temporarily' opendir:powercap:EACCES/'no permission'; do
        LD_PRELOAD=$faults POCKETMARK_FAULTS=${row%%/*} expect "fault ${row%%/*}" 0 "${launch[@]}" --root "$machines/dual-server"
        says "is told" out "energy_joules_per_token.*${row#*/}"
    done
    # Opening reads each of two counters twice, and idle twice more: from then on nothing can be read.
    LD_PRELOAD=$faults POCKETMARK_FAULTS=read:energy_uj:EIO:9+ expect "a counter that breaks" 0 "${launch[@]}" --root "$machines/dual-server"
    says "takes its figure along" out 'energy_joules_per_token.*Input/output error'
    silent "and leaves no other" out '^whole.*(joules|watts)'
fi

expect "a meter" 0 "${launch[@]}" --root "$machines/vm-bare" --meter 'while :; do echo 12.5 W; sleep 0.01; done'
says "has the scope wall" out 'source.energy_joules_per_token.meter.wall'
expect "a meter that dies" 0 "${launch[@]}" --root "$machines/vm-bare" --meter 'echo 5 W; echo from the meter >&2'
says "is told" out 'energy_joules_per_token.meter: the meter ended after 1 lines'
says "its own words are shown" err 'from the meter'
expect "a meter that talks" 0 "${launch[@]}" --root "$machines/dual-server" --meter 'echo hello'
says "is told what it said" out "energy_joules_per_token.meter: the meter printed 'hello'"
expect "too short a time for energy" 2 "${small[@]}" --energy-seconds 0

# 20 W, and a counter that wraps every two seconds.
mkdir -p tree/sys/class/powercap/intel-rapl:0
python3 - tree/sys/class/powercap/intel-rapl:0 <<'END' &
import os, sys, time
folder, start = sys.argv[1], time.monotonic()
for name, text in (("name", "package-0\n"), ("max_energy_range_uj", "40000000\n")):
    with open(f"{folder}/{name}", "w") as file:
        file.write(text)
while time.monotonic() < start + 60 and os.path.exists(folder):
    with open(f"{folder}/next", "w") as file:
        file.write("%d\n" % ((time.monotonic() - start) * 20e6 % 40e6))
    os.rename(f"{folder}/next", f"{folder}/energy_uj")
    time.sleep(0.001)
END
script=$!
await 10 test -e tree/sys/class/powercap/intel-rapl:0/energy_uj
expect "a run beside a scripted counter" 0 run -m "$tiny" -e null -p 8 -n 100 --launches 1 --probe-seconds 0.001 --root tree -o scripted.json
kill $script
holds "has its energy, with source and scope" python3 - <<'END'
import json
summary = json.load(open("scripted.json"))["cells"][0]["summary"]
for name in "energy_joules_per_token", "average_power_watts", "prefill_energy_joules_per_token":
    figure = summary[name]
    assert figure["value"] > 0 and figure["source"] == "rapl" and figure["scope"] == "package", figure
assert 5 < summary["average_power_watts"]["value"] < 80  # tests/test_launch_energy.c knows better
END
expect "and keeps to the schema" 0 validate scripted.json
