/// What a head does with vectors, or with patch tokens.
public enum HeadKind: String, Sendable, Codable {
    /// Efficient probing: queries that attend to the patch tokens.
    case ep
    /// Multi-head attention pooling of the patch tokens.
    case attentive
    case linear, knn, tag, regress
    /// The class of every pixel.
    case segment
    /// How strange an image looks, and where.
    case anomaly
    case project
}

/// What says how strange a patch looks.
public enum AnomalyMeasure: String, Sendable, Codable {
    /// The distance of its token to those of good images.
    case memory
    /// The error of its masked reconstruction.
    case reconstruction
    /// The mean of where both stand among good images.
    case both
}

/// A head that the server put under a name.
public struct FittedHead: Sendable, Decodable {
    public let name: String
    /// Whether there was one of that name.
    public let replaced: Bool
    /// Images that it was fitted on; nil for one that was read from a file.
    public let examples: Int?
    public let head: Description

    public struct Description: Sendable, Decodable {
        public let kind: HeadKind
        /// Of the outputs, in order.
        public let labels: [String]
        /// Of the vectors that it reads.
        public let stamp: Stamp
    }
}

struct UnloadReply: Decodable {
    var wasLoaded: Bool
}
