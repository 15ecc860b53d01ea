"""Throughput over the socket, JPEG photographs as frames, against the engine's own at the same batch size, in turns:
ViT-B/16, batches of 8. At least 95 % of it must remain: decoding and resizing are hidden behind the engine."""

from statistics import median

from harness import Server, Trial, engine_alone, load, options
from vit_b_16 import checkpoint, photographs

BATCH, ROUNDS = 8, 5


def main():
    o = options(__doc__)
    trial = Trial("throughput over the socket against the engine's own", o)
    seconds = o.seconds or 10
    model, images = checkpoint(o), photographs()
    over_socket, engine = [], []
    with Server(o, "--batch", BATCH, model=model) as server:
        for _ in range(ROUNDS):
            engine.append(engine_alone(o, model, BATCH, max(3, round(seconds / 0.7)))["images_per_s"])
            flow = ["--connections", 4, "--in-flight", 2 * BATCH // 4 * 2, "--duration", seconds, "--image", images]
            over_socket.append(load(o, server, *flow)["images_per_s"])
    ratios = [a / b for a, b in zip(over_socket, engine)]
    trial.figure("engine alone, each round", [round(rate, 2) for rate in engine], "images/s")
    trial.figure("over the socket, each round", [round(rate, 2) for rate in over_socket], "images/s")
    trial.figure("median of the rounds' ratios", median(ratios))
    trial.check("at least 95 % of the engine's own", median(ratios) >= 0.95)
    trial.finish()


if __name__ == "__main__":
    main()
