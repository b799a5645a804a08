"""Results of many invented devices, for `make_results.py --board`: plausible figures, none of them measured."""
import json
import pathlib
import random
import statistics
from datetime import datetime, timedelta

from result_hashes import sha256, sign

DEVICES = 40
HOSTILE = "<script>alert(1)</script> & \"Core\" '\u202egnp.exe\u202c \u5904\u7406\u5668"
HOSTILE_MODEL = "tiny<img src=x onerror=alert(1)>chat"
# name, parameters, layers × 2 × key and value width: bytes of f16 cache per token
MODELS = [("smollm2-1.7b", 1.71e9, 196608), ("llama-3.2-1b", 1.236e9, 32768), ("qwen2.5-1.5b", 1.54e9, 28672),
          ("llama-3.2-3b", 3.21e9, 114688), ("phi-3.5-mini", 3.82e9, 393216), ("gemma-3-4b", 3.88e9, 139264),
          ("qwen3-8b", 8.19e9, 147456), ("llama-3.1-8b", 8.03e9, 131072), ("gemma-2-9b", 9.24e9, 344064),
          ("phi-4", 14.66e9, 204800)]
FORMATS = {"q4_0": 4.5 / 8, "q8_0": 8.5 / 8}
BUILDS = [("0.1.0", "63b8acbb6d8011104c98e76de9eb7d215ddd6a91"), ("0.2.0", "344509f6f262be89aa1de05102c6a0472d655d86"),
          ("0.3.0", "5b349589feffa4ff6e7ec82d7aa726b7cacca223")]
PROMPT, GENERATED, LAUNCHES = 128, 32, 8
BETTER = {"time_to_first_token_seconds": "lower", "weights_bytes": "lower", "kv_cache_bytes": "lower",
          "peak_private_bytes": "lower", "energy_joules_per_token": "lower"}


def make_device(number):
    rng = random.Random(f"device {number}")
    kind = ("phone", "sbc", "laptop", "laptop", "desktop", "server")[number % 6]
    read = {"phone": 30e9, "sbc": 12e9, "laptop": 55e9, "desktop": 70e9, "server": 180e9}[kind] * rng.uniform(0.6, 1.4)
    # two in a row bear the same name, as devices of one make do
    name = HOSTILE if number == 7 else f"Example {kind.capitalize()} {1000 + number // 2 * 10}"
    return {"id": "d-" + sha256(f"device {number}")[:16], "kind": kind, "name": name, "read": read,
            "int8": read * rng.uniform(8, 25), "memory": rng.choice([8, 16, 32]) * 1e9,
            "cores": rng.choice([4, 6, 8, 12]), "scope": rng.choice([None, "package", "battery", "wall"]),
            "watts": {"phone": 4, "sbc": 6, "laptop": 18, "desktop": 65, "server": 150}[kind] * rng.uniform(0.7, 1.3)}


def summary_of(name, values):
    largest = name.endswith("_bytes")
    summary = {"value": max(values) if largest else statistics.median(values), "ci_low": None, "ci_high": None}
    if largest:
        summary["ci_method"] = "none"
    else:
        summary.update(ci_low=min(values), ci_high=max(values), ci_level=0.95, ci_method="order_statistic")
    summary.update(n=len(values), launches=len(values), estimator="max" if largest else "median", kind="measured",
                   better=BETTER.get(name, "higher"))
    return summary


def figures_of(device, model, format_, factor, imported):
    _, parameters, cache = model
    weights = round(parameters * FORMATS[format_])
    prefill = 0.45 * device["int8"] / parameters * factor
    figures = {"prefill_tokens_per_second": prefill, "decode_tokens_per_second": 0.88 * device["read"] / weights * factor}
    if not imported:
        figures |= {"time_to_first_token_seconds": (PROMPT + 1) / prefill, "weights_bytes": weights,
                    "kv_cache_bytes": cache * (PROMPT + GENERATED),
                    "peak_private_bytes": weights + cache * (PROMPT + GENERATED) + 14 * 2**20}
        if device["scope"]:
            figures["energy_joules_per_token"] = device["watts"] / figures["decode_tokens_per_second"]
    return figures


def make_cell(template, device, model, format_, rng, engine, imported):
    cell = json.loads(json.dumps(template))
    figures = figures_of(device, model, format_, 1 + 0.04 * (engine["build"] - 1) + rng.gauss(0, 0.01), imported)
    title = f"{model[0]} {format_}"
    cell["cell_id"] = "".join(c if c.isalnum() or c in "._-" else "-" for c in f"{model[0]}.{format_}.p{PROMPT}.n{GENERATED}")
    cell["title"] = title
    cell["model"].update(name=model[0], quantization=format_, output_tensor_type=format_,
                         parameter_count=round(model[1]), shape_sha256=sha256(model[0]))
    cell["engine"].update(engine["block"])
    cell["repetitions"], values = [], {name: [] for name in figures}
    for launch in range(LAUNCHES):
        own = {name: value if name.endswith("_bytes") else value * rng.gauss(1, 0.006) for name, value in figures.items()}
        for name, value in own.items():
            values[name].append(value)
        cell["repetitions"].append({"index": launch, "launch": launch, "phase": "measured",
                                    "start_offset_seconds": 3 * launch, "values": own,
                                    "noise": {"steal_ratio": 0, "foreign_load_ratio": 0.004}})
    cell["summary"] = {name: summary_of(name, own) for name, own in values.items()}
    if not imported and device["scope"]:
        cell["summary"]["energy_joules_per_token"].update(source="example", scope=device["scope"], error_ratio=0.02)
    elif not imported:
        cell["summary"]["energy_joules_per_token"] = {"value": None, "reason": "no energy source: none is there",
                                                      "kind": "measured", "better": "lower"}
    return cell


def left_cell(template, device, model, format_, reason):
    cell = make_cell(template, device, model, format_, random.Random(1), {"build": 0, "block": {}}, False)
    cell.update(status="skipped", reason=reason, repetitions=[], summary={}, series={})
    cell.pop("stop_reason", None)
    return cell


def make_cells(template, device, rng, engine, imported):
    cells = []
    models = rng.sample(MODELS, 3)
    if rng.random() < 0.02:
        models[0] = (HOSTILE_MODEL, 1.1e9, 32768)
    for model in models:
        for format_, bytes_ in FORMATS.items():
            needed = model[1] * bytes_ + 1e9
            if needed < device["memory"]:
                cells.append(make_cell(template, device, model, format_, rng, engine, imported))
            elif not imported:
                cells.append(left_cell(template, device, model, format_,
                                       f"needs {needed / 1e9:.1f} GB, {device['memory'] / 1e9:.0f} GB are there"))
    return cells


def engine_of(build, imported):
    version, commit = BUILDS[build]
    if imported:
        return {"build": build, "block": {"name": "llama.cpp", "version": f"b{4700 + build}", "backend": "cpu",
                                          "git_commit": commit[:9], "binary_sha256": sha256(commit),
                                          "backend_verified": False}}
    return {"build": build, "block": {"name": "cpu", "version": version, "git_commit": commit,
                                      "binary_sha256": sha256(version)}}


def make_result(template, number, count):
    rng = random.Random(f"result {number}")
    device = make_device(rng.randrange(DEVICES) if number >= DEVICES else number)
    build = min(len(BUILDS) - 1, number * len(BUILDS) // count)
    lot = rng.random() if number >= DEVICES else 1
    imported, emulated = lot < 0.03, 0.03 <= lot < 0.06
    document = json.loads(json.dumps(template))
    document.update(result_id=f"{number:08x}-0000-7000-8000-{number:012x}",
                    kind="imported" if imported else "emulated" if emulated else "native",
                    created=(datetime(2026, 1, 1) + timedelta(hours=7 * number)).strftime("%Y-%m-%dT%H:%M:%SZ"))
    document["tool"].update(version=BUILDS[build][0], build_id_sha256=sha256(BUILDS[build][0]), git_commit=BUILDS[build][1])
    document["tool"].pop("git_commit_reason", None)
    document["device"].update(device_id=device["id"], kind=device["kind"], memory_bytes=round(device["memory"]))
    document["device"]["cpu"].update(name=device["name"], cores_physical=device["cores"])
    document["environment"]["roofs"] = {"read_bytes_per_second": device["read"],
                                        "read": {"524288kib": {"bytes_per_second": device["read"]}},
                                        "int8": {"avxvnni": {"macs_per_second": device["int8"]}},
                                        "fp32": {"macs_per_second": device["int8"] / 4}, "latency": {"seconds": 9.3e-08}}
    document["cells"] = make_cells(template["cells"][0], device, rng, engine_of(build, imported), imported)
    if not any(cell["status"] == "ok" for cell in document["cells"]):
        document.update(status="failed", status_reason="no case could run")
    elif 0.06 <= lot < 0.08:
        document.update(status="partial", status_reason="ended by SIGINT")
    return document


def make(folder, count):
    source = pathlib.Path(__file__).parent / "results" / "v1.0" / "quick.json"
    template = json.loads(source.read_text(encoding="utf-8"))
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / f"{number:06d}.json").write_text(sign(make_result(template, number, count)), encoding="utf-8")
