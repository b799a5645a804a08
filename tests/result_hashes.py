"""The hashes of a result document, and how the program writes one; for the scripts beside it."""
import hashlib
import json

MODEL_KEYS = ("name", "quantization", "output_tensor_type", "weights", "index_sha256", "shape_sha256")


def number(value):
    """As the program writes numbers: whole ones as digits, others in as few digits as read back the same."""
    if value == int(value) and abs(value) < 2**53:
        return str(int(value))
    for digits in (15, 16, 17):
        text = f"{value:.{digits}g}"
        if float(text) == value:
            return text
    return text


def spell(tree):
    if isinstance(tree, dict):
        return "{" + ",".join(f"{json.dumps(k, ensure_ascii=False)}:{spell(v)}" for k, v in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ",".join(map(spell, tree)) + "]"
    if isinstance(tree, (int, float)) and not isinstance(tree, bool):
        return number(tree)
    return json.dumps(tree, ensure_ascii=False)


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def leaves(value, path):
    """(path, text) of every leaf that is a key."""
    if isinstance(value, (dict, list)):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for name, child in items:
            yield from leaves(child, f"{path}.{name}")
    elif isinstance(value, bool):
        yield path, "true" if value else "false"
    elif isinstance(value, (int, str)):
        yield path, str(value).replace("\\", "\\\\").replace("\n", "\\n")


def key_of(pairs):
    return sha256("".join(sorted(f"{path}={text}\n" for path, text in pairs)))


def cell_key(cell):
    pairs = [("schema.major", "1"), *leaves(cell["parameters"], "parameters")]
    for name in MODEL_KEYS:
        pairs += leaves(cell["model"].get(name), f"model.{name}")
    return key_of(pairs)


def document_key(document):
    """Of the cells' own keys, which must be right."""
    pairs = [("schema.major", "1")]
    for name in ("definition_sha256", "mode"):
        pairs += leaves(document["workload"][name], f"workload.{name}")
    for cell in document["cells"]:
        pairs.append((f"cells.{cell['cell_id']}", cell["comparability_key_sha256"]))
    return key_of(pairs)


def sign(document):
    """Makes all hashes right; the text to write."""
    for cell in document["cells"]:
        cell["comparability_key_sha256"] = cell_key(cell)
    document["integrity"]["comparability_key_sha256"] = document_key(document)
    document["integrity"]["payload_sha256"] = ""
    document["integrity"]["payload_sha256"] = sha256(spell(document))
    return spell(document)
