"""Fashion-MNIST (Xiao et al. 2017, MIT) as tensors, with the augmentation and batching that the recipes share."""

import gzip
import json
import math
import os
from pathlib import Path

import torch
import torch.distributed as dist

MEAN, STD = 0.2860, 0.3530
LABELS = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
LICENCE = "Apache-2.0 (weights trained by the Unmask project on Fashion-MNIST, MIT)"
RECIPE = {"name": "squash", "size": [28, 28], "mean": [MEAN], "std": [STD]}


def load(folder, split, device):
    """Images as float32 [n, 1, 28, 28], normalised, and labels as int64 [n]; split is `train` or `t10k`."""

    def idx(kind, header, shape):
        raw = gzip.decompress((Path(folder) / f"{split}-{kind}-ubyte.gz").read_bytes())
        return torch.frombuffer(bytearray(raw[header:]), dtype=torch.uint8).view(shape)

    images = idx("images-idx3", 16, (-1, 1, 28, 28)).to(device)
    return (images.float() / 255 - MEAN) / STD, idx("labels-idx1", 8, (-1,)).long().to(device)


def shift_and_flip(images, reach):
    """Each image moved by up to `reach` pixels, the uncovered border black, and mirrored half of the time."""
    B, _, S, _ = images.shape
    device = images.device
    padded = torch.nn.functional.pad(images, (reach,) * 4, value=-MEAN / STD)
    offset = torch.randint(0, 2 * reach + 1, (2, B, 1), device=device) + torch.arange(S, device=device)
    columns = torch.where(torch.rand(B, 1, device=device) < 0.5, offset[1], offset[1].flip(1))
    image = torch.arange(B, device=device)[:, None, None]
    return padded[image, 0, offset[0][:, :, None], columns[:, None, :]][:, None]


class Workers:
    """One process, or as many as torchrun started; each takes its share of every epoch."""

    def __init__(self):
        self.world = int(os.environ.get("WORLD_SIZE", 1))
        self.rank = int(os.environ.get("RANK", 0))
        cuda = torch.cuda.is_available()
        self.device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if cuda else torch.device("cpu")
        if self.world > 1:
            dist.init_process_group("nccl" if cuda else "gloo")

    def wrap(self, model):
        return torch.nn.parallel.DistributedDataParallel(model) if self.world > 1 else model

    def batches(self, count, size, epoch, seed):
        """Index tensors of `size` / world images; the order depends on seed and epoch alone."""
        order = torch.randperm(count, generator=torch.Generator().manual_seed(seed * 100_003 + epoch))
        order = order[: count // size * size].view(-1, self.world, size // self.world)
        return [part.to(self.device) for part in order[:, self.rank]]

    @property
    def leads(self):
        return self.rank == 0


def set_learning_rate(optimizer, rate, epoch, progress, warmup, epochs):
    """Linear warm-up, then half a cosine down to 0; a group with a `share` gets that part of the rate."""
    t = epoch + progress
    cosine = 0.5 * (1 + math.cos(math.pi * max(0, t - warmup) / (epochs - warmup)))
    for group in optimizer.param_groups:
        group["lr"] = rate * min(t / warmup, cosine) * group.get("share", 1)


def autocast(device):
    return torch.autocast(device.type, torch.bfloat16)


def save_state(path, **state):
    """Written beside its place and renamed, so that an interrupted run always finds a whole file."""
    torch.save(state, f"{path}.part")
    os.replace(f"{path}.part", path)


def save_checkpoint(path, model, config, labels=()):
    """The checkpoint as Unmask reads it: safetensors with the configuration, recipe, licence and labels inside."""
    from safetensors.torch import save_file

    metadata = {"format": "unmask/1", "config": json.dumps(config), "recipe": json.dumps(RECIPE), "licence": LICENCE}
    if labels:
        metadata["labels"] = json.dumps(labels)
    tensors = {name: tensor.detach().float().cpu().contiguous() for name, tensor in model.state_dict().items()}
    save_file(tensors, f"{path}.part", metadata)
    os.replace(f"{path}.part", path)
