import UnmaskGraph
import UnmaskModel
import UnmaskRuntime
import UnmaskService

/// What `bench` shows.
struct BenchmarkResult {
    /// Steps of one kind together.
    struct Share {
        let kind: String
        let seconds: Double
        let flops: Int
        let arithmetic: Arithmetic
    }

    let model: String
    let batch: Int
    let tokens: Int
    let instructionSet: String
    let precision: Precision
    let threads: Int
    /// Tokens that each block merges into others.
    let merge: Int
    /// Seconds of a pass that merges nothing; nil where this one does not.
    let whole: Double?
    let median: Double
    let best: Double
    let flops: Int
    /// Operations a second of each arithmetic that products take.
    let peaks: [Arithmetic: Double]
    /// Seconds that the pass would take at those.
    let ideal: Double
    let shares: [Share]

    /// - Parameters:
    ///   - times: seconds of each pass.
    ///   - wholeTimes: of passes that merge nothing, in turns with those.
    ///   - peaks: FLOP/s by arithmetic, sampled between the passes.
    ///   - steps: of several passes; each step's median is taken.
    init(
        model: String, batch: Int, tokens: Int, session: ModelSession, plan: Plan, times: [Double],
        wholeTimes: [Double], peaks samples: [[Arithmetic: Double]], steps: [[(step: Plan.Step, seconds: Double)]]
    ) {
        self.model = model
        self.batch = batch
        self.tokens = tokens
        instructionSet = session.engine.instructionSet.rawValue
        precision = session.precision
        threads = session.engine.threads
        median = Self.median(times)
        merge = session.merge
        whole = wholeTimes.isEmpty ? nil : Self.median(wholeTimes)
        best = times.min() ?? 0
        flops = plan.flops
        let peaks = Dictionary(
            uniqueKeysWithValues: plan.arithmetics.map { arithmetic in
                (arithmetic, Self.median(samples.compactMap { $0[arithmetic] }))
            })
        self.peaks = peaks
        ideal = plan.steps.reduce(0) { $0 + Double($1.flops) / (peaks[$1.arithmetic] ?? .infinity) }
        var kinds: [String: (seconds: Double, flops: Int, arithmetic: Arithmetic)] = [:]
        for (index, entry) in (steps.first ?? []).enumerated() {
            // The same layer of all blocks together, by its name without the block.
            let words = entry.step.name.split(separator: ".").filter { Int($0) == nil && $0 != "blocks" }
            let kind = words.joined(separator: ".") + ": " + entry.step.kind
            kinds[kind, default: (0, 0, entry.step.arithmetic)].seconds += Self.median(steps.map { $0[index].seconds })
            kinds[kind, default: (0, 0, entry.step.arithmetic)].flops += entry.step.flops
        }
        shares = kinds.map {
            Share(kind: $0.key, seconds: $0.value.seconds, flops: $0.value.flops, arithmetic: $0.value.arithmetic)
        }.sorted { $0.seconds > $1.seconds }
    }

    private static func median(_ values: [Double]) -> Double {
        values.isEmpty ? 0 : values.sorted()[values.count / 2]
    }

    private var ofPeak: Double { ideal / median }

    private func ofPeak(_ share: Share) -> Double {
        Double(share.flops) / share.seconds / (peaks[share.arithmetic] ?? .infinity)
    }

    private var peakText: String {
        peaks.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.key.rawValue) \(fixed($0.value / 1e9, 1))" }
            .joined(separator: ", ")
    }

    var json: String {
        jsonLine { line in
            line.field("model", model)
            line.field("batch", batch)
            line.field("tokens", tokens)
            line.field("isa", instructionSet)
            line.field("precision", precision.rawValue)
            line.field("threads", threads)
            line.field("median_ms", median * 1e3)
            line.field("best_ms", best * 1e3)
            if let whole {
                line.field("merge", merge)
                line.field("whole_ms", whole * 1e3)
                line.field("speedup", whole / median)
            }
            line.field("images_per_s", Double(batch) / median)
            line.field("gflops", Double(flops) / median / 1e9)
            line.key("peak_gflops")
            line.object { object in
                for (arithmetic, peak) in peaks.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                    object.field(arithmetic.rawValue, peak / 1e9)
                }
            }
            line.field("of_peak", ofPeak)
            guard !shares.isEmpty else { return }
            line.key("steps")
            line.array(of: shares) { array, share in
                array.object {
                    $0.field("kind", share.kind)
                    $0.field("ms", share.seconds * 1e3)
                    $0.field("of_peak", ofPeak(share))
                }
            }
        }
    }

    var text: String {
        var facts = Table(["model", model])
        facts.add([
            "pass", "batch \(batch), \(tokens) tokens, \(precision.rawValue), \(instructionSet), \(threads) threads",
        ])
        facts.add(["median", "\(fixed(median * 1e3)) ms (best \(fixed(best * 1e3)) ms)"])
        if let whole {
            facts.add([
                "merge \(merge)", "\(fixed(whole / median)) times as fast as none (\(fixed(whole * 1e3)) ms)",
            ])
        }
        facts.add(["images a second", fixed(Double(batch) / median)])
        facts.add([
            "GFLOP/s",
            "\(fixed(Double(flops) / median / 1e9, 1)), \(fixed(100 * ofPeak, 1)) % of the peaks (\(peakText))",
        ])
        guard !shares.isEmpty else { return facts.text }
        var table = Table(["step", "ms", "of the peak"], numeric: [1, 2])
        for share in shares {
            table.add([
                share.kind, fixed(share.seconds * 1e3, 3), fixed(100 * ofPeak(share), 1) + " %",
            ])
        }
        return facts.text + "\n\n" + table.text
    }
}
