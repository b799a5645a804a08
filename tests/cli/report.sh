# Reports: every form, from good and bad results, with and without gnuplot.
# shellcheck shell=bash disable=SC2154

stored=$sources/tests/results/v1.0
quick=$stored/quick.json
hostile=$stored/hostile-names.json
gnuplot=$(command -v gnuplot || true)

# ---- forms
expect "a report on standard output" 0 report "$quick"
says "tells the verdict" out '^In short$'
says "tells the speed" out 'llama-3\.2-1b'
silent "plain where no terminal is" out $'\033'
silent "no line ends in blanks" out ' $'
expect "every form at once" 0 report "$quick" -o r.html -o r.md -o r.txt -o r.csv
for file in r.html r.md r.txt r.csv; do
    says "tells where $file is" out "^(report|figures): $file\$"
    holds "wrote $file" test -s "$file"
done
says "HTML is a whole page" r.html '^<!DOCTYPE html>'
says "Markdown has a heading" r.md '^# '
silent "Markdown draws its charts" r.md '^!\['
holds "the text is that of standard output" diff <("$pocketmark" report "$quick" 2>/dev/null | LC_ALL=C.UTF-8 wc -l) <(wc -l <r.txt)
holds "figures are even" python3 -c "
import csv
rows = list(csv.DictReader(open('r.csv')))
assert rows and all(len(row) == 27 for row in rows)
assert {row['origin'] for row in rows} == {'native'} and any(row['metric'] == 'decode_tokens_per_second' and float(row['value']) > 0 for row in rows)"
expect "the same again" 0 report "$quick" -o again.html -o again.md
holds "gives the same page" cmp r.html again.html
holds "gives the same Markdown" cmp r.md again.md
if command -v weasyprint >/dev/null; then
    expect "a PDF" 0 report "$quick" -o r.pdf
    says "is one" r.pdf '^%PDF'
else
    expect "a PDF without its tool" 75 report "$quick" -o r.pdf
    says "names the package" err 'weasyprint'
fi
expect "with prices" 0 report "$quick" --price 0.31 --cloud-price 0.6
expect "a folder" 0 report "$quick" -o all/
for file in all/report.html all/report.md; do
    holds "has $file" test -s "$file"
done

# ---- several results
mkdir results.d
cp "$quick" results.d/1.json
cp "$stored/imported.json" results.d/2.json
cp "$stored/emulated-energy.json" results.d/3.json
echo 'no result' >results.d/notes.txt
expect "a folder of results" 0 report results.d -o three.html -o three.md -o three.txt -o three.csv
says "marks what was imported" three.txt 'imported'
says "marks what was emulated" three.txt 'emulated'
says "in the figures too" three.csv ',imported,'
for name in failed gguf interrupted matmul sustained-series; do
    expect "$name" 0 report "$stored/$name.json" -o "$name.html" -o "$name.md" -o "$name.txt"
done
says "a partial one says so" interrupted.txt '(partial|interrupted)'
cp "$quick" copy.json
expect "a result in two files" 0 report "$quick" copy.json -o twice.md
says "the later one counts" err 'copy\.json: the same result as .*quick\.json, which is left out'
holds "and it is there once" cmp <(sed 's/copy\.json/quick.json/g' twice.md) r.md

# ---- the newest
expect "no result at all" 74 report
says "says how to make one" err 'pocketmark run'
expect "a run with a report of its own" 0 "${small[@]}" --quiet -o own.html -o own.md -o own.json
says "the page is a report" own.html 'In short'
cp results.d/2.json results/imported.json
cp "$quick" results/old.json
expect "the newest result" 0 report -o newest.csv
holds "is that of the run" python3 -c "
import csv, json
assert {row['result_id'] for row in csv.DictReader(open('newest.csv'))} == {json.load(open('own.json'))['result_id']}"
PYTHONPATH=$sources/tests python3 - own.json <<'PYTHON'
"""Documents without cells, as `fit` writes them: an earlier one and a later one of this device, and a later one of another."""
import json, sys
from result_hashes import sign
for name, created, device in ("earlier", "2001-01-01", None), ("later", "2002-01-01", None), ("other", "2003-01-01", "d-0123456789abcdef"):
    document = json.load(open(sys.argv[1]))
    document["result_id"] = f"019a6f2c-{created[:4]}-7c4d-8e5f-0123456789ab"
    document["created"] = created + "T00:00:00Z"
    document["device"]["device_id"] = device or document["device"]["device_id"]
    document["schema"]["version"] = "1.1"
    cell = document["cells"][0]
    figure = cell["summary"]["decode_tokens_per_second"]
    kept = {key: figure[key] for key in ("value", "better")} | {"kind": "estimated", "estimator": "model",
                                                                "ci_method": "model"}
    document["predictions"] = [{key: cell[key] for key in ("cell_id", "title", "status", "model", "engine", "parameters",
                                                     "comparability_key_sha256")}
                               | {"summary": {"decode_tokens_per_second": kept}}]
    document["cells"] = []
    open(f"results/{name}-fit.json", "w").write(sign(document))
PYTHON
expect "the newest result and the newest prediction" 0 report -o newest.html
holds "are of one device" python3 -c "
text = open('newest.html').read()
assert 'later-fit.json' in text and 'earlier-fit.json' not in text and 'other-fit.json' not in text"
mkdir -p alone/results
cp results/other-fit.json alone/results
(cd alone && expect "a prediction alone" 0 report)

# ---- charts
if [[ -n $gnuplot ]]; then
    expect "charts as files" 0 report "$quick" --charts pictures
    says "says how many" out '^charts: pictures \([1-9][0-9]*, each as SVG and PNG\)$'
    holds "nothing else on standard output" test "$(wc -l <out)" = 1
    holds "every chart in both forms" test "$(find pictures -name '*.svg' | wc -l)" = "$(find pictures -name '*.png' | wc -l)"
    holds "there are some" test "$(find pictures -name '*.svg' | wc -l)" -gt 0
    mkdir -p docs
    expect "charts for Markdown" 0 report "$quick" --charts pictures -o docs/r.md
    says "are linked from where it stands" docs/r.md '^!\[.*\]\(<\.\./pictures/[a-z0-9-]+\.svg>\)$'
    holds "links lead to files" python3 -c "
import pathlib, re
links = re.findall(r'\]\(<([^>]*svg)>\)', open('docs/r.md').read())
assert links and all((pathlib.Path('docs') / link).is_file() for link in links)"
    says "a folder has its own" all/report.md '\(<charts/[a-z0-9-]+\.svg>\)'
fi

# path_with NAME: a PATH of its own in which only the fake gnuplot NAME is.
path_with() {
    mkdir -p "fake-$1"
    [[ $1 == none ]] || cp "$1" "fake-$1/gnuplot"
    echo "$PWD/fake-$1"
}
printf '#!/bin/bash\nexit 3\n' >crashing
printf '#!/bin/bash\nkill -SEGV $$\n' >dying
printf '#!/bin/bash\necho "<script>"\n' >babbling
chmod +x crashing dying babbling
for kind in none crashing dying babbling; do
    PATH=$(path_with "$kind") expect "gnuplot: $kind" 0 report "$quick" -o bare.html -o bare.md
    says "gnuplot, $kind: it is told" err '(gnuplot|chart)'
    says "gnuplot, $kind: the tables are there" bare.html 'llama-3\.2-1b'
    silent "gnuplot, $kind: no picture" bare.html '<svg[^>]*role'
    silent "gnuplot, $kind: nothing of its own" bare.html '<script>'
    PATH=$(path_with "$kind") expect "gnuplot, $kind: charts were asked for" 75 report "$quick" --charts no-pictures
    rm -f bare.html bare.md
done
PATH=$(path_with none) expect "gnuplot: none, and a folder" 0 report "$quick" -o bare/
silent "links no pictures" bare/report.md '^!\['

# ---- hostile names
expect "hostile names" 0 report "$hostile" -o h.html -o h.md -o h.txt -o h.csv
silent "no markup of theirs in HTML" h.html '<(script|img|iframe)[ >]'
silent "no markup of theirs in Markdown" h.md '<(script|img|iframe)'
silent "no control in text" h.txt $'[\001-\010\013-\037]'
holds "nothing that turns a line around" python3 -c "
import re
for name in ('h.html', 'h.md', 'h.txt'):
    text = open(name, encoding='utf-8').read()
    text = re.sub(r'data:[^\"]*', '', text)
    assert not re.search('[\u202a-\u202e\u2066-\u2069]', text), name"

# ---- bad input
expect "a file that is not there" 74 report nowhere.json
says "names it" err 'nowhere\.json'
head -c 2000 "$quick" >cut.json
echo '{"schema":"other"}' >other.json
python3 -c "
import json, sys
document = json.load(open(sys.argv[1]))
document['schema']['version'] = '2.0'
json.dump(document, open('later.json', 'w'))" "$quick"
expect "several bad files and a good one" 74 report cut.json "$quick" other.json later.json -o bad.html
for file in cut other later; do
    says "names $file.json" err "$file\.json: "
done
says "tells the version" err 'later\.json: .*2\.0'
holds "nothing is written" test ! -e bad.html
mkdir none
expect "a folder without results" 74 report none
says "says so" err 'none: no file \*\.json'
expect "an unknown form" 2 report "$quick" -o r.docx
says "says which there are" err '\.html.*\.csv'
expect "a price that is none" 2 report "$quick" --price cheap
says "says what it takes" err "a number, such as"
expect "an unwritable folder" 74 report "$quick" -o nowhere/r.html
expect "a folder below a file" 74 report "$quick" -o r.md/
expect "charts below a file" 74 report "$quick" --charts r.md/x
echo before >kept.html
expect "one bad output" 74 report "$quick" -o kept.html -o nowhere/r.md
holds "is found before any work" grep -q before kept.html

# ---- widths and sizes
cat >terminal.py <<'PYTHON'
"""terminal.py WIDTH PROGRAM ARGUMENT...: what the program prints on a terminal of that width."""
import fcntl, os, pty, struct, sys, termios
child, terminal = pty.fork()
if child == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 50, int(sys.argv[1]), 0, 0))
    os.execv(sys.argv[2], sys.argv[2:])
try:
    while data := os.read(terminal, 65536):
        os.write(1, data)
except OSError:
    pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
PYTHON
for width in 40 80 200; do
    for file in "$quick" "$hostile"; do
        TERM=xterm LC_ALL=C.UTF-8 python3 terminal.py "$width" "$pocketmark" report "$file" >wide 2>err
        holds "$width columns: $(basename "$file")" python3 -c "
import re
lines = re.sub('\033\\\\[[0-9]*m', '', open('wide', encoding='utf-8').read().replace('\r\n', '\n')).split('\n')
assert len(lines) > 20 and max(map(len, lines)) <= $width, max(lines, key=len)"
    done
done
TERM=xterm python3 terminal.py 80 "$pocketmark" report "$quick" >wide
says "colour on a terminal" wide $'\033\\[1m'
NO_COLOR=1 TERM=xterm python3 terminal.py 80 "$pocketmark" report "$quick" >wide
silent "none with NO_COLOR" wide $'\033'
LC_ALL=C "$pocketmark" report "$quick" >ascii
holds "ASCII where the locale is" env LC_ALL=C grep -qv '[^ -~]' ascii

PYTHONPATH=$sources/tests python3 - "$quick" many.json <<'PYTHON'
"""5 000 cases of one case, each of another prompt."""
import copy, json, sys
from result_hashes import sign
document = json.load(open(sys.argv[1]))
one = document["cells"][0]
document["cells"] = []
for number in range(5000):
    cell = copy.deepcopy(one)
    cell["cell_id"] += f".p{number + 1}"
    cell["parameters"]["prompt_tokens"] = number + 1
    cell["repetitions"] = []
    document["cells"].append(cell)
open(sys.argv[2], "w").write(sign(document))
PYTHON
begun=$SECONDS
expect "5 000 cases" 0 report many.json -o many.html -o many.md -o many.csv
holds "within a minute" test $((SECONDS - begun)) -lt 60
says "the last one is in it" many.csv '\.p5000,'
