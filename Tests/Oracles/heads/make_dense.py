"""Makes Tests/UnmaskHeadsTests/Fixtures/dense.json: what PyTorch makes of heads over patch tokens that answer of every place.

    build/venv/bin/python Tests/Oracles/heads/make_dense.py

Seed 21; in double, over tokens that float16 holds exactly.
"""

import json
import pathlib

import numpy as np
import torch
from torch.nn import functional as F

OUT = pathlib.Path(__file__).resolve().parents[2] / "UnmaskHeadsTests/Fixtures/dense.json"
IMAGES, ROWS, COLUMNS, WIDTH, CLASSES, HIDDEN, PER_TOKEN, IGNORED = 10, 3, 5, 6, 3, 4, 4, 255


def scores(tokens, p, hidden):
    if hidden:
        tokens = F.relu(F.linear(tokens, p["hidden_weight"], p["hidden_bias"]))
    return F.linear(tokens, p["weight"], p["bias"])


def enlarged(maps, height, width):
    """[n, rows · columns, classes] → [n, classes, height, width]."""
    grid = maps.transpose(1, 2).reshape(len(maps), -1, ROWS, COLUMNS)
    return F.interpolate(grid, size=(height, width), mode="bilinear", align_corners=False)


def loss(tokens, labels, p, hidden, weights, class_weights, penalty):
    points = enlarged(scores(tokens, p, hidden), ROWS * PER_TOKEN, COLUMNS * PER_TOKEN)
    each = F.cross_entropy(points, labels, weight=class_weights, ignore_index=IGNORED, reduction="none")
    counted = (labels != IGNORED) * class_weights[labels.clamp(max=CLASSES - 1)] * weights[:, None, None]
    mean = (each * weights[:, None, None]).sum() / counted.sum()
    return mean + penalty / 2 * sum((p[n] ** 2).sum() for n in p if n.endswith("weight"))


def flat(p):
    return torch.cat([p[n].reshape(-1) for n in p]).tolist()


def main():
    torch.manual_seed(21)
    torch.set_default_dtype(torch.float64)
    tokens = (torch.randn(IMAGES, ROWS * COLUMNS, WIDTH) * torch.rand(WIDTH) * 3 + 1).half().double()
    teacher = torch.randn(CLASSES, WIDTH)
    labels = enlarged(tokens @ teacher.T, ROWS * PER_TOKEN, COLUMNS * PER_TOKEN).argmax(1)
    labels[torch.rand(labels.shape) < 0.1] = IGNORED
    labels[0, :, :7] = IGNORED
    mean, deviation = tokens.reshape(-1, WIDTH).mean(0), tokens.reshape(-1, WIDTH).std(0, unbiased=False)
    standard = (tokens - mean) / deviation
    weights = torch.ones(IMAGES)
    weights[3] = 0
    cases = []
    for hidden in (False, True):
        shapes = {"hidden_weight": (HIDDEN, WIDTH), "hidden_bias": (HIDDEN,)} if hidden else {}
        shapes |= {"weight": (CLASSES, HIDDEN if hidden else WIDTH), "bias": (CLASSES,)}
        for balanced in (False, True):
            p = {n: torch.randn(s, requires_grad=True) for n, s in shapes.items()}
            class_weights = torch.tensor([0.5, 1.0, 2.5]) if balanced else torch.ones(CLASSES)
            value = loss(standard, labels, p, hidden, weights, class_weights, 0.01)
            value.backward()
            cases.append({
                "hidden": HIDDEN if hidden else None, "class_weights": class_weights.tolist(), "parameters": flat(p),
                "value": value.item(), "gradient": flat({n: x.grad for n, x in p.items()})})
    # The optimum of the convex one.
    p = {n: torch.zeros(s, requires_grad=True) for n, s in {"weight": (CLASSES, WIDTH), "bias": (CLASSES,)}.items()}
    search = torch.optim.LBFGS(p.values(), max_iter=2000, tolerance_grad=1e-10, tolerance_change=1e-14, line_search_fn="strong_wolfe")
    strength = 0.5

    def step():
        search.zero_grad()
        value = loss(standard, labels, p, False, torch.ones(IMAGES), torch.ones(CLASSES), 1 / (strength * IMAGES))
        value.backward()
        return value

    search.step(step)
    best = scores(standard, p, False).detach()
    sizes = [(ROWS * 16, COLUMNS * 16), (7, 31)]
    memory, strange = np.random.default_rng(21).normal(size=(2, 40, WIDTH)).astype(np.float32)
    distances = torch.cdist(torch.tensor(strange).double(), torch.tensor(memory).double()).min(1).values
    order = [3]
    nearest = torch.full((40,), torch.inf)
    for _ in range(7):
        nearest = torch.minimum(nearest, ((torch.tensor(memory) - torch.tensor(memory)[order[-1]]).double() ** 2).sum(1))
        order.append(int(nearest.argmax()))
    # Where scores stand among others: 0 at 0, (i + 1) / n at the i-th, and beyond the highest how many times that.
    ranked = np.random.default_rng(22).gamma(2, size=9).astype(np.float32)
    asked = np.concatenate([ranked, [0, ranked.min() / 3], np.linspace(0, ranked.max() * 2.5, 20)]).astype(np.float32)
    ranks = np.where(
        asked <= ranked.max(), np.interp(asked, [0, *np.sort(ranked)], np.arange(10) / 9), asked.astype(float) / ranked.max())
    OUT.write_text(json.dumps({
        "versions": {"torch": torch.__version__, "numpy": np.__version__},
        "rows": ROWS, "columns": COLUMNS, "width": WIDTH, "classes": CLASSES,
        "halves": tokens.half().numpy().view(np.int16).reshape(-1).tolist(), "labels": labels.reshape(IMAGES, -1).tolist(),
        "weights": weights.tolist(), "penalty": 0.01, "cases": cases, "strength": strength,
        "scores": [[round(v, 8) for v in row] for row in best.reshape(IMAGES, -1).tolist()],
        "sizes": [list(s) for s in sizes],
        "maps": [enlarged(best[:2], *size).argmax(1).reshape(2, -1).tolist() for size in sizes],
        "memory": memory.reshape(-1).tolist(), "strange": strange.reshape(-1).tolist(), "distances": distances.tolist(),
        "farthest": order, "ranked": ranked.tolist(), "asked": asked.tolist(), "ranks": ranks.tolist()}))


if __name__ == "__main__":
    main()
