public import UnmaskImage

/// What a forward pass gave for one image. It is an answer only if all of its numbers are finite: finite weights, too, may
/// overflow on the way.
public protocol NumericResult: Sendable {
    /// Such as `embedding`, for errors.
    static var resultName: String { get }
    var isFinite: Bool { get }
}

extension NumericResult {
    public func checkFinite() throws(NonFiniteResult) {
        guard isFinite else { throw NonFiniteResult(resultName: Self.resultName) }
    }
}

/// A result with a NaN or an infinity in it.
public struct NonFiniteResult: Error, Sendable, Equatable, CustomStringConvertible {
    public let resultName: String

    public init(resultName: String) {
        self.resultName = resultName
    }

    /// The protocol's error type.
    public var type: String { "internal" }
    public var message: String {
        "the \(resultName) has numbers that are not finite: check the model's weights"
    }
    public var description: String { "\(type): \(message)" }
}

extension Embedding: NumericResult {
    public static var resultName: String { "embedding" }
    public var isFinite: Bool { values.allSatisfy(\.isFinite) }
}

extension [ClassScore]: NumericResult {
    public static var resultName: String { "classification" }
    public var isFinite: Bool { allSatisfy(\.score.isFinite) }
}

extension Reconstruction: NumericResult {
    public static var resultName: String { "reconstruction" }
    public var isFinite: Bool { prediction.allSatisfy(\.isFinite) && patchErrors.allSatisfy(\.isFinite) }
}

/// Bytes are.
extension PixelImage: NumericResult {
    public static var resultName: String { "picture" }
    public var isFinite: Bool { true }
}
