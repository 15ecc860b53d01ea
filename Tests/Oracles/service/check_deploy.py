"""Rules and dashboard of deploy/ against a live server: every expression parses, and asks for what /metrics has.

    python check_deploy.py UNMASK        # of Tests/Oracles/service/requirements.txt
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.request

import promql_parser
import yaml
from live_server import serving
from prometheus_client.parser import text_string_to_metric_families

ROOT = pathlib.Path(__file__).parents[3]
PORT = 17706
# What Prometheus itself gives.
OWN = {"up"}


def expressions():
    rules = yaml.safe_load((ROOT / "deploy/alerts.yaml").read_text())
    for rule in rules["groups"][0]["rules"]:
        assert {"alert", "expr", "labels", "annotations"} <= rule.keys(), rule
        assert {"summary", "action"} <= rule["annotations"].keys(), rule
        yield rule["alert"], rule["expr"]
    dashboard = json.loads((ROOT / "deploy/grafana-dashboard.json").read_text())
    places = set()
    for panel in dashboard["panels"]:
        place = (panel["gridPos"]["x"], panel["gridPos"]["y"])
        assert place not in places, f"two panels at {place}"
        places.add(place)
        for target in panel["targets"]:
            yield panel["title"], target["expr"].replace("$instance", ".*")


def selectors(text):
    """Of an expression the series that it asks for: (name, {label: value of an equality})."""
    found = []
    for name, labels in re.findall(r"\b([a-z_]+)(?:\{([^}]*)\})?(?=[\[\s)}]|$)", re.sub(r'by \([^)]*\)', "", text)):
        if name.startswith(("unmask_", "process_")) or name in OWN:
            found.append((name, dict(re.findall(r'(\w+)="([^"]*)"', labels))))
    return found


def main(unmask):
    address, model, samples = f"127.0.0.1:{PORT}", ROOT / "models/fashion-vit.safetensors", ROOT / "models/samples"
    with tempfile.TemporaryDirectory() as folder:
        build = [unmask, "index", "build", samples, "-o", f"{folder}/samples", "--model", model, "--pooling", "mean"]
        subprocess.run(build, check=True, capture_output=True)
        with serving(unmask, [model], address, "--index", f"samples={folder}/samples"):
            for way in ("classify", "search"):
                picture = (samples / "bag.png").read_bytes()
                url = f"http://{address}/v1/{way}"
                urllib.request.urlopen(urllib.request.Request(url, picture, {"content-type": "image/png"}))
            text = urllib.request.urlopen(f"http://{address}/metrics").read().decode()
    families = list(text_string_to_metric_families(text))
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
    names = {sample.name for family in families for sample in family.samples} | set(types)
    # Families whose samples come with what happens, or with TLS.
    described = set(re.findall(r"`(unmask_[a-z_]+)", (ROOT / "docs/operations.md").read_text()))
    labels = {}
    for family in families:
        for sample in family.samples:
            labels.setdefault(sample.name, set()).update(sample.labels)
    asked = set()
    for place, expression in expressions():
        promql_parser.parse(expression)
        series = selectors(expression)
        assert series, f"{place}: {expression} asks for nothing"
        for name, stated in series:
            assert name in names | described | OWN, f"{place}: there is no {name}"
            if name in labels:
                strange = set(stated) - labels[name] - {"job", "instance"}
                assert not strange, f"{place}: {name} has no {strange}"
            asked.add(name)
    print(f"{len(asked)} series of rules and dashboard are there")
    left = {name for name in types if name.startswith("unmask_")} - {re.sub("_(bucket|sum|count)$", "", name) for name in asked}
    print(f"shown nowhere: {', '.join(sorted(left)) or 'none'}")


if __name__ == "__main__":
    main(sys.argv[1])
