#!/usr/bin/env python3
"""Makes many results.

make_results.py RESULT.json FOLDER COUNT [STEP_AT STEP_RATIO]: of one result. Every file has an id and a time of its own, an hour
after the one before it; every figure that a larger value is better for varies by half a per cent around what it was, and from the
result numbered STEP_AT on is STEP_RATIO times as large. Only the ids, the times and the summaries are changed: the hashes are those
of the original, so that `validate` refuses what was made, and an index takes it.

make_results.py --board FOLDER COUNT: valid results of 40 invented devices that ran up to 10 models, three builds, some emulated,
imported or ended early, one of a hostile name. The same count makes the same files.
"""
import pathlib
import random
import re
import sys
from datetime import datetime, timedelta


def repeat_result(source, folder, count, step_at, step_ratio):
    text = source.read_text()
    value = re.compile(r'("[a-z0-9_]+_per_second":\s*\{\s*"value":\s*)([0-9.e+-]+)')
    parts = value.split(text)
    head = [re.search(rf'"{name}":\s*"([^"]+)"', text).group(1) for name in ("result_id", "created")]
    rng = random.Random(42)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        factor = (step_ratio if number >= step_at else 1.0) * rng.gauss(1, 0.005)
        made = "".join(repr(float(part) * factor) if i % 3 == 2 else part for i, part in enumerate(parts))
        created = (datetime(2025, 1, 1) + timedelta(hours=number)).strftime("%Y-%m-%dT%H:%M:%SZ")
        made = made.replace(head[0], f"{number:08x}-0000-7000-8000-{number:012x}", 1).replace(head[1], created, 1)
        (folder / f"{number:06d}.json").write_text(made)


def main():
    if sys.argv[1] == "--board":
        import result_board

        result_board.make(pathlib.Path(sys.argv[2]), int(sys.argv[3]))
    else:
        step_at, step_ratio = (int(sys.argv[4]), float(sys.argv[5])) if len(sys.argv) > 5 else (int(sys.argv[3]), 1.0)
        repeat_result(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3]), step_at, step_ratio)


main()
