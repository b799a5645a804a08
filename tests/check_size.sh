#!/bin/bash
# Functions of at most 80 lines (kernels apart, where unrolling is the point), files of at most 500: check_size.sh [ROOT].
# Relies on the formatter: a function opens and closes with a brace alone in the first column.
set -euo pipefail

cd "${1:-.}"
mapfile -t files < <(find kernels workloads devices reports runner tests -name '*.[chS]' -o -name '*.inc' -o -name '*.sh' | sort)

awk -v function_max=80 -v file_max=500 '
    function refuse(text) { print text; broken++ }
    FNR == 1 { opened = 0; signature = "" }
    FNR == file_max + 1 { refuse(FILENAME ": more than " file_max " lines") }
    FILENAME !~ /\.[ch]$/ { next }
    /^[A-Za-z_].*\(/ { signature = $0 }
    $0 == "{" { opened = FNR }
    $0 == "}" && opened {
        if (FNR - opened + 1 > function_max && FILENAME !~ /^kernels\//)
            refuse(FILENAME ":" opened ": " FNR - opened + 1 " lines: " signature)
        opened = 0
    }
    END {
        if (broken) { print "check-size: " broken " too long"; exit 1 }
        print "check-size: " ARGC - 1 " files within bounds"
    }' "${files[@]}"
