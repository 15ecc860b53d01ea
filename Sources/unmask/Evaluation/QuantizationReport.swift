import UnmaskGraph
import UnmaskModel
import UnmaskService

/// What `quantize` shows.
struct QuantizationReport {
    let model: Model
    let quantised: QuantisedModel
    let isSmoothed: Bool
    let images: Int
    /// Whether the images are a person's, not patterns.
    let areSamples: Bool
    let comparisons: [OutputComparison]
    /// Of a pass in int8 over one in float32, here.
    let speedup: Double
    /// What products were computed in.
    let precision: Precision

    /// Below this int8 is not worth its rounding.
    private static let leastSpeedup = 1.2

    private var recommendation: String {
        if precision != .int8 {
            return "not recommended: this processor has no int8 kernels that are faster than float32's"
        }
        let ratio = "\(fixed(speedup, 2)) times float32's speed here"
        let least = comparisons.map(\.leastCosine).min() ?? 0
        if least < Precision.int8.leastCosine {
            return
                "not recommended: the least cosine is \(fixed(least, 4)), expected at least \(Precision.int8.leastCosine)"
        }
        return speedup >= Self.leastSpeedup ? "recommended: \(ratio)" : "not recommended: only \(ratio)"
    }

    private var worst: [QuantisedModel.Layer] { Array(quantised.layers.prefix(5)) }

    var text: String {
        var facts = Table(["model", model.name])
        let (before, after) = (Double(model.storedBytes) / 1_048_576, Double(quantised.model.storedBytes) / 1_048_576)
        facts.add(["size", "\(fixed(after, 1)) MiB, from \(fixed(before, 1))"])
        facts.add(["weights", "\(quantised.layers.count) in int8" + (isSmoothed ? ", channels evened out" : "")])
        facts.add([
            "compared on",
            areSamples ? "\(images) images" : "\(images) patterns; --calibrate with images says what yours lose",
        ])
        facts.add(["verdict", recommendation])
        var table = Table(["answers", "cosine, mean", "least", "same class"], numeric: [1, 2, 3])
        for comparison in comparisons {
            table.add([
                comparison.name, fixed(comparison.cosine, 6), fixed(comparison.leastCosine, 6),
                comparison.agreement.map { fixed(100 * $0, 1) + " %" } ?? "",
            ])
        }
        var layers = Table(["worst layers", "relative error"], numeric: [1])
        for layer in worst { layers.add([layer.name, fixed(100 * layer.relativeError, 2) + " %"]) }
        return [facts.text, table.text, layers.text].joined(separator: "\n\n")
    }

    var json: String {
        jsonLine { line in
            line.field("model", model.name)
            line.field("bytes_before", model.storedBytes)
            line.field("bytes", quantised.model.storedBytes)
            line.field("smoothed", isSmoothed)
            line.field("images", images)
            line.field("precision", precision.rawValue)
            line.field("speedup", speedup)
            line.field("verdict", recommendation)
            line.key("answers")
            line.array(of: comparisons) { array, comparison in
                array.object {
                    $0.field("name", comparison.name)
                    $0.field("cosine", comparison.cosine)
                    $0.field("least_cosine", comparison.leastCosine)
                    if let agreement = comparison.agreement { $0.field("agreement", agreement) }
                }
            }
            line.key("worst_layers")
            line.array(of: worst) { array, layer in
                array.object {
                    $0.field("name", layer.name)
                    $0.field("relative_error", layer.relativeError)
                }
            }
        }
    }
}
