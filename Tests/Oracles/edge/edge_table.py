"""The table of `make edge`: a row for what was exported, a column for each runtime.

A record is a cell: its `target`, `case` and `precision`; its `state` (right, refused, untried or failed) and `why`; `cells`, a
text for each way in which the target's runtime was run; `milliseconds` of a pass in each; `versions` of what was run; and
`failures`.
"""

# Targets that are run in two ways, and what reports call their runtimes.
TWICE = {"openvino": "OpenVINO", "ncnn": "ncnn"}
WAYS = [" f32", " as it comes"]


def key(record):
    return record["target"], record["case"], record["precision"]


def column(target, runtime):
    return target + runtime.removeprefix(TWICE[target]) if target in TWICE else target


def columns(target):
    return [target + way for way in WAYS] if target in TWICE else [target]


def cell(backend):
    """The least cosine of any output, and how many pictures kept their class if not all."""
    output = min(backend["outputs"], key=lambda o: o["cosine"])
    same = output.get("top1_agreement", 1)
    classes = "" if same == 1 else f", {100 * same:.0f} % same class"
    return f"{output['cosine']:.6f}{classes}"


def table(records):
    targets = list(dict.fromkeys(record["target"] for record in records))
    heads = [name for target in targets for name in columns(target)]
    lines = ["| model, part | precision | " + " | ".join(heads) + " |", "|---" * (len(heads) + 2) + "|"]
    for row in dict.fromkeys(key(record)[1:] for record in records):
        found = {record["target"]: record for record in records if key(record)[1:] == row}
        texts = []
        for target in targets:
            record = found.get(target, {"cells": {}, "state": ""})
            texts += [record["cells"].get(name, record["state"]) for name in columns(target)]
        lines.append("| " + " | ".join([*row, *texts]) + " |")
    versions = {name: version for record in records for name, version in record["versions"].items()}
    lines += ["", "Run in " + ", ".join(f"{name} {version}" for name, version in versions.items()) + "."]
    reasons = dict.fromkeys(f"- {record['state']}: {record['why']}" for record in records if record["why"])
    states = [record["state"] for record in records]
    counts = [f"{states.count(state)} {state}" for state in ["right", "refused", "untried", "failed"]]
    return "\n".join([*lines, "", *reasons, "", ", ".join(counts)])
