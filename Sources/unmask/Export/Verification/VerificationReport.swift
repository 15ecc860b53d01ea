import Foundation
import UnmaskModel
import UnmaskONNX
import UnmaskService

/// How close one backend's output comes to Unmask's own.
struct OutputComparison {
    let name: String
    /// Between an image's numbers here and there: the mean over the images, and the least.
    private(set) var cosine = 0.0
    private(set) var leastCosine = 1.0
    /// The largest difference, and the same as a share of the largest number expected.
    private(set) var largestDifference = 0.0
    private(set) var relative = 0.0
    /// The share of images whose largest number stands at the same place; nil where outputs are no classes.
    private(set) var agreement: Double?

    /// - Parameter rows: an image's numbers, expected and found.
    init(name: String, rows: [(expected: ArraySlice<Float>, found: ArraySlice<Float>)], areClasses: Bool) {
        self.name = name
        var (largest, agreeing) = (0.0, 0)
        for (expected, found) in rows {
            var (dot, a, b) = (0.0, 0.0, 0.0)
            for (x, y) in zip(expected, found) {
                let (x, y) = (Double(x), Double(y))
                dot += x * y
                a += x * x
                b += y * y
                largest = max(largest, abs(x))
                // A NaN must not pass for a small difference.
                largestDifference = (x - y).isNaN ? .infinity : max(largestDifference, abs(x - y))
            }
            let cosine = a > 0 && b > 0 ? dot / (a * b).squareRoot() : (a == b ? 1 : 0)
            self.cosine += (cosine.isNaN ? 0 : cosine) / Double(rows.count)
            leastCosine = min(leastCosine, cosine.isNaN ? 0 : cosine)
            agreeing += VerificationReport.best(expected) == VerificationReport.best(found) ? 1 : 0
        }
        relative = largest > 0 ? largestDifference / largest : largestDifference
        if areClasses, !rows.isEmpty { agreement = Double(agreeing) / Double(rows.count) }
    }
}

/// What `export --verify` found.
struct VerificationReport {
    struct Backend {
        let name: String
        let outputs: [OutputComparison]
        /// The share of labelled images that were named right.
        let accuracy: Double?
        /// Of a pass over one batch.
        let milliseconds: Double?
        let problems: [String]
    }

    let file: String
    let options: ModelExportOptions
    let images: Int
    /// Of Unmask's own engine.
    let accuracy: Double?
    var backends: [Backend] = []
    /// What the file is for but was not run in, and why.
    var untried: [String] = []

    var problems: [String] { backends.flatMap { backend in backend.problems.map { "\(backend.name): \($0)" } } }

    static func best(_ row: ArraySlice<Float>) -> Int? {
        row.indices.max { row[$0] < row[$1] }.map { $0 - row.startIndex }
    }

    var json: String {
        jsonLine { line in
            line.field("file", file)
            line.field("part", options.part.rawValue)
            line.field("precision", options.precision.rawValue)
            line.field("opset", options.opset)
            line.field("images", images)
            if let accuracy { line.field("top1", accuracy) }
            line.field("passed", problems.isEmpty)
            if !untried.isEmpty {
                line.key("untried")
                line.array(of: untried) { $0.value($1) }
            }
            line.key("backends")
            line.array(of: backends) { array, backend in
                array.object {
                    $0.field("name", backend.name)
                    if let accuracy = backend.accuracy { $0.field("top1", accuracy) }
                    if let milliseconds = backend.milliseconds { $0.field("milliseconds", milliseconds) }
                    $0.field("passed", backend.problems.isEmpty)
                    $0.key("outputs")
                    $0.array(of: backend.outputs) { array, output in
                        array.object {
                            $0.field("name", output.name)
                            $0.field("cosine", output.cosine)
                            $0.field("least_cosine", output.leastCosine)
                            $0.field("max_abs", output.largestDifference)
                            $0.field("relative", output.relative)
                            if let agreement = output.agreement { $0.field("top1_agreement", agreement) }
                        }
                    }
                }
            }
        }
    }

    var text: String {
        var table = Table(
            ["", "output", "cosine", "least", "max abs", "relative", "same top-1", "top-1", "ms"],
            numeric: [2, 3, 4, 5, 6, 7, 8])
        func percent(_ share: Double?) -> String { share.map { fixed(100 * $0) + " %" } ?? "" }
        if accuracy != nil { table.add(["unmask", "", "", "", "", "", "", percent(accuracy), ""]) }
        for backend in backends {
            for output in backend.outputs {
                table.add([
                    backend.name, output.name, fixed(output.cosine, 6), fixed(output.leastCosine, 6),
                    scientific(output.largestDifference), scientific(output.relative), percent(output.agreement),
                    percent(backend.accuracy), backend.milliseconds.map { fixed($0, 1) } ?? "",
                ])
            }
        }
        return ([table.text] + untried.map { "untried: \($0)" }).joined(separator: "\n")
    }

    private func scientific(_ number: Double) -> String { String(format: "%.1e", number) }
}
