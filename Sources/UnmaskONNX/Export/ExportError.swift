/// Why a graph cannot be written as ONNX.
public enum ONNXExportError: Error, Sendable, Equatable, CustomStringConvertible {
    /// An operation has no form in the operator set, or not with these operands.
    case unsupported(node: String, String)
    /// Choices that exclude one another, or that the format does not have.
    case invalidOptions(String)
    /// The file could not be written.
    case unwritable(String)

    static func unsupported(node: String, _ op: String, needs opset: Int, have: Int) -> ONNXExportError {
        .unsupported(node: node, "\(op) needs opset \(opset) or later; \(have) was asked for")
    }

    public var description: String {
        switch self {
        case .unsupported(let node, let problem): "node “\(node)” cannot be written as ONNX: \(problem)"
        case .invalidOptions(let text), .unwritable(let text): text
        }
    }
}
