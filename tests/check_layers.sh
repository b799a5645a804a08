#!/bin/bash
# No floor includes a floor above it, and each library has one home: check_layers.sh [ROOT]. Names each file and line
# that breaks the law. The law is the two tables below.
set -euo pipefail

cd "${1:-.}"

# May a file of this floor (first) include that quoted header?
quoted_allowed() {
    case "$1 $2" in
    "kernels kernels/"*) return 0 ;;
    "workloads kernels/"* | "workloads workloads/"*) return 0 ;;
    "devices kernels/"* | "devices workloads/"* | "devices devices/"*) return 0 ;;
    "reports kernels/base.h" | "reports reports/"*) return 0 ;;
    "runner kernels/"* | "runner workloads/"* | "runner devices/"* | "runner reports/"* | "runner runner/"*) return 0 ;;
    esac
    return 1
}

# May this file (first) include that header of a library or of the system?
system_allowed() {
    case "$2" in
    hwloc.h | hwloc/* | libcpuid.h | libcpuid/*)
        [[ $1 == devices/host*.c ]]
        ;;
    papi.h)
        [[ $1 == devices/counters*.c ]]
        ;;
    cjson/* | cJSON.h)
        [[ $1 == workloads/*.c || $1 == reports/*.c ]]
        ;;
    openssl/*)
        [[ $1 == reports/digest.c ]]
        ;;
    sqlite3.h)
        [[ $1 == reports/history*.c ]]
        ;;
    cmocka.h)
        return 1
        ;;
    *)
        # Kernels know standard C and the processor's intrinsics, nothing of the system.
        [[ $1 != kernels/* || $2 =~ ^(float|limits|math|stdarg|stdbool|stddef|stdint|stdio|stdalign|string|assert|errno)\.h$ ||
            $2 =~ ^[a-z0-9_]*(intrin|neon|sve|vector)\.h$ ]]
        ;;
    esac
}

broken=0
refuse() {
    echo "$1: $2"
    broken=$((broken + 1))
}

files=$(find kernels workloads devices reports runner -name '*.[chS]' -o -name '*.inc' | sort)
while IFS=: read -r file line text; do
    [[ -n $file ]] || continue
    header=$(sed -E 's/^[^<"]*[<"]([^>"]*)[>"].*/\1/' <<<"$text")
    if [[ $text == *\"* ]]; then
        if [[ $header != */* ]]; then
            refuse "$file:$line" "\"$header\" lacks its folder"
        elif ! quoted_allowed "${file%%/*}" "$header"; then
            refuse "$file:$line" "${file%%/*}/ may not include \"$header\""
        elif [[ ! -f $header ]]; then
            refuse "$file:$line" "\"$header\" does not exist"
        fi
    elif ! system_allowed "$file" "$header"; then
        refuse "$file:$line" "<$header> has another home"
    fi
done < <(xargs grep -HnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]' <<<"$files" || true)

if ((broken > 0)); then
    echo "check-layers: $broken broken"
    exit 1
fi
echo "check-layers: $(wc -w <<<"$files") files keep the law"
