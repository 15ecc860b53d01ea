"""Four times the requests that the server can take, for 60 seconds: what is refused must be refused within 5 ms, what is
accepted must keep a p99 under twice the unloaded time of a batch, memory must stay flat, and afterwards all must be as
before. ViT-B/16, batches of 8, JPEG photographs as frames."""

import time

from harness import Server, Trial, Watch, load, mebibytes, options
from vit_b_16 import checkpoint, photographs

BATCH = 8


def main():
    o = options(__doc__)
    trial = Trial("overload at four times capacity", o)
    seconds = o.seconds or 60
    model, images = checkpoint(o), photographs()
    common = ["--image", images]
    with Server(o, "--batch", BATCH, model=model) as server:
        unloaded = load(o, server, *common, "--images-per-request", BATCH, "--duration", 8)["latency_ms"]["p50"]
        capacity = load(o, server, *common, "--connections", 4, "--in-flight", BATCH, "--duration", 12)["images_per_s"]
    trial.figure("unloaded time of a batch of 8", unloaded, "ms")
    trial.figure("capacity", capacity, "images/s")
    # Of twice a batch's time one belongs to the request's own batch; a little of the other is kept for chance.
    with Server(o, "--batch", BATCH, "--queue-wait", round(0.9 * unloaded), model=model) as server:
        calm = ["--rate", capacity / 2, "--connections", 16, "--duration", 10]
        before = load(o, server, *common, *calm)
        with Watch(server) as watch:
            over = load(o, server, *common, "--rate", 4 * capacity, "--connections", 64, "--duration", seconds)
        time.sleep(2)
        after = load(o, server, *common, *calm)
    refused = over["refused"].get("overloaded", {"count": 0, "p50": 0, "p99": 0, "max": 0})
    late = [bytes_ for at, bytes_ in watch.samples if at > seconds / 6]
    trial.figure("offered", 4 * capacity, "requests/s")
    trial.figure("accepted and answered", over["requests_per_s"], "images/s")
    trial.figure("p50, p99 of the accepted", [over["latency_ms"]["p50"], over["latency_ms"]["p99"]], "ms")
    trial.figure("refused", refused["count"])
    trial.figure("p50, p99, max of the refusals", [refused["p50"], refused["p99"], refused["max"]], "ms")
    trial.figure("memory after a sixth of the time, and its most after", [mebibytes(late[0]), mebibytes(max(late))], "MiB")
    trial.figure("at half load, p99 before and after", [before["latency_ms"]["p99"], after["latency_ms"]["p99"]], "ms")
    trial.check("every request has an answer", over["lost"] == over["unexpected"] == 0)
    trial.check("nothing but overloaded refuses", set(over["refused"]) == {"overloaded"})
    trial.check("refused within 5 ms (p99)", refused["p99"] <= 5)
    trial.check("accepted: p99 under twice the unloaded time of a batch", over["latency_ms"]["p99"] < 2 * unloaded)
    trial.check("at least 80 % of the capacity is still served", over["requests_per_s"] > 0.8 * capacity)
    trial.check("memory flat: at most 5 % more", max(late) <= 1.05 * late[0])
    trial.check("afterwards nothing is refused", not after["refused"] and after["lost"] == 0)
    trial.check(
        "afterwards p99 as before (within a batch's time)",
        after["latency_ms"]["p99"] <= before["latency_ms"]["p99"] + unloaded,
    )
    trial.finish()


if __name__ == "__main__":
    main()
