import Foundation
import UnmaskModel
import UnmaskWeights

/// What a labelled image was answered.
struct Prediction {
    /// The image's place in its set, and what results call it.
    let index: Int
    let name: String
    /// What it is: its labels, or a regression's quantities.
    let expected: [String]
    /// The highest score first.
    let scores: [ClassScore]
    let isUnknown: Bool

    /// Whether the first answer is the image's label.
    var isRight: Bool { scores.first.map { expected == [$0.label] } ?? false }
}

/// Predictions as a file: a row of CSV, or a JSON line, for each image.
enum PredictionFile {
    /// - Throws: where the name ends in neither `.csv` nor `.jsonl`.
    static func check(_ path: String) throws {
        guard ["csv", "jsonl"].contains(ending(path)) else {
            throw ValidationFailure("\(path): predictions are written as .csv or .jsonl")
        }
    }

    static func write(_ predictions: [Prediction], to path: String) throws {
        let lines = ending(path) == "csv" ? [header] + predictions.map(row) : predictions.map(line)
        try AtomicFile.save((lines.joined(separator: "\n") + "\n").utf8, as: path)
    }

    private static func ending(_ path: String) -> String { (path as NSString).pathExtension.lowercased() }

    private static let header = "path,expected,answer,score,unknown"

    /// Several labels are separated by `;`.
    private static func row(_ prediction: Prediction) -> String {
        let first = prediction.scores.first
        return [
            prediction.name, prediction.expected.joined(separator: ";"), first?.label ?? "",
            first.map { "\($0.score)" } ?? "", prediction.isUnknown ? "true" : "false",
        ].map(CSV.field).joined(separator: ",")
    }

    private static func line(_ prediction: Prediction) -> String {
        jsonLine { line in
            line.field("path", prediction.name)
            line.key("expected")
            line.array(of: prediction.expected) { $0.value($1) }
            line.scores(prediction.scores.prefix(5))
            line.field("unknown", prediction.isUnknown)
        }
    }
}
