/// Where a model comes from.
public struct ModelSource: Sendable {
    public var name: String
    public var path: String
    /// Loaded when it is first asked for, not when the server starts.
    public var isOnDemand: Bool

    public init(name: String, path: String, isOnDemand: Bool = false) {
        self.name = name
        self.path = path
        self.isOnDemand = isOnDemand
    }
}
