/// Why an index cannot be opened, written or searched.
public struct IndexError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Cause: String, Sendable {
        /// There is no index at this path.
        case notFound
        /// A file is not what the format says, or not what its checksum says.
        case damaged
        /// A format or byte order that this version does not read.
        case unsupported
        /// What made its vectors is not what makes those that are to be compared with them.
        case stampMismatch
        /// A request that no index could serve.
        case invalidRequest
        /// Another process is writing to it.
        case busy
        /// The file system refused.
        case system
    }

    public let cause: Cause
    public let path: String
    /// What was expected, what was found and what to do; without the path.
    public let problem: String

    public init(_ cause: Cause, _ path: String, _ problem: String) {
        self.cause = cause
        self.path = path
        self.problem = problem
    }

    public var description: String { "\(path): \(problem)" }
}
