#!/usr/bin/env python3
"""Reads a file as llama-bench's documented JSON: check_llama_bench.py FILE.json. Every column must be there, in order, and of its
type, or null where it is not known; the figures must follow from the samples. The last line tells how many rows there were."""
import json
import math
import statistics
import sys

STRING, INTEGER, BOOLEAN, FLOAT = (str,), (int,), (bool,), (int, float)
COLUMNS = {
    "build_commit": STRING, "build_number": INTEGER, "cpu_info": STRING, "gpu_info": STRING, "backends": STRING,
    "model_filename": STRING, "model_type": STRING, "model_size": INTEGER, "model_n_params": INTEGER, "n_batch": INTEGER,
    "n_ubatch": INTEGER, "n_threads": INTEGER, "cpu_mask": STRING, "cpu_strict": BOOLEAN, "poll": INTEGER, "type_k": STRING,
    "type_v": STRING, "n_gpu_layers": INTEGER, "n_cpu_moe": INTEGER, "split_mode": STRING, "main_gpu": INTEGER,
    "no_kv_offload": BOOLEAN, "flash_attn": BOOLEAN, "devices": STRING, "tensor_split": STRING,
    "tensor_buft_overrides": STRING, "use_mmap": BOOLEAN, "use_direct_io": BOOLEAN, "embeddings": BOOLEAN,
    "no_op_offload": INTEGER, "no_host": BOOLEAN, "n_prompt": INTEGER, "n_gen": INTEGER, "n_depth": INTEGER,
    "test_time": STRING, "avg_ns": INTEGER, "stddev_ns": INTEGER, "avg_ts": FLOAT, "stddev_ts": FLOAT,
}
REQUIRED = ("model_filename", "model_type", "n_prompt", "n_gen", "n_depth", "test_time", "avg_ns", "stddev_ns", "avg_ts", "stddev_ts")


def forbid(constant):
    raise ValueError(f"{constant} is no JSON")


def unique(pairs):
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), "a name stands twice"
    return dict(pairs)


def close(a, b, allowance=0.0):
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=allowance)


rows = json.load(open(sys.argv[1], encoding="utf-8"), parse_constant=forbid, object_pairs_hook=unique)
assert isinstance(rows, list) and rows, "no array of rows"
for row in rows:
    assert list(row) == [*COLUMNS, "samples_ns", "samples_ts"], "columns are missing, unknown or out of order"
    for name, types in COLUMNS.items():
        value = row[name]
        assert value is not None or name not in REQUIRED, f"{name} is null"
        assert value is None or (isinstance(value, types) and isinstance(value, bool) == (types is BOOLEAN)), f"{name}: {value!r}"
    tokens, ns, ts = row["n_prompt"] + row["n_gen"], row["samples_ns"], row["samples_ts"]
    assert tokens > 0 and (row["n_prompt"] == 0 or row["n_gen"] == 0), "a row is a pp or a tg test"
    assert len(ns) == len(ts) > 0 and all(type(n) is int and n > 0 for n in ns), "samples_ns"
    # a nanosecond more or less is rounding
    assert all(close(tokens / t * 1e9, n, 0.5) for n, t in zip(ns, ts)), "samples_ns and samples_ts differ"
    assert close(statistics.mean(ts), row["avg_ts"]) and close(statistics.mean(ns), row["avg_ns"], 1), "averages"
    if len(ts) > 1:
        spread = statistics.stdev(ts)
        assert math.isclose(spread, row["stddev_ts"], rel_tol=1e-5, abs_tol=1e-9 * row["avg_ts"]), "stddev_ts"
        assert math.isclose(statistics.stdev(ns), row["stddev_ns"], rel_tol=1e-5, abs_tol=2), "stddev_ns"
    else:
        assert row["stddev_ts"] == row["stddev_ns"] == 0, "deviations of one sample"
print(f"{len(rows)} rows")
