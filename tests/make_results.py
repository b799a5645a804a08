#!/usr/bin/env python3
"""Makes many results of one: make_results.py RESULT.json FOLDER COUNT [STEP_AT STEP_RATIO].

Every file has an id and a time of its own, an hour after the one before it; every figure that a larger value is better for varies
by half a per cent around what it was, and from the result numbered STEP_AT on is STEP_RATIO times as large. Only the ids, the times
and the summaries are changed: the hashes are those of the original, so that `validate` refuses what was made, and an index takes
it."""
import pathlib
import random
import re
import sys
from datetime import datetime, timedelta

source, folder, count = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3])
step_at, step_ratio = (int(sys.argv[4]), float(sys.argv[5])) if len(sys.argv) > 5 else (count, 1.0)
text = source.read_text()
value = re.compile(r'("[a-z0-9_]+_per_second":\s*\{\s*"value":\s*)([0-9.e+-]+)')
parts = value.split(text)
head = re.search(r'"result_id":\s*"([^"]+)"', text).group(1), re.search(r'"created":\s*"([^"]+)"', text).group(1)
rng = random.Random(42)
folder.mkdir(parents=True, exist_ok=True)
for number in range(count):
    factor = (step_ratio if number >= step_at else 1.0) * rng.gauss(1, 0.005)
    made = "".join(repr(float(part) * factor) if i % 3 == 2 else part for i, part in enumerate(parts))
    created = (datetime(2025, 1, 1) + timedelta(hours=number)).strftime("%Y-%m-%dT%H:%M:%SZ")
    made = made.replace(head[0], f"{number:08x}-0000-7000-8000-{number:012x}", 1).replace(head[1], created, 1)
    (folder / f"{number:06d}.json").write_text(made)
