/// What says how strange images look, fitted on good ones, with the score from which an image is called anomalous.
///
/// An image scores the largest of its patches'. The threshold is that of images which were held out: each fold's are scored with
/// a memory of the others.
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

    public let scoring: PatchScoring
    public let threshold: Double
    /// Of images that were held out.
    public let heldOut: [Double]

    /// - Parameters:
    ///   - patches: what is read of the patches of good images alone; of `reconstruction` and `both` errors are the last column.
    ///   - progress: told what is done.
    public init(
        _ patches: TokenMatrix, by measure: AnomalyMeasure = .memory, _ options: Options = Options(),
        progress: (String) -> Void = { _ in }
    ) throws(HeadError) {
        guard options.share > 0, options.share <= 1, options.most > 0 else {
            throw .invalidParameter("a memory of \(options.share) of the patches, \(options.most) at most: none")
        }
        guard (0..<1).contains(options.falseAlarms) else {
            throw .invalidParameter("false alarms \(options.falseAlarms): expected 0 to below 1")
        }
        try patches.requireFinite()
        let width = patches.width - (measure == .memory ? 0 : 1)
        let errors = measure == .memory ? [] : Self.rows(of: patches.columns(width..<patches.width))
        guard measure != .reconstruction else {
            scoring = .reconstruction
            heldOut = errors.map { Double(PatchScoring.largest($0)) }
            threshold = Self.threshold(heldOut, falseAlarms: options.falseAlarms)
            return
        }
        let remembering = try Remembering(patches.columns(0..<width), options)
        let distances = try remembering.heldOutDistances(progress)
        let memory = try remembering.memory(of: Array(0..<patches.images), progress)
        var scores = distances.map(PatchScoring.largest)
        if measure == .memory {
            scoring = .memory(memory)
        } else {
            let memoryRanks = try ScoreRanks(scores)
            let errorRanks = try ScoreRanks(errors.map(PatchScoring.largest))
            scores = zip(distances, errors).map {
                PatchScoring.largest(PatchScoring.mean($0, memoryRanks, $1, errorRanks))
            }
            scoring = .both(memory, memoryRanks: memoryRanks, errorRanks: errorRanks)
        }
        heldOut = scores.map(Double.init)
        threshold = Self.threshold(heldOut, falseAlarms: options.falseAlarms)
    }

    private static func rows(of patches: TokenMatrix) -> [[Float]] {
        (0..<patches.images).map { image in
            var row = [Float](repeating: 0, count: patches.tokens * patches.width)
            patches.read(image, into: &row)
            return row
        }
    }

    /// The smallest score that no more than that share of scores reaches.
    static func threshold(_ scores: [Double], falseAlarms: Double) -> Double {
        let ascending = scores.sorted()
        let allowed = Int(falseAlarms * Double(ascending.count))
        return ascending[ascending.count - 1 - allowed].nextUp
    }

    /// Memories of images' tokens, and of those that are held out how far they are from what is remembered of the others.
    private struct Remembering {
        let tokens: TokenMatrix
        let options: Options
        let folds: Folds
        let standardisation: Standardisation

        init(_ tokens: TokenMatrix, _ options: Options) throws(HeadError) {
            folds = try Folds(images: tokens.images, count: options.folds, seed: options.seed)
            guard folds.count > 1 else {
                throw .data(
                    "\(tokens.images) good images in \(options.folds) folds: expected 2 of each at least, so that the threshold "
                        + "is that of images which are not remembered")
            }
            (self.tokens, self.options, standardisation) = (tokens, options, tokens.standardisation())
        }

        func memory(of images: [Int], _ progress: (String) -> Void) throws(HeadError) -> PatchMemory {
            try PatchMemory(
                tokens, images: images, standardisation: standardisation, share: options.share, most: options.most,
                seed: options.seed, progress: progress)
        }

        /// Of each image the distances of its patches, in the images' order.
        func heldOutDistances(_ progress: (String) -> Void) throws(HeadError) -> [[Float]] {
            var distances = [[Float]](repeating: [], count: tokens.images)
            var room = [Float](repeating: 0, count: tokens.tokens * tokens.width)
            for fold in 0..<folds.count {
                let held = Set(folds.rows(of: fold))
                let fitted = try memory(of: (0..<tokens.images).filter { !held.contains($0) }) {
                    progress("fold \(fold + 1) of \(folds.count), \($0)")
                }
                for image in held {
                    tokens.read(image, into: &room)
                    distances[image] = try fitted.distances(of: room)
                }
            }
            return distances
        }
    }
}
