"""Pre-trains a small masked autoencoder on Fashion-MNIST (He et al. 2021: random masking at 75 %, loss on removed
patches only, AdamW, warm-up and cosine decay).

    python models/recipes/pretrain.py --epochs 28 --out build/pretrain
    torchrun --nproc-per-node 4 models/recipes/pretrain.py --epochs 400 --out build/pretrain

Stops and goes on from `--out`/state.pth; writes curve.jsonl and fashion-mae.safetensors there.
"""

import argparse
import json
import time
from pathlib import Path

import torch
from fashion_mnist import Workers, autocast, load, save_checkpoint, save_state, set_learning_rate, shift_and_flip
from vit import Decoder, Encoder, MaskedAutoencoder, configuration


def options():
    p = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    p.add_argument("--data", default="/usr/share/datasets/fashion-mnist")
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--epochs", type=int, default=28)
    p.add_argument("--warmup", type=int, default=2, help="epochs of linear warm-up")
    p.add_argument("--batch", type=int, default=256)
    p.add_argument("--lr", type=float, default=1.5e-3, help="peak learning rate at batch 256, scaled linearly")
    p.add_argument("--decay", type=float, default=0.05, help="AdamW's weight decay")
    p.add_argument("--ratio", type=float, default=0.75, help="share of patches removed")
    p.add_argument("--width", type=int, default=128)
    p.add_argument("--depth", type=int, default=6)
    p.add_argument("--heads", type=int, default=2)
    p.add_argument("--norm-pix", action="store_true", help="rebuild each patch normalised by its own mean and variance")
    p.add_argument("--seed", type=int, default=7)
    return p.parse_args()


def main():
    o = options()
    o.out.mkdir(parents=True, exist_ok=True)
    workers = Workers()
    torch.manual_seed(o.seed)
    encoder = Encoder(width=o.width, depth=o.depth, heads=o.heads, mlp_width=4 * o.width)
    model = MaskedAutoencoder(encoder, Decoder(norm_pix=o.norm_pix)).to(workers.device)
    decayed = [p for p in model.parameters() if p.requires_grad and p.ndim > 1]
    plain = [p for p in model.parameters() if p.requires_grad and p.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": o.decay}, {"params": plain, "weight_decay": 0}], betas=(0.9, 0.95))
    images, _ = load(o.data, "train", workers.device)
    keep = int(encoder.patches * (1 - o.ratio))
    first, state = 0, o.out / "state.pth"
    if state.exists():
        saved = torch.load(state, map_location=workers.device, weights_only=True)
        model.load_state_dict(saved["model"])
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
            with autocast(workers.device):
                loss = trained(batch, torch.rand(len(batch), encoder.patches, device=batch.device), keep)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += loss.item()
        if workers.leads:
            line = {"epoch": epoch + 1, "loss": round(total / len(batches), 5), "seconds": round(time.time() - began, 1)}
            print(json.dumps(line), flush=True)
            with open(o.out / "curve.jsonl", "a") as curve:
                curve.write(json.dumps(line) + "\n")
            save_state(state, model=model.state_dict(), optimizer=optimizer.state_dict(), epoch=epoch)
    if workers.leads:
        save_checkpoint(o.out / "fashion-mae.safetensors", model, configuration(model))


if __name__ == "__main__":
    main()
