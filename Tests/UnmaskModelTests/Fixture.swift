import Foundation
import Testing
import UnmaskGraph
import UnmaskModel
import UnmaskWeights

/// The committed fixtures, made by the scripts in Tests/Oracles/model.
enum Fixture {
    static let root = Bundle.module.resourceURL?.appendingPathComponent("Fixtures").path ?? "Fixtures"

    /// Other libraries' models as ONNX, which the tests of UnmaskONNX have too.
    static let foreign = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("UnmaskONNXTests/Fixtures/foreign").path

    /// What is shipped.
    static let models = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("models").path

    static func json<T: Decodable>(_ path: String, as type: T.Type = T.self) throws -> T {
        try JSONDecoder().decode(T.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// A float32 array and its shape.
    static func array(_ path: String) throws -> (values: [Float], shape: [Int]) {
        let tensor = try NPYFile(path: path).tensor
        return (try #require(tensor.floats()), tensor.shape)
    }

    static func integers(_ path: String) throws -> [Int] {
        let tensor = try NPYFile(path: path).tensor
        return tensor.withBytes { bytes in
            (0..<tensor.count).map { Int(bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Int32.self)) }
        }
    }
}

/// How far two arrays are apart, as the project measures it.
struct Distance: CustomStringConvertible {
    let relative: Double
    let cosine: Double

    init(_ found: [Float], _ expected: [Float]) {
        var worst = 0.0
        var largest = 0.0
        var dot = 0.0
        var a = 0.0
        var b = 0.0
        for (x, y) in zip(found, expected) {
            worst = x.isNaN ? .infinity : max(worst, abs(Double(x) - Double(y)))
            largest = max(largest, abs(Double(y)))
            dot += Double(x) * Double(y)
            a += Double(x) * Double(x)
            b += Double(y) * Double(y)
        }
        relative = worst / largest
        cosine = dot / (a * b).squareRoot()
    }

    /// max|Δ| ≤ 2·10⁻⁴ · max|reference| and cosine ≥ 0.999999.
    var isClose: Bool { relative <= 2e-4 && cosine >= 0.999999 }
    var description: String { "relative \(relative), cosine \(cosine)" }
}
