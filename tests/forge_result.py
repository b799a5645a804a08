"""Makes a result out of another one: forge_result.py IN OUT [--build HEX] [--id N] [--device ID] [--launches N] METRIC=VALUE...

The figures of every cell that has them become these, with a fixed wobble of half a percent from launch to launch; everything else
stays, and the document's own hash is made anew. For tests that need results of known speed whatever the machine does.
"""
import argparse
import json
import statistics

from result_hashes import sign

WOBBLE = [0, 3, -2, 5, -4, 1, -5, 4, -1, 2]


def wobble(value, launch, shift):
    return value * (1 + 0.001 * WOBBLE[(launch + shift) % len(WOBBLE)])


def forge_cell(cell, figures, launches, shift):
    old = cell["summary"]
    figures = {name: value for name, value in figures.items() if name in old}
    if not figures:
        return
    cell["repetitions"] = [
        {"index": i, "launch": i, "phase": "measured", "start_offset_seconds": i,
         "values": {name: wobble(value, i, shift) for name, value in figures.items()}, "noise": {}}
        for i in range(launches)]
    cell["summary"] = {}
    for name, value in figures.items():
        values = sorted(wobble(value, i, shift) for i in range(launches))
        low, high = (values[1], values[-2]) if launches >= 9 else (values[0], values[-1])
        summary = {"value": statistics.median(values), "ci_low": low, "ci_high": high, "ci_level": 0.95,
                   "ci_method": "order_statistic", "n": launches, "launches": launches}
        summary.update({k: old[name][k] for k in ("estimator", "kind", "better")})
        cell["summary"][name] = summary


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("--build")
    parser.add_argument("--device")
    parser.add_argument("--id", type=int, default=1)
    parser.add_argument("--launches", type=int, default=10)
    parser.add_argument("figures", nargs="*")
    arguments = parser.parse_intermixed_args()
    figures = {name: float(value) for name, value in (figure.split("=") for figure in arguments.figures)}
    with open(arguments.source, encoding="utf-8") as file:
        document = json.load(file)
    document["result_id"] = f"01930000-0000-7000-8000-{arguments.id:012x}"
    document["environment"].pop("interleaved_with", None)
    document["environment"].pop("canary", None)
    if arguments.build:
        document["tool"]["build_id_sha256"] = arguments.build
    if arguments.device:
        document["device"]["device_id"] = arguments.device
    for cell in document["cells"]:
        forge_cell(cell, figures, arguments.launches, arguments.id)
    text = sign(document)
    with open(arguments.target, "w", encoding="utf-8") as file:
        file.write(text)


main()
