"""Searches of one synthetic index, beside other programs, in one run:

    python run.py --unmask .build/release/unmask --rows 1000000 --only flat sq8

The vectors are those of synthetic.py, the queries rows of them moved a little. Prints a JSON line for each program: the median
time of a search of one query and of 64 at once, recall@10 against exact search, and resident memory where it is the
program's alone. Two threads each. `bits`, `graph` and `lists` are Unmask's approximate searches, prepared for a recall@10 of 0.95.
"""

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

import synthetic

THREADS, K = 2, 10


def queries_of(vectors, count, seed=1):
    numbers = np.random.default_rng(seed)
    noise = numbers.standard_normal((count, vectors.shape[1]), dtype=np.float32) * np.float32(0.2 / vectors.shape[1] ** 0.5)
    moved = vectors[numbers.integers(len(vectors), size=count)] + noise
    return moved / np.linalg.norm(moved, axis=1, keepdims=True)


def measured(name, search, queries, truth, rounds):
    """`search` of [q, D] gives [q, K] rows."""
    search(queries[:1])
    times = []
    for number in range(rounds):
        start = time.perf_counter()
        search(queries[number % len(queries)][None])
        times.append(time.perf_counter() - start)
    start = time.perf_counter()
    search(queries[:64])
    together = time.perf_counter() - start
    found = search(queries)
    recall = np.mean([len(set(a) & set(b)) / K for a, b in zip(found, truth)])
    result = {"program": name, "one_p50_ms": round(1e3 * np.median(times), 2), "one_p99_ms": round(
        1e3 * np.quantile(times, 0.99), 2), "64_ms": round(1e3 * together, 1), "recall@10": round(float(recall), 4)}
    print(json.dumps(result), flush=True)


def unmask(options, *arguments):
    command = [options.unmask, *arguments, "--threads", THREADS]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True).stdout.strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--unmask", default=".build/release/unmask")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dimension", type=int, default=768)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--only", nargs="*", default=["flat", "bits", "graph", "lists", "sq8", "hnsw", "hnswlib", "usearch"])
    options = parser.parse_args()
    import faiss

    faiss.omp_set_num_threads(THREADS)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "i"
        synthetic.write(folder, options.rows, options.dimension)
        modes = ["exact"]
        for name, mode in (("bits", "bits"), ("graph", "hnsw"), ("lists", "ivfpq")):
            if name in options.only:
                print(unmask(options, "index", "approximate", folder, "--kind", mode), flush=True)
                modes.append(mode)
        for mode in modes:
            for batch in (1, 64):
                rounds = options.rounds if batch == 1 else 5
                measured = unmask(options, "bench", "search", folder, "--mode", mode, "--batch", batch, "--rounds", rounds,
                                  "-k", K)
                print(json.dumps({"program": "unmask", **json.loads(measured)}), flush=True)
        vectors = np.concatenate(list(synthetic.shards(options.rows, options.dimension)))
    queries = queries_of(vectors, 200)
    flat = faiss.IndexFlatIP(options.dimension)
    flat.add(vectors)
    truth = flat.search(queries, K)[1]
    if "flat" in options.only:
        measured("faiss flat", lambda q: flat.search(q, K)[1], queries, truth, options.rounds)
    del flat
    if "sq8" in options.only:
        index = faiss.IndexScalarQuantizer(
            options.dimension, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT)
        index.train(vectors[:50_000])
        index.add(vectors)
        measured("faiss SQ8", lambda q: index.search(q, K)[1], queries, truth, options.rounds)
        del index
    if "hnsw" in options.only:
        index = faiss.IndexHNSWFlat(options.dimension, 32, faiss.METRIC_INNER_PRODUCT)
        index.add(vectors)
        for effort in (32, 128):
            index.hnsw.efSearch = effort
            measured(f"faiss HNSW32, ef {effort}", lambda q: index.search(q, K)[1], queries, truth, options.rounds)
        del index
    if "hnswlib" in options.only:
        import hnswlib

        index = hnswlib.Index("ip", options.dimension)
        index.init_index(options.rows, M=32, ef_construction=100)
        index.set_num_threads(THREADS)
        index.add_items(vectors)
        index.set_ef(128)
        measured("hnswlib M 32, ef 128", lambda q: index.knn_query(q, K)[0].astype(int), queries, truth, options.rounds)
        del index
    if "usearch" in options.only:
        from usearch.index import Index

        index = Index(ndim=options.dimension, metric="ip", connectivity=32, expansion_search=128)
        index.add(np.arange(options.rows), vectors, threads=THREADS)
        measured(
            "usearch, expansion 128", lambda q: np.atleast_2d(index.search(q, K, threads=THREADS).keys).astype(int), queries,
            truth, options.rounds)


if __name__ == "__main__":
    main()
