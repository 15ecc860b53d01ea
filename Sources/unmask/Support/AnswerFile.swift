import Foundation
import UnmaskModel
import UnmaskWeights

/// What `classify` answered, as a file: of CSV a row for each label that an image was answered, one without a label for an image
/// that was answered none; else the JSON line for each image. Images without an answer stand there with their error.
///
/// The file appears under its name when it is whole.
final class AnswerFile {
    private let file: AtomicFile
    private let isCSV: Bool

    private static let header = "path,label,index,score,unknown,error"

    /// - Throws: where the name ends in neither `.csv` nor `.jsonl`, or the file cannot be made.
    init(path: String) throws {
        try PredictionFile.check(path)
        file = try AtomicFile(path: path)
        isCSV = (path as NSString).pathExtension.lowercased() == "csv"
        if isCSV { try write([Self.header]) }
    }

    /// - Parameter line: the answer as a line of JSON.
    func append(_ path: String, _ scores: [ClassScore], isUnknown: Bool?, line: @autoclosure () -> String) throws {
        guard isCSV else { return try write([line()]) }
        let unknown = isUnknown.map { "\($0)" } ?? ""
        guard !scores.isEmpty else { return try write([row([path, "", "", "", unknown, ""])]) }
        try write(scores.map { row([path, $0.label, "\($0.index)", "\($0.score)", unknown, ""]) })
    }

    func append(_ path: String, _ error: ItemError) throws {
        try write([isCSV ? row([path, "", "", "", "", error.description]) : ItemReport.line(path, error)])
    }

    func finish() throws { try file.commit() }

    private func row(_ fields: [String]) -> String { fields.map(CSV.field).joined(separator: ",") }

    private func write(_ lines: [String]) throws {
        let bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
        // Typed throws do not pass through `withUnsafeBytes`.
        let written = bytes.withUnsafeBytes { bytes in
            Result { () throws(WeightsError) in try file.append(bytes) }
        }
        try written.get()
    }
}
