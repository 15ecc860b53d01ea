import UnmaskRuntime
import UnmaskService

/// What `bench` shows.
struct BenchmarkResult {
    /// Steps of one kind together.
    struct Share {
        let kind: String
        let seconds: Double
        let flops: Int
    }

    let model: String
    let batch: Int
    let tokens: Int
    let instructionSet: String
    let threads: Int
    let median: Double
    let best: Double
    let flops: Int
    let peak: Double
    let shares: [Share]

    /// - Parameters:
    ///   - times: seconds of each pass.
    ///   - peaks: FLOP/s, sampled between the passes.
    ///   - steps: of several passes; each step's median is taken.
    init(
        model: String, batch: Int, tokens: Int, engine: Engine, flops: Int, times: [Double], peaks: [Double],
        steps: [[(step: Plan.Step, seconds: Double)]]
    ) {
        self.model = model
        self.batch = batch
        self.tokens = tokens
        instructionSet = engine.instructionSet.rawValue
        threads = engine.threads
        median = Self.median(times)
        best = times.min() ?? 0
        self.flops = flops
        peak = Self.median(peaks)
        var kinds: [String: (seconds: Double, flops: Int)] = [:]
        for (index, entry) in (steps.first ?? []).enumerated() {
            // The same layer of all blocks together, by its name without the block.
            let words = entry.step.name.split(separator: ".").filter { Int($0) == nil && $0 != "blocks" }
            let kind = words.joined(separator: ".") + ": " + entry.step.kind
            kinds[kind, default: (0, 0)].seconds += Self.median(steps.map { $0[index].seconds })
            kinds[kind, default: (0, 0)].flops += entry.step.flops
        }
        shares = kinds.map { Share(kind: $0.key, seconds: $0.value.seconds, flops: $0.value.flops) }
            .sorted { $0.seconds > $1.seconds }
    }

    private static func median(_ values: [Double]) -> Double {
        values.isEmpty ? 0 : values.sorted()[values.count / 2]
    }

    private func ofPeak(_ flops: Int, _ seconds: Double) -> Double {
        Double(flops) / seconds / peak
    }

    var json: String {
        jsonLine { line in
            line.field("model", model)
            line.field("batch", batch)
            line.field("tokens", tokens)
            line.field("isa", instructionSet)
            line.field("threads", threads)
            line.field("median_ms", median * 1e3)
            line.field("best_ms", best * 1e3)
            line.field("images_per_s", Double(batch) / median)
            line.field("gflops", Double(flops) / median / 1e9)
            line.field("peak_gflops", peak / 1e9)
            line.field("of_peak", ofPeak(flops, median))
            guard !shares.isEmpty else { return }
            line.key("steps")
            line.array(of: shares) { array, share in
                array.object {
                    $0.field("kind", share.kind)
                    $0.field("ms", share.seconds * 1e3)
                    $0.field("of_peak", ofPeak(share.flops, share.seconds))
                }
            }
        }
    }

    var text: String {
        var facts = Table(["model", model])
        facts.add(["pass", "batch \(batch), \(tokens) tokens, \(instructionSet), \(threads) threads"])
        facts.add(["median", "\(fixed(median * 1e3)) ms (best \(fixed(best * 1e3)) ms)"])
        facts.add(["images a second", fixed(Double(batch) / median)])
        facts.add([
            "GFLOP/s",
            "\(fixed(Double(flops) / median / 1e9, 1)), "
                + "\(fixed(100 * ofPeak(flops, median), 1)) % of the peak of \(fixed(peak / 1e9, 1))",
        ])
        guard !shares.isEmpty else { return facts.text }
        var table = Table(["step", "ms", "of the peak"], numeric: [1, 2])
        for share in shares {
            table.add([
                share.kind, fixed(share.seconds * 1e3, 3), fixed(100 * ofPeak(share.flops, share.seconds), 1) + " %",
            ])
        }
        return facts.text + "\n\n" + table.text
    }
}
