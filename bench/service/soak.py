"""100,000 requests to the shipped small model: resident memory at the end must be within 5 % of that after the first
5,000."""

from harness import SAMPLES, Server, Trial, load, mebibytes, options

FIRST, ALL = 5_000, 100_000


def main():
    o = options(__doc__)
    trial = Trial("100,000 requests", o)
    arguments = ["--image", SAMPLES, "--connections", 16, "--in-flight", 4, "--warm-up", 0]
    with Server(o) as server:
        load(o, server, *arguments, "--count", FIRST)
        early = server.resident()
        rest = load(o, server, *arguments, "--count", ALL - FIRST)
        late = server.resident()
    trial.figure("throughput", rest["requests_per_s"], "requests/s")
    trial.figure("p50, p99", [rest["latency_ms"]["p50"], rest["latency_ms"]["p99"]], "ms")
    trial.figure("memory after 5,000", mebibytes(early), "MiB")
    trial.figure("memory after 100,000", mebibytes(late), "MiB")
    trial.figure("ratio", late / early)
    trial.check("all are answered", rest["answered"] == ALL - FIRST and rest["lost"] == rest["unexpected"] == 0)
    trial.check("memory within 5 %", late <= 1.05 * early)
    trial.finish()


if __name__ == "__main__":
    main()
