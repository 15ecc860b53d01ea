public import UnmaskModel

/// What says how strange a patch looks.
public enum AnomalyMeasure: String, Sendable, CaseIterable {
    /// The distance of its token to those of good images.
    case memory
    /// The error of its masked reconstruction.
    case reconstruction
    /// The mean of where both stand among good images.
    case both

    /// What a head of it reads, of tokens of these sources.
    public func sources(_ tokens: [VectorSource], _ masks: ComplementaryMasks) -> [VectorSource] {
        switch self {
        case .memory: tokens
        case .reconstruction: [.errors(masks)]
        case .both: tokens + [.errors(masks)]
        }
    }

    /// Of a head that reads these.
    init(of sources: [VectorSource]) {
        self = sources.masks == nil ? .memory : sources.count == 1 ? .reconstruction : .both
    }
}

/// How strange each patch looks, by what a head reads of it.
public enum PatchScoring: Sendable, Equatable {
    case memory(PatchMemory)
    case reconstruction
    case both(PatchMemory, memoryRanks: ScoreRanks, errorRanks: ScoreRanks)

    /// Numbers of a patch: of its token, and its error behind them.
    public var width: Int {
        switch self {
        case .memory(let memory): memory.width
        case .reconstruction: 1
        case .both(let memory, _, _): memory.width + 1
        }
    }

    /// Nil where it has none.
    public var memory: PatchMemory? {
        switch self {
        case .memory(let memory), .both(let memory, _, _): memory
        case .reconstruction: nil
        }
    }

    public var measure: AnomalyMeasure {
        switch self {
        case .memory: .memory
        case .reconstruction: .reconstruction
        case .both: .both
        }
    }

    /// Of each patch, [T], of what is read of all, [T, width].
    public func scores(of patches: [Float]) throws(HeadError) -> [Float] {
        switch self {
        case .memory(let memory): return try memory.distances(of: patches)
        case .reconstruction: return patches
        case .both(let memory, let memoryRanks, let errorRanks):
            var (tokens, errors) = ([Float](), [Float]())
            tokens.reserveCapacity(patches.count)
            for start in stride(from: 0, to: patches.count, by: width) {
                tokens += patches[start..<start + memory.width]
                errors.append(patches[start + memory.width])
            }
            return Self.mean(try memory.distances(of: tokens), memoryRanks, errors, errorRanks)
        }
    }

    static func mean(
        _ distances: [Float], _ memoryRanks: ScoreRanks, _ errors: [Float], _ errorRanks: ScoreRanks
    ) -> [Float] {
        zip(distances, errors).map { (memoryRanks.rank(of: $0) + errorRanks.rank(of: $1)) / 2 }
    }

    /// An image's score of its patches': the largest; NaN where one is.
    static func largest(_ patches: [Float]) -> Float {
        patches.contains(where: \.isNaN) ? .nan : patches.max() ?? 0
    }
}
