public import UnmaskGraph

/// What a person asks of a model's arithmetic: a precision, or the fastest that the model bears on this machine.
public enum PrecisionChoice: Sendable, Hashable {
    case fixed(Precision)
    case automatic

    /// `file`, `f32`, `bf16`, `int8` or `auto`.
    public init?(name: String) {
        if name == "auto" {
            self = .automatic
        } else {
            guard let precision = Precision(rawValue: name) else { return nil }
            self = .fixed(precision)
        }
    }

    public static let names = Precision.allCases.map(\.rawValue) + ["auto"]
}

extension Precision {
    /// The least cosine between a vector in this precision and its float32 one that is still the same answer.
    public var leastCosine: Double {
        switch self {
        case .f32: 0.999999
        case .bf16: 0.9995
        case .int8, .file: 0.99
        }
    }
}
