/// Square windows of tokens, zeros standing where the grid ends (Li et al. 2022).
public struct WindowPlan: Sendable, Equatable, Codable {
    /// Tokens along each side of a window.
    public var side: Int
    /// Blocks whose tokens attend to all.
    public var global: [Int]

    public init(side: Int, global: [Int]) {
        self.side = side
        self.global = global
    }
}

/// Two convolutions, each with a norm behind it, that make tokens of another width (SAM).
public struct Neck: Sendable, Equatable, Codable {
    public var width: Int
    public var epsilon: Float

    public init(width: Int, epsilon: Float) {
        self.width = width
        self.epsilon = epsilon
    }
}
