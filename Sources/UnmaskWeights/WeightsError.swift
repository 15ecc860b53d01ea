/// Why a file of tensors could not be read or written: one cause, in one line, with what to do about it.
public struct WeightsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What went wrong.
    public let cause: Cause
    /// The file that was being read or written.
    public let file: String
    /// The tensor concerned, where there is one.
    public let tensor: String?
    /// What was expected and what was found.
    public let detail: String

    /// The stable name of the cause, for programs.
    public var type: String { cause.rawValue }

    /// One line: file, tensor, what was expected and found, what to do.
    public var description: String {
        let place = tensor.map { ": tensor \(quoted($0))" } ?? ""
        let remedy = cause.remedy.map { "; \($0)" } ?? ""
        return "\(singleLine(file))\(place): \(detail)\(remedy)"
    }

    init(_ cause: Cause, file: String, tensor: String? = nil, _ detail: String) {
        self.cause = cause
        self.file = file
        self.tensor = tensor
        self.detail = detail
    }
}

/// A name from a file, fit for a message: in quotes, on one line, at most 200 characters.
func quoted(_ name: some StringProtocol) -> String {
    "'\(singleLine(name.prefix(200)))\(name.prefix(201).count > 200 ? "…" : "")'"
}

/// Control characters, which could forge lines of a log, as escapes.
private func singleLine(_ text: some StringProtocol) -> String {
    guard text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
        return String(text)
    }
    return text.unicodeScalars.map { scalar in
        scalar.properties.generalCategory == .control ? scalar.escaped(asASCII: true) : String(scalar)
    }.joined()
}
