# The glossary: one list for `list words`, reports and the README.
# shellcheck shell=bash disable=SC2154

expect "the words" 0 list words
says "in a table" out '^  prefill +reading the prompt'
expect "the words as JSON" 0 list words --json
holds "by alphabet, each once, with a meaning of one line" python3 -c "
import json
words = json.load(open('out'))['words']
names = [word['name'].lower() for word in words]
assert names == sorted(set(names)) and len(names) > 20, names
assert all(word['meaning'] and '\n' not in word['meaning'] and not word['meaning'].endswith('.') for word in words)
open('words', 'w').write(''.join(f\"| {word['name']} | {word['meaning']} |\n\" for word in words))"
sed -n '/^## Words$/,/^## /p' "$sources/README.md" | grep '^| ' | tail -n +2 >readme
holds "the README has the same" diff words readme
expect "a list near that one" 2 list word
says "suggests it" err "did you mean 'words'"
