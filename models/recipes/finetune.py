"""Fine-tunes the pre-trained encoder as a classifier of Fashion-MNIST (He et al. 2021, A.1: mean-pooled patch tokens,
layer-wise learning-rate decay, label smoothing, stochastic depth), on a random share of the patches most of the time,
so that an epoch costs half and the classifier stays useful under a token budget.

    python models/recipes/finetune.py --from build/pretrain/state.pth --epochs 30 --out build/finetune
    torchrun --nproc-per-node 4 models/recipes/finetune.py --from build/pretrain/state.pth --out build/finetune

Stops and goes on from `--out`/state.pth; writes curve.jsonl and fashion-vit.safetensors there.
"""

import argparse
import copy
import json
import time
from pathlib import Path

import torch
from fashion_mnist import LABELS, Workers, autocast, load, save_checkpoint, save_state, set_learning_rate, shift_and_flip
from vit import Encoder, VisionTransformer, configuration


def options():
    p = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    p.add_argument("--data", default="/usr/share/datasets/fashion-mnist")
    p.add_argument("--from", dest="source", type=Path, required=True, help="state.pth of the pre-training")
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--epochs", type=int, default=30)
    p.add_argument("--warmup", type=int, default=2, help="epochs of linear warm-up")
    p.add_argument("--batch", type=int, default=256)
    p.add_argument("--lr", type=float, default=2e-3, help="the head's peak learning rate at batch 256")
    p.add_argument("--layer-decay", type=float, default=0.8, help="what each block below takes of the rate above it")
    p.add_argument("--decay", type=float, default=0.05, help="AdamW's weight decay")
    p.add_argument("--smoothing", type=float, default=0.1, help="label smoothing")
    p.add_argument("--drop-path", type=float, default=0.1)
    p.add_argument("--keep", type=float, nargs=2, default=(0.35, 0.65), help="share of patches seen, drawn each step")
    p.add_argument("--full", type=int, default=5, help="last epochs, which see all patches")
    p.add_argument("--average", type=float, default=0.9995, help="decay of the running average of the weights")
    p.add_argument("--seed", type=int, default=7)
    return p.parse_args()


def parameter_groups(model, o):
    """Each block at its own rate: lr · layer_decay^(blocks above it), no weight decay on vectors."""
    depth = model.config.depth
    groups = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        top = name.startswith(("head", "fc_norm"))
        level = int(name.split(".")[1]) + 1 if name.startswith("blocks.") else depth + 1 if top else 0
        key = (level, parameter.ndim > 1)
        group = groups.setdefault(key, {
            "params": [], "share": o.layer_decay ** (depth + 1 - level), "weight_decay": o.decay if key[1] else 0})
        group["params"].append(parameter)
    return list(groups.values())


@torch.no_grad()
def accuracy(model, images, labels):
    model.eval()
    right = sum((model(x).argmax(1) == y).sum().item() for x, y in zip(images.split(500), labels.split(500)))
    model.train()
    return right / len(labels)


def main():
    o = options()
    o.out.mkdir(parents=True, exist_ok=True)
    workers = Workers()
    torch.manual_seed(o.seed)
    pretrained = torch.load(o.source, map_location="cpu", weights_only=True)["model"]
    width = pretrained["cls_token"].shape[2]
    depth = len({name.split(".")[1] for name in pretrained if name.startswith("blocks.")})
    encoder = Encoder(width=width, depth=depth, heads=max(1, width // 64), mlp_width=4 * width)
    model = VisionTransformer(encoder, len(LABELS), o.drop_path)
    missing, _ = model.load_state_dict(pretrained, strict=False)
    assert all(name.startswith(("fc_norm", "head")) for name in missing), missing
    model.fc_norm.weight.data.copy_(pretrained["norm.weight"])
    model.fc_norm.bias.data.copy_(pretrained["norm.bias"])
    torch.nn.init.trunc_normal_(model.head.weight, std=0.01)
    model.to(workers.device)
    average = copy.deepcopy(model)
    optimizer = torch.optim.AdamW(parameter_groups(model, o), betas=(0.9, 0.999))
    images, labels = load(o.data, "train", workers.device)
    test = load(o.data, "t10k", workers.device)
    first, state = 0, o.out / "state.pth"
    if state.exists():
        saved = torch.load(state, map_location=workers.device, weights_only=True)
        model.load_state_dict(saved["model"])
        average.load_state_dict(saved["average"])
        optimizer.load_state_dict(saved["optimizer"])
        first = saved["epoch"] + 1
    trained = workers.wrap(model)
    for epoch in range(first, o.epochs):
        torch.manual_seed(o.seed + 1000 * epoch + workers.rank)
        batches = workers.batches(len(images), o.batch, epoch, o.seed)
        total, began = 0.0, time.time()
        for step, index in enumerate(batches):
            set_learning_rate(optimizer, o.lr * o.batch / 256, epoch, step / len(batches), o.warmup, o.epochs)
            batch = shift_and_flip(images[index], 2)
            ids_keep = None
            if epoch < o.epochs - o.full:
                low, high = o.keep
                kept = int(encoder.patches * (low + (high - low) * torch.rand(()).item()))
                ids_keep = torch.rand(len(batch), encoder.patches, device=batch.device).argsort(dim=1)[:, :kept]
            with autocast(workers.device):
                logits = trained(batch, ids_keep)
            loss = torch.nn.functional.cross_entropy(logits.float(), labels[index], label_smoothing=o.smoothing)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                weight = min(o.average, 1 - 1 / (1 + epoch * len(batches) + step))
                for slow, fast in zip(average.parameters(), model.parameters()):
                    slow.lerp_(fast, 1 - weight)
            total += loss.item()
        if workers.leads:
            line = {"epoch": epoch + 1, "loss": round(total / len(batches), 5), "test_top1": accuracy(average, *test),
                    "seconds": round(time.time() - began, 1)}
            print(json.dumps(line), flush=True)
            with open(o.out / "curve.jsonl", "a") as curve:
                curve.write(json.dumps(line) + "\n")
            save_state(state, model=model.state_dict(), average=average.state_dict(), optimizer=optimizer.state_dict(),
                       epoch=epoch)
    if workers.leads:
        save_checkpoint(o.out / "fashion-vit.safetensors", average, configuration(average, len(LABELS)), LABELS)


if __name__ == "__main__":
    main()
