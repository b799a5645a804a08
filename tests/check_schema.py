#!/usr/bin/env python3
"""Holds the result schema against another validator: check_schema.py SCHEMA PROGRAM RESULT.json...

The schema must be valid draft-07. Every result must keep to it, in the eyes of python3-jsonschema and of `PROGRAM validate`,
and its hashes must come out the same when they are reckoned here. Both must refuse each of a list of broken documents, made
from the first result. Exit 77: python3-jsonschema is not there.
"""
import copy
import json
import re
import subprocess
import sys

from result_hashes import cell_key, document_key, sha256

try:
    import jsonschema
except ImportError:
    sys.exit(77)

GONE = object()
SPEED = ("cells", 0, "summary", "decode_tokens_per_second")
REPETITION = ("cells", 0, "repetitions", 1)

# (path, value): what makes a good document a bad one.
BROKEN = [
    (("schema",), GONE),
    (("schema", "version"), "2.0"),
    (("schema", "version"), "1"),
    (("schema", "name"), "another.result"),
    (("result_id",), "1"),
    (("kind",), "simulated"),
    (("status",), "done"),
    (("created",), "yesterday"),
    (("created",), "2026-11-22T15:04:05" + "0" * 40 + "Z"),
    (("surprise",), 1),
    (("cells",), []),
    (("cells",), {}),
    (("predictions",), []),
    (("predictions",), [{}]),
    (("tool", "build_id_sha256"), "0" * 63),
    (("tool", "git_commit"), "HEAD"),
    (("tool", "libraries"), [{"name": "libc.so.6", "build_id": "xyz"}]),
    (("workload", "definition_sha256"), None),
    (("workload", "seed"), 1.5),
    (("device", "memory_bytes"), "16 GB"),
    (("device", "memory_bytes"), 0),
    (("device", "kind"), "toaster"),
    (("environment", "power_source"), "solar"),
    (("integrity", "payload_sha256"), GONE),
    (("cells", 0, "cell_id"), "Not An Id"),
    (("cells", 0, "cell_id"), "x" * 160),
    (("cells", 0, "status"), "failed"),
    (("cells", 0, "stop_reason"), "boredom"),
    (("cells", 0, "comparability_key_sha256"), GONE),
    (("cells", 0, "extra"), 1),
    (("cells", 0, "model", "weights"), "file"),
    (("cells", 0, "model", "name"), ""),
    (("cells", 0, "parameters", "workload"), "idle"),
    (("cells", 0, "parameters", "prompt_tokens"), -1),
    (("cells", 0, "series"), {"speed": {"offsets_seconds": [], "values": []}}),
    (("cells", 0, "series"), {"power_watts": {"offsets_seconds": [None], "values": [1]}}),
    (("cells", 0, "series"), {"power_watts": {"values": []}}),
    (("cells", 0, "series"), {"x" * 60 + "_watts": {"offsets_seconds": [], "values": []}}),
    (REPETITION + ("phase",), "hot"),
    (REPETITION + ("launch",), 4294967296),
    (REPETITION + ("index",), 1e308),
    (REPETITION + ("flags",), "canary"),
    (REPETITION + ("values", "decode_tokens_per_minute"), 5),
    (REPETITION + ("values", "load_seconds"), "5"),
    (REPETITION + ("noise", "steal_percent"), 5),
    (SPEED + ("value",), None),
    (SPEED + ("n",), -1),
    (SPEED + ("n",), 2.5),
    (SPEED + ("launches",), 0),
    (SPEED + ("kind",), GONE),
    (SPEED + ("better",), "faster"),
    (SPEED + ("scope",), "galaxy"),
    (SPEED + ("ci_level",), 95),
    (SPEED + ("error_ratio",), -0.1),
]


def check_hashes(document):
    for cell in document["cells"] + document.get("predictions", []):
        assert cell_key(cell) == cell["comparability_key_sha256"], "a cell's key"
    integrity = document["integrity"]
    assert document_key(document) == integrity["comparability_key_sha256"], "the key"
    blank = copy.deepcopy(document)
    blank["integrity"]["payload_sha256"] = ""
    text = json.dumps(blank, separators=(",", ":"), ensure_ascii=False)
    assert sha256(text) == integrity["payload_sha256"], "the payload"


def program_says(program, document):
    """Exit code and message of `validate -`."""
    done = subprocess.run([program, "validate", "-"], input=json.dumps(document).encode(), capture_output=True, check=False)
    return done.returncode, done.stderr.decode()


def changed(document, path, value):
    document = copy.deepcopy(document)
    place = document
    for step in path[:-1]:
        place = place[step]
    if value is GONE:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return document


def main():
    schema = json.load(open(sys.argv[1], encoding="utf-8"))
    program, results = sys.argv[2], sys.argv[3:]
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker())
    documents = [json.load(open(name, encoding="utf-8")) for name in results]
    failures = []

    for name, document in zip(results, documents):
        problems = [error.message for error in validator.iter_errors(document)]
        code, says = program_says(program, document)
        if code:
            problems.append(says.strip())
        try:
            check_hashes(document)
        except AssertionError as problem:
            problems.append(f"{problem} comes out differently")
        failures += [f"{name}: {problem}" for problem in problems]
    for path, value in BROKEN:
        document = changed(documents[0], path, value)
        place = ".".join(map(str, path))
        # the formats that jsonschema knows depend on what else is installed
        if path != ("created",) and validator.is_valid(document):
            failures.append(f"jsonschema takes {place} = {value!r}")
        code, says = program_says(program, document)
        if code != 1 or re.search("must be [0-9a-f]{64}", says):
            failures.append(f"{program} on {place} = {value!r}: exit {code} {says.strip()}")
    for failure in failures:
        print(failure)
    if failures:
        sys.exit(1)
    print(f"{sys.argv[1]}: valid draft-07; {len(results)} results keep to it, {len(BROKEN)} broken ones do not")


main()
