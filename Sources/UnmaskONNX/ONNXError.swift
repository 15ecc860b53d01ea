/// Why an ONNX file could not be read, imported or written: one cause, in one line, with what to do about it.
public struct ONNXError: Error, Sendable, Equatable, CustomStringConvertible {
    /// An operator that cannot run here, and one node that asks for it.
    public struct UnsupportedOperator: Sendable, Equatable, CustomStringConvertible {
        /// The operator's name, with its domain before it unless that is ONNX's own.
        public let op: String
        /// The operator set that the model imports for the domain.
        public let opset: Int?
        public let node: String
        /// What is not supported, where it is not the operator as such.
        public let detail: String?

        public init(op: String, opset: Int?, node: String, detail: String? = nil) {
            self.op = op
            self.opset = opset
            self.node = node
            self.detail = detail
        }

        /// What cannot run, without where.
        var what: String {
            let version = opset.map(String.init) ?? "not imported"
            return singleLine(op.prefix(200)) + " (opset \(version))" + (detail.map { ", \(singleLine($0))," } ?? "")
        }

        public var description: String { "\(what) at \(quoted(node))" }
    }

    /// What went wrong.
    public let cause: Cause
    /// The file that was being read or written.
    public let file: String
    /// What was expected and what was found, with the tensor or node that it concerns.
    public let detail: String
    /// For `operatorsUnsupported`: all of them, in the order of the nodes.
    public let unsupported: [UnsupportedOperator]

    init(_ cause: Cause, file: String, _ detail: String, unsupported: [UnsupportedOperator] = []) {
        self.cause = cause
        self.file = file
        self.detail = detail
        self.unsupported = unsupported
    }

    /// The stable name of the cause, for programs.
    public var type: String { cause.rawValue }

    /// One line: file, what was expected and found, what to do.
    public var description: String {
        "\(singleLine(file)): \(detail)" + (cause.remedy.map { "; \($0)" } ?? "")
    }
}

/// A name from a file, fit for a message: in quotes, on one line, at most 200 characters.
func quoted(_ name: some StringProtocol) -> String {
    "“\(singleLine(name.prefix(200)))\(name.prefix(201).count > 200 ? "…" : "")”"
}

/// Control characters, which could forge lines of a log, as escapes.
func singleLine(_ text: some StringProtocol) -> String {
    guard text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
        return String(text)
    }
    return text.unicodeScalars.map { scalar in
        scalar.properties.generalCategory == .control ? scalar.escaped(asASCII: true) : String(scalar)
    }.joined()
}
