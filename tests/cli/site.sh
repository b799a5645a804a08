# A board over many results: pages that lead to each other, hostile names, files that are no results, and what is kept.
# shellcheck shell=bash disable=SC2154

# Every address leads to a file, and to an element of it where it says which; nothing is loaded; names are text.
check_site() {
    python3 - "$1" <<'EOF'
import pathlib
import sys
import urllib.parse
from html.parser import HTMLParser

root = pathlib.Path(sys.argv[1]).resolve()


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.scripts = [], [], 0
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if "id" in values:
            self.ids.append(values["id"])
        if tag == "a":
            self.links.append(values["href"])
        assert tag not in ("img", "iframe", "object", "form"), f"<{tag}>"
        assert not any(name.startswith("on") for name in values), values
        assert "src" not in values, values
        self.scripts += tag == "script"


pages = {path: Page(path.read_text(encoding="utf-8")) for path in root.rglob("*.html")}
for path, page in pages.items():
    assert len(page.ids) == len(set(page.ids)), f"{path}: ids repeat"
    assert page.scripts <= 1, f"{path}: {page.scripts} scripts"
    for link in page.links:
        address, _, fragment = link.partition("#")
        if address.startswith(("data:", "https:")):
            continue
        target = (path.parent / urllib.parse.unquote(address)).resolve() if address else path
        assert target.is_file(), f"{path} leads to {link}"
        if fragment and target.suffix == ".html":
            assert fragment in pages[target].ids, f"{path} leads to {link}"
print(len(pages), "pages")
EOF
}

python3 "$sources/tests/make_results.py" --board board 12
holds "generated results are valid" "$pocketmark" validate board/*.json
mkdir -p board/deeper
cp "$sources"/tests/results/v1.0/{hostile-names,emulated-energy,imported,failed,interrupted}.json board/deeper
sed 's/"created": *"2026/"created":"2027/' board/000003.json >board/changed.json
echo '{"name": "a package"}' >board/package.json
head -c 2000 board/000001.json >board/cut.json
cp board/000002.json board/zz-again.json

expect "report --site" 0 report --site site board nowhere.json
says "tells what it holds" out 'site: site/index.html \(17 results of [0-9]+ devices'
says "counts what it left out" out '^left out: 5 files'
says "names a file that is no result" err 'board/package\.json: left out: .'
says "names a file that was changed" err 'board/changed\.json: left out: .*payload_sha256'
says "names a file that is not there" err 'nowhere\.json: left out'
says "tells them on the index" site/index.html 'cut\.json'
holds "no path of this machine is on the index" test "$(grep -c "$PWD" site/index.html)" = 0
holds "copies the results as they are" cmp board/000005.json site/results/00000005-0000-7000-8000-000000000005.json
holds "pages lead to each other, and carry no foreign markup" check_site site
holds "emulated and imported ones stand apart" python3 -c '
import re
text = open("site/index.html", encoding="utf-8").read()
tables = {name: body for name, body in re.findall(r"<table id=\"t-([a-z-]+)\"(.*?)</table>", text, re.S)}
assert "(emulated)" in tables["emulated"] and "(emulated)" not in tables["figures"]
assert "(imported)" in tables["imported"] and "(imported)" not in tables["figures"]'
holds "the index is ordered by decode" python3 -c '
import re
text = open("site/index.html", encoding="utf-8").read()
body = re.search(r"<table id=\"t-figures\".*?<tbody>(.*?)</tbody>", text, re.S).group(1)
speeds = [float(re.findall(r"data-value=\"([^\"]*)\"", row)[0]) for row in body.split("</tr>") if "data-value" in row]
assert len(speeds) > 20 and speeds == sorted(speeds, reverse=True)'
holds "the same results give the same files" bash -c \
    '"$0" report --site again board nowhere.json 2>/dev/null && diff -r site again' "$pocketmark"

rm board/deeper/hostile-names.json
touch site/mine.html
expect "a second build" 0 report --site site board --pairs 1
says "removes what is no more" out '^removed: [0-9]+ files of the earlier site'
says "says that pairs have no page" out '[0-9]+ more pairs'
says "says so on the index" site/index.html 'pairs have no page'
holds "has one pair" test "$(find site/pair -name '*.html' | wc -l)" = 1
holds "keeps a file that is not of the site" test -e site/mine.html
holds "is whole again" check_site site
expect "a site in its own results" 0 report --site board/site board
expect "once more" 0 report --site board/site board
says "its copies are no results" out '\(16 results'

mkdir full
touch full/notes.txt
expect "a folder that is not empty" 74 report --site full board
says "says why" err 'full: is not empty and no site'
holds "and leaves it alone" test "$(ls -A full)" = notes.txt
expect "a file in place of a folder" 74 report --site board/000001.json board
expect "a folder in a folder that is not there" 74 report --site no/such/folder board
says "says what to do" err 'make the folder first'
expect "no result at all" 74 report --site empty full
holds "makes no folder then" test ! -e empty
expect "nothing but a damaged one" 74 report --site empty board/cut.json
says "tells what is wrong with it" err 'cut\.json'
expect "--site and -o" 2 report --site other -o x.html board
expect "--pairs alone" 2 report --pairs 3 board
expect "--pairs of nothing" 2 report --site other --pairs -1 board

mkdir bare
PATH=$PWD/bare "$pocketmark" report --site plain board >out 2>err
holds "without gnuplot" test $? = 0
says "says so" err 'gnuplot'
holds "pages have their tables" check_site plain
