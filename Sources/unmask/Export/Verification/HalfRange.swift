import Foundation
import UnmaskModel
import UnmaskONNX
import UnmaskRuntime

/// Watches how large the values become that a float16 file holds in float16: beyond 65,504 they would be infinite.
struct HalfRange {
    /// Half of the largest number: other images than those that are watched may go further.
    private static let largest: Float = 65_504 / 2
    /// Values that are asked for in one pass: their memory stays bounded, and passes few.
    private static let valuesOfAPass = 128

    private let model: Model
    private let options: ModelExportOptions
    private let engine: Engine

    init(_ model: Model, _ options: ModelExportOptions, engine: Engine) {
        self.model = model
        self.options = options
        self.engine = engine
    }

    /// The largest magnitude of each value that goes beyond.
    func overflowing(_ samples: SampleImages) throws -> [String: Float] {
        let names = try model.onnx(options, producerVersion: "").halfValues
        var exact = options
        exact.precision = .fp32
        let folder = try TemporaryFolder(named: "unmask-range")
        defer { withExtendedLifetime(folder) {} }
        let file = folder.path + "/model.onnx"
        try model.onnx(exact, producerVersion: "").write(to: file)
        let batches = try VerificationReference(model, exact, engine: engine).batches(samples, of: 1)
        var found: [String: Float] = [:]
        for start in stride(from: 0, to: names.count, by: Self.valuesOfAPass) {
            let some = Array(names[start..<min(start + Self.valuesOfAPass, names.count)])
            let backend = EngineBackend(model: file, layout: exact.pixelLayout, outputs: some, engine: engine)
            for batch in batches {
                for (name, values) in try backend.run(batch) {
                    let largest = values.reduce(Float(0)) { $1.isNaN ? .infinity : max($0, abs($1)) }
                    if largest > Self.largest { found[name] = max(found[name] ?? 0, largest) }
                }
            }
        }
        return found
    }
}
