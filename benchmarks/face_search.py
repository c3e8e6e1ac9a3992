"""How fast, exact and large the indices of a face library are, on synthetic people with ten photos each.

python benchmarks/face_search.py --faces 100000 --index exact usearch --out benchmarks/results/face_search_100k.json
python benchmarks/face_search.py --faces 1000000 --index exact --out benchmarks/results/face_search_1m.json
python benchmarks/face_search.py --faces 1000000 --index usearch --out benchmarks/results/face_search_1m_usearch.json

A query is a further photo of somebody in the library. Recall is measured against double precision (numpy). Each index
is built and asked in a process of its own, so that its memory can be told. At a million faces usearch takes many
minutes to build.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

PHOTOS = 10
DIMENSIONS = 128
QUERIES = 200
K = 10
SPREAD = 0.7
_CHUNK = 10_000  # people


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def people(faces: int) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of the library, float16 [N, D], and of further photos, float64 [QUERIES, D]."""
    random = np.random.default_rng(0)
    pieces, queries = [], np.zeros((QUERIES, DIMENSIONS))
    count = faces // PHOTOS
    asked = random.choice(count, QUERIES, replace=count < QUERIES)
    for first in range(0, count, _CHUNK):
        centres = unit(random.standard_normal((min(_CHUNK, count - first), DIMENSIONS)).astype(np.float32))
        photos = np.repeat(centres, PHOTOS, axis=0)
        photos += SPREAD * unit(random.standard_normal(photos.shape).astype(np.float32))
        pieces.append(unit(photos).astype(np.float16))
        for place in np.flatnonzero((asked >= first) & (asked < first + len(centres))):
            queries[place] = unit(centres[asked[place] - first] + SPREAD * unit(random.standard_normal(DIMENSIONS)))
    return np.concatenate(pieces), queries


def truth(vectors: np.ndarray, queries: np.ndarray) -> list[set[int]]:
    """The ten nearest of every query in double precision."""
    best: list[list[tuple[float, int]]] = [[] for _ in queries]
    for first in range(0, len(vectors), 50_000):
        block = queries @ vectors[first : first + 50_000].astype(np.float64).T
        for place, row in enumerate(block):
            nearest = np.argpartition(-row, min(K, len(row) - 1))[:K]
            best[place] += [(float(row[one]), first + int(one)) for one in nearest]
    return [{one for _, one in sorted(found, reverse=True)[:K]} for found in best]


def megabytes() -> float:
    """Memory of this process now."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 1e6


def measure(kind: str, faces: int, folder: Path, threads: int) -> dict[str, Any]:
    import torch

    from toolkit.face.library_view import VectorTable
    from toolkit.face.search import ExactIndex, Index

    torch.set_num_threads(threads)
    vectors, queries = people(faces)
    table = VectorTable("benchmark", np.arange(len(vectors), dtype=np.int64), vectors)
    before = megabytes()
    started = time.perf_counter()
    index: Index
    if kind == "exact":
        index = ExactIndex(table.ids, table.vectors)
        stored = vectors.nbytes
    else:
        from usearch.index import Index as Graph

        from toolkit.face.usearch_index import UsearchIndex, build_graph

        file = folder / f"face-search-{os.getpid()}.usearch"
        graph = build_graph(table, threads)
        graph.save(str(file))
        index = UsearchIndex(graph, table.ids)
        stored = file.stat().st_size
    built = time.perf_counter() - started
    if kind == "usearch":
        graph.reset()
        before = megabytes()
        index = UsearchIndex(Graph.restore(str(file), view=True), table.ids)
    for query in queries[:10]:
        index.search(query, K)
    seconds, found = [], []
    for query in queries:
        asked = time.perf_counter()
        matches = index.search(query, K)
        seconds.append(time.perf_counter() - asked)
        found.append({match.id for match in matches})
    memory = megabytes() - before
    if kind == "usearch":
        file.unlink()
    recall = float(np.mean([len(one & other) / K for one, other in zip(found, truth(vectors, queries), strict=True)]))
    return {
        "index": kind,
        "faces": len(vectors),
        "build_s": round(built, 2),
        "query_ms": round(1e3 * statistics.median(seconds), 3),
        "query_ms_p95": round(1e3 * sorted(seconds)[int(0.95 * len(seconds))], 3),
        "recall_at_10": round(recall, 4),
        "memory_mb": round(memory, 1),
        "stored_mb": round(stored / 1e6, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=int, default=100_000)
    parser.add_argument("--index", nargs="+", choices=["exact", "usearch"], default=["exact", "usearch"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=Path("."), help="where the graph's file is put meanwhile")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.index[0], arguments.faces, arguments.folder, arguments.threads)))
        return
    results = []
    for kind in arguments.index:
        command = [sys.executable, __file__, "--one", "--index", kind, "--faces", str(arguments.faces)]
        command += ["--threads", str(arguments.threads), "--folder", str(arguments.folder)]
        result = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        results.append(json.loads(result.stdout))
        print(results[-1], flush=True)
    if arguments.out:
        from toolkit.engine.device import choose_device, describe_machine

        machine = describe_machine(choose_device("auto"))
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        document = {"machine": machine, "threads": arguments.threads, "results": results}
        arguments.out.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
