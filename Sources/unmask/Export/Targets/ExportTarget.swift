import ArgumentParser
import UnmaskModel
import UnmaskONNX

/// A runtime or converter that files are made for: what it sets where the command line says nothing, what is refused for
/// it and why, and what it was tried with. Rows are in `ExportTarget+Table.swift`.
struct ExportTarget: Sendable {
    let name: String
    /// The operator set that it does best with.
    let opset: Int
    /// The last operator set that it is known to read; nil: all.
    var latestOpset: Int?
    var batch = ExportBatch.dynamic
    /// How each precision comes about. What is not here is refused.
    var precisions: [ExportPrecision: PrecisionRoad] = [.fp32: .file]
    /// What to do instead, of precisions that are refused.
    var otherPrecisions = ""
    /// What samples come as, and in which order of axes, where images are prepared inside the graph.
    var samples = ExportPreprocessing.Samples.u8
    var layout = PixelLayout.nhwc
    /// What does not run there, or wrongly.
    var refusals: [Refusal] = []
    /// Where files are verified, besides onnxruntime.
    var runtimes: [PythonRuntime] = []
    /// Whether a script that converts the file stands beside it.
    var writesScript = false
    /// What files are not run in, and why.
    var untried: String?
    /// What it sets, in a sentence with the reason.
    let why: String
    /// Versions, by `make edge`.
    let tried: String

    struct Refusal: Sendable {
        let applies: @Sendable (ModelExportOptions) -> Bool
        /// What is wrong, and the way out.
        let reason: String
    }

    /// How a file of a precision is come by.
    enum PrecisionRoad: Sendable, Equatable {
        /// The ONNX file has it.
        case file
        /// The ONNX file stays float32, and the target's converter rounds, with these arguments.
        case converter([String])
    }

    /// Throws where the target does not take what is asked for.
    func check(_ options: ModelExportOptions, converts: Bool) throws {
        let precision = options.precision
        guard let road = precisions[precision] else {
            let known = ExportPrecision.allCases.filter { precisions[$0] != nil }.map(\.rawValue).joined(
                separator: ", ")
            throw ValidationError(
                "--target \(name) takes --precision \(known), not \(precision.rawValue). \(otherPrecisions)")
        }
        if case .converter(let arguments) = road, !arguments.isEmpty, !converts {
            throw ValidationError(
                "--target \(name) --precision \(precision.rawValue) needs --convert: the .onnx file stays float32, and the "
                    + "converter rounds (\(arguments.joined(separator: " ")))")
        }
        for refusal in refusals where refusal.applies(options) {
            throw ValidationError("--target \(name): \(refusal.reason)")
        }
    }

    /// The precision that the ONNX file itself has.
    func filePrecision(_ precision: ExportPrecision) -> ExportPrecision {
        precisions[precision] == .file ? precision : .fp32
    }

    /// What the converter is told for a precision.
    func converterArguments(_ precision: ExportPrecision) -> [String] {
        if case .converter(let arguments)? = precisions[precision] { arguments } else { [] }
    }
}

/// `--target`: a row of the table, or `list`.
enum TargetChoice: ExpressibleByArgument {
    case list
    case target(ExportTarget)

    init?(argument: String) {
        if argument == "list" {
            self = .list
        } else if let target = ExportTarget.all.first(where: { $0.name == argument }) {
            self = .target(target)
        } else {
            return nil
        }
    }

    static var allValueStrings: [String] { ExportTarget.all.map(\.name) + ["list"] }
}

/// `--batch`: a number, or any.
enum ExportBatch: ExpressibleByArgument {
    case fixed(Int)
    case dynamic

    init?(argument: String) {
        if argument == "dynamic" {
            self = .dynamic
        } else if let count = Int(argument), (1...4096).contains(count) {
            self = .fixed(count)
        } else {
            return nil
        }
    }

    var count: Int? {
        if case .fixed(let count) = self { count } else { nil }
    }
}
