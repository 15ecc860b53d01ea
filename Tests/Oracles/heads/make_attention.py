"""Makes Tests/UnmaskHeadsTests/Fixtures/attention.json: what PyTorch makes of heads that attend to small random patch tokens.

    build/venv/bin/python Tests/Oracles/heads/make_attention.py        # torch of Tests/Oracles/requirements.txt

Both poolings are written as their papers' code has them, with values of every token, in float64: `ep` after Psomas et al. 2025
(github.com/billpsomas/efficient-probing), `attentive` as multi-head attention of one learned query. Seed 21.
"""

import json
import math
import pathlib

import torch
from torch import nn
from torch.nn import functional as F

HERE = pathlib.Path(__file__).resolve().parent
OUT = HERE.parent.parent / "UnmaskHeadsTests" / "Fixtures" / "attention.json"
IMAGES, UNSEEN, TOKENS, WIDTH, CLASSES, BATCH, STEPS = 40, 6, 7, 12, 3, 16, 25


class EfficientProbing(nn.Module):
    def __init__(self, queries: int) -> None:
        super().__init__()
        self.count = queries
        self.learned = nn.Parameter(0.02 * torch.randn(queries, WIDTH))

    def forward(self, x: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        weights = ((self.learned * WIDTH**-0.5) @ x.mT).softmax(-1)  # [B, Q, T]
        values = F.linear(x, value).unflatten(-1, (self.count, -1)).transpose(1, 2)  # [B, Q, T, D / Q]
        return (weights.unsqueeze(2) @ values).flatten(1)


class AttentionPooling(nn.Module):
    def __init__(self, heads: int) -> None:
        super().__init__()
        self.count = heads
        self.learned = nn.Parameter(
            torch.cat([0.02 * torch.randn(WIDTH), torch.randn(WIDTH * WIDTH) / math.sqrt(WIDTH)]))

    def forward(self, x: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        query, key = self.learned[:WIDTH], self.learned[WIDTH:].unflatten(0, (WIDTH, WIDTH))

        def heads(y: torch.Tensor) -> torch.Tensor:
            return y.unflatten(-1, (self.count, -1)).transpose(1, 2)

        q = heads(query.expand(len(x), 1, WIDTH))
        return F.scaled_dot_product_attention(q, heads(F.linear(x, key)), heads(F.linear(x, value))).flatten(1)


def trained(pooling: nn.Module, tokens: torch.Tensor, classes: torch.Tensor, balance: torch.Tensor | None) -> dict:
    value = nn.Parameter(torch.randn(WIDTH, WIDTH) / math.sqrt(3 * WIDTH))
    weight = nn.Parameter(0.1 * torch.randn(CLASSES, WIDTH))
    bias = nn.Parameter(torch.zeros(CLASSES))
    seen = tokens[:IMAGES].flatten(0, 1)
    standardised = (tokens - seen.mean(0)) / seen.std(0, correction=0)
    numbers = {"learned": pooling.learned, "value": value, "weight": weight, "bias": bias}
    result = {"count": pooling.count, "balanced": balance is not None, "losses": [], "batches": [], "rates": []}
    result["start"] = {name: number.detach().flatten().tolist() for name, number in numbers.items()}
    optimizer = torch.optim.Adam(numbers.values())
    for step in range(STEPS):
        batch = torch.randperm(IMAGES)[: BATCH if step % 5 else 5]
        rate = 0.02 * (1 - step / STEPS)
        for group in optimizer.param_groups:
            group["lr"] = rate
        scores = F.linear(pooling(standardised[batch], value), weight, bias)
        loss = F.cross_entropy(scores, classes[batch], weight=balance)
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            result["gradient"] = {name: number.grad.flatten().tolist() for name, number in numbers.items()}
        optimizer.step()
        result["losses"].append(loss.item())
        result["batches"].append(batch.tolist())
        result["rates"].append(rate)
    result["end"] = {name: number.detach().flatten().tolist() for name, number in numbers.items()}
    with torch.no_grad():
        result["scores"] = F.linear(pooling(standardised[IMAGES:], value), weight, bias).tolist()
    return result


def main() -> None:
    torch.manual_seed(21)
    torch.set_default_dtype(torch.float64)
    classes = torch.arange(IMAGES + UNSEEN) % 7 % CLASSES
    tokens = torch.randn(IMAGES + UNSEEN, TOKENS, WIDTH) * (0.2 + 3 * torch.rand(WIDTH)) + torch.randn(WIDTH)
    # Of each image some tokens show its class.
    tokens[:, :2] += 2 * torch.randn(CLASSES, WIDTH)[classes].unsqueeze(1)
    tokens = tokens.half()
    counts = torch.bincount(classes[:IMAGES])
    balance = IMAGES / (CLASSES * counts)
    cases = {
        "ep": trained(EfficientProbing(4), tokens.double(), classes[:IMAGES], None),
        "attentive": trained(AttentionPooling(3), tokens.double(), classes[:IMAGES], balance.double()),
    }
    document = {
        "made_by": f"torch {torch.__version__}, seed 21", "images": IMAGES, "tokens": TOKENS, "width": WIDTH,
        "halves": tokens.view(torch.int16).flatten().tolist(), "classes": classes[:IMAGES].tolist(), "cases": cases,
    }
    OUT.write_text(json.dumps(document) + "\n")


if __name__ == "__main__":
    main()
