/// Why a head could not be fitted, read or used.
public enum HeadError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A file that is no head, or not one that this version reads.
    case unreadable(String)
    case unwritable(String)
    /// What a head is to be fitted on does not fit together, or is too little.
    case data(String)
    /// A parameter of the fit.
    case invalidParameter(String)
    /// The head was fitted on other vectors than those it is given.
    case otherBackbone(String)
    /// A head of another kind is needed.
    case unsupported(String)
    /// The linear algebra library is missing, or failed.
    case algebra(String)

    /// The closed list of names that JSON errors carry.
    public var type: String {
        switch self {
        case .unreadable: "head_unreadable"
        case .unwritable: "unwritable"
        case .data: "data_invalid"
        case .invalidParameter: "invalid_params"
        case .otherBackbone: "head_mismatch"
        case .unsupported: "head_unsupported"
        case .algebra: "internal"
        }
    }

    public var description: String {
        switch self {
        case .unreadable(let text), .unwritable(let text), .data(let text), .invalidParameter(let text),
            .otherBackbone(let text), .unsupported(let text), .algebra(let text):
            text
        }
    }
}
