/// A memory of good images' patches, with the score from which an image is called anomalous.
///
/// An image scores the largest distance of its patches to the memory. The threshold is that of images which the memory has not
/// seen: each fold's are scored with a memory of the others.
public struct AnomalyProbe: Sendable {
    public struct Options: Sendable {
        /// Of the patches, that is remembered.
        public var share: Double
        /// Patches that are remembered at most.
        public var most: Int
        /// The share of good images that may be called anomalous.
        public var falseAlarms: Double
        public var folds: Int
        public var seed: UInt64

        public init(
            share: Double = 0.1, most: Int = 2048, falseAlarms: Double = 0.01, folds: Int = 5, seed: UInt64 = 0
        ) {
            self.share = share
            self.most = most
            self.falseAlarms = falseAlarms
            self.folds = folds
            self.seed = seed
        }
    }

    public let memory: PatchMemory
    public let threshold: Double
    /// Of images that were held out.
    public let heldOut: [Double]

    /// - Parameters:
    ///   - tokens: of good images alone.
    ///   - progress: told what is done.
    public init(
        _ tokens: TokenMatrix, _ options: Options = Options(), progress: (String) -> Void = { _ in }
    ) throws(HeadError) {
        guard options.share > 0, options.share <= 1, options.most > 0 else {
            throw .invalidParameter("a memory of \(options.share) of the patches, \(options.most) at most: none")
        }
        guard (0..<1).contains(options.falseAlarms) else {
            throw .invalidParameter("false alarms \(options.falseAlarms): expected 0 to below 1")
        }
        let folds = try Folds(images: tokens.images, count: options.folds, seed: options.seed)
        guard folds.count > 1 else {
            throw .data(
                "\(tokens.images) good images in \(options.folds) folds: expected 2 of each at least, so that the threshold "
                    + "is that of images which are not remembered")
        }
        try tokens.requireFinite()
        let standardisation = tokens.standardisation()
        func memory(
            of images: [Int], _ progress: (String) -> Void
        ) throws(HeadError) -> PatchMemory {
            try PatchMemory(
                tokens, images: images, standardisation: standardisation, share: options.share, most: options.most,
                seed: options.seed, progress: progress)
        }
        var scores: [Double] = []
        for fold in 0..<folds.count {
            let held = Set(folds.rows(of: fold))
            let fitted = try memory(of: (0..<tokens.images).filter { !held.contains($0) }) {
                progress("fold \(fold + 1) of \(folds.count), \($0)")
            }
            var room = [Float](repeating: 0, count: tokens.tokens * tokens.width)
            for image in held.sorted() {
                tokens.read(image, into: &room)
                scores.append(Double(try fitted.distances(of: room).max() ?? 0))
            }
        }
        heldOut = scores
        threshold = Self.threshold(scores, falseAlarms: options.falseAlarms)
        self.memory = try memory(of: Array(0..<tokens.images), progress)
    }

    /// The smallest score that no more than that share of scores reaches.
    static func threshold(_ scores: [Double], falseAlarms: Double) -> Double {
        let ascending = scores.sorted()
        let allowed = Int(falseAlarms * Double(ascending.count))
        return ascending[ascending.count - 1 - allowed].nextUp
    }
}
