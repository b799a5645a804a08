# Functions of the command-line tests. $pocketmark: the program; $sources: the source tree; the working folder is scratch.
# shellcheck shell=bash disable=SC2154,SC2034

golden=$sources/tests/golden
tiny=$golden/golden-llama-tied-q4_0.gguf
# A whole run in about a second: a tiny model, the engine that does nothing, short roofs.
small=(run -m "$tiny" -e null -p 8 -n 8 --launches 1 --probe-seconds 0.001)

pass() {
    echo "ok $1"
}

fail() {
    echo "FAIL $1: $2"
    [[ -s err ]] && sed 's/^/    | /' err | tail -n 5
    return 0
}

# expect NAME CODE ARGUMENT...: the program exits with CODE. Its output stays in the files out and err.
expect() {
    local name=$1 code=$2 got
    shift 2
    "$pocketmark" "$@" >out 2>err </dev/null
    got=$?
    if ((got == code)); then pass "$name"; else fail "$name" "exit $got instead of $code"; fi
}

# says NAME FILE REGEX: a line of FILE matches.
says() {
    if grep -qE -- "$3" "$2"; then pass "$1"; else fail "$1" "$2 does not say '$3'"; fi
}

# silent NAME FILE REGEX: no line of FILE matches.
silent() {
    if grep -qE -- "$3" "$2"; then fail "$1" "$2 says '$3'"; else pass "$1"; fi
}

# holds NAME COMMAND...: the command succeeds.
holds() {
    local name=$1
    shift
    if "$@" >held 2>&1; then pass "$name"; else fail "$name" "$* ($(tail -n 1 held))"; fi
}

# await SECONDS COMMAND...: waits until the command succeeds.
await() {
    local tries=$(($1 * 20))
    shift
    while ((tries-- > 0)); do
        "$@" && return 0
        sleep 0.05
    done
    return 1
}

# child_of PID: the process that PID started.
child_of() {
    local stat pid
    for stat in /proc/[0-9]*/stat; do
        pid=${stat#/proc/}
        pid=${pid%/stat}
        if [[ $(sed -E 's/^.*\) . ([0-9]+) .*/\1/' "$stat" 2>/dev/null) == "$1" ]]; then
            echo "$pid"
            return
        fi
    done
}
