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
    holds "$name: as it was stored" diff "$tree/detect.json" out
    cp out first
    expect "$name: recorded" 0 detect --json --root "$tree" --record "$name"
    holds "$name: the same while recording" cmp first out
    expect "$name: replayed" 0 detect --json --root "$name"
    holds "$name: the replay tells the same" cmp first out
done

# Nothing of the machine at hand is opened for a recorded one, but the place for what nobody should see, and hwloc's plugins.
faults=${pocketmark%/*}/tests/faults.so
for name in ultra-laptop rk3588-board vm-bare; do
    rm -f opened
    LD_PRELOAD=$faults POCKETMARK_OPENS=$PWD/opened expect "$name: opened files" 0 detect --root "$sources/tests/machines/$name"
    holds "$name: files were opened" grep -q "machines/$name//*proc/cpuinfo" opened
    grep -vE "machines/$name(/|$)|^/dev/null$|/hwloc$|/locale/|^/etc/ld.so" opened >elsewhere
    holds "$name: nothing is read live" test ! -s elsewhere
done

# A machine with a secret in every file: none of them is in what is recorded.
cp -r "$sources/tests/machines/ultra-laptop" planted
mkdir -p planted/etc planted/proc/self planted/proc/sys/kernel
echo kitchen-of-anna >planted/proc/sys/kernel/hostname
echo 0123456789abcdef0123456789abcdee >planted/etc/machine-id
echo '0::/user.slice/user-anna-7731.slice/a7b3c9' >planted/proc/self/cgroup
echo '1 2 0:3 / /home/anna rw - nfs anna-server:/x rw' >planted/proc/self/mountinfo
echo '3 4 0:5 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw' >>planted/proc/self/mountinfo
mkdir -p planted/sys/fs/cgroup/user.slice/user-anna-7731.slice/a7b3c9
echo 1000000000 >planted/sys/fs/cgroup/user.slice/user-anna-7731.slice/memory.max
echo 0 >planted/sys/fs/cgroup/user.slice/user-anna-7731.slice/memory.current
cp -r planted clean
find planted -type f ! -name raw ! -path '*/proc/self/*' ! -path '*/hostname' ! -path '*/machine-id' ! -path '*/fs/cgroup/*' | while read -r file; do
    # behind what is read, so that it still reads the same
    printf 'Serial: PF4XSECRET\nuuid 4c4c4544-0033-4a10-8054-b4c04f4d3733\nmac a0:36:9f:01:02:0a\nhost kitchen-of-anna\nfile /home/anna/x\n' >>"$file"
done
expect "secrets in every file" 0 detect --root planted --record recorded
holds "files were recorded" test -s recorded/proc/cpuinfo
for secret in PF4XSECRET L1HFSECRET SN11 ASSET 4c4c4544 a0:36:9f kitchen anna 7731 a7b3c9 0123456789abcdee; do
    holds "no $secret in what was recorded" sh -c '! grep -ra -- "$1" recorded && ! find recorded | grep -- "$1"' sh "$secret"
    silent "no $secret in what is told" out "$secret"
done
expect "a machine of a control group" 0 detect --json --root clean
says "the group's limit counts" out '"cgroup_bytes":\s*1000000000'
cp out first
expect "its record" 0 detect --root clean --record again
expect "replayed" 0 detect --json --root again
holds "the same without the names" cmp first out
expect "a folder that is in use" 2 detect --record again
says "a new one is wanted" err 'new folder'
expect "live, recorded" 0 detect --record live
expect "live, replayed" 0 detect --root live
if [[ $(uname -n) == ???* && $(uname -n) != localhost ]]; then
    silent "no host name" out "$(uname -n)"
    holds "no host name in the record" sh -c '! grep -raqw -- "$(uname -n)" live'
fi

LC_ALL=C.UTF-8 expect "a drawing" 0 detect --root "$sources/tests/machines/strix-laptop"
says "in boxes" out '┌ L3 16 MiB ─'
says "processors by kind" out '8 efficient cores, 2 threads each, 3.30 GHz.*processors 4-11,16-23'
silent "no colour in a file" out $'\033'
LC_ALL=C expect "the same in ASCII" 0 detect --root "$sources/tests/machines/strix-laptop"
says "with plain signs" out '\| \+ L3 8 MiB --'
holds "ASCII alone" sh -c '! LC_ALL=C grep -q "[^ -~]" out'
expect "detect, live" 0 detect
expect "detect --json, live" 0 detect --json
expect "a root that is not there" 74 detect --root ./nowhere
says "names it" err 'nowhere'
