internal import UnmaskGraph
internal import UnmaskWeights

/// Patch tokens of images, [n, T, D]: as float16, for they take T times the room of vectors; in memory, or in the mapped file that
/// they are kept in, whose pages the system lets go where it needs the room.
public struct TokenMatrix: Sendable {
    /// n
    public var images: Int { places.count }
    /// T
    public let tokens: Int
    /// D
    public let width: Int
    /// Numbers of a token as it is kept, and the first of those that are read.
    private let rowWidth: Int
    private let column: Int
    private let places: [Place]
    private let file: MappedFile?

    /// Where an image's tokens are.
    private enum Place: Sendable {
        case memory([UInt16], at: Int)
        /// The byte of the file that they begin at.
        case file(at: Int)
    }

    /// The tokens of an image, as a step before left them.
    public enum Kept: Sendable {
        /// As float16.
        case memory([UInt16])
        /// In a store that has them.
        case stored(ImageKey)
    }

    /// - Parameter halves: float16, n · T · D of them.
    public init(halves: [UInt16], tokens: Int, width: Int) throws(HeadError) {
        guard tokens > 0, width > 0, halves.count % (tokens * width) == 0 else {
            throw .data("\(halves.count) numbers are no images of \(tokens) tokens of \(width)")
        }
        (self.tokens, self.width, rowWidth, column, file) = (tokens, width, width, 0, nil)
        let count = tokens * width
        places = (0..<halves.count / count).map { .memory(halves, at: $0 * count) }
    }

    /// - Parameter numbers: n · T · D of them, which are rounded to float16.
    public init(_ numbers: [Float], tokens: Int, width: Int) throws(HeadError) {
        try self.init(halves: HalfNumbers.narrowed(numbers), tokens: tokens, width: width)
    }

    /// Of images whose tokens are in a store, or in memory. The store's file is mapped, and must not grow while this is read.
    public init(_ images: [Kept], in store: FeatureStore?, tokens: Int, width: Int) throws(HeadError) {
        var places: [Place] = []
        var isMapped = false
        for (index, image) in images.enumerated() {
            switch image {
            case .memory(let halves):
                guard halves.count == tokens * width else {
                    throw .data("image \(index) has \(halves.count) numbers: expected \(tokens) tokens of \(width)")
                }
                places.append(.memory(halves, at: 0))
            case .stored(let key):
                guard let place = store?.place(ofTokens: key) else {
                    throw .data("the tokens of image \(index) are no longer kept: fit again")
                }
                places.append(.file(at: place))
                isMapped = true
            }
        }
        do throws(MappingError) {
            file = if isMapped, let store { try MappedFile(path: store.path) } else { nil }
        } catch {
            throw .unreadable(error.description)
        }
        for case .file(let place) in places where place + 2 * tokens * width > file?.byteCount ?? 0 {
            throw .unreadable("\(store?.path ?? ""): it ends before tokens that were kept in it: fit again")
        }
        (self.tokens, self.width, rowWidth, column, self.places) = (tokens, width, width, 0, places)
    }

    private init(_ other: TokenMatrix, columns: Range<Int>) {
        (tokens, rowWidth, places, file) = (other.tokens, other.rowWidth, other.places, other.file)
        (width, column) = (columns.count, other.column + columns.lowerBound)
    }

    /// Some of each token's numbers; nothing is copied.
    func columns(_ range: Range<Int>) -> TokenMatrix {
        precondition(range.lowerBound >= 0 && range.upperBound <= width, "tokens of \(width) have no columns \(range)")
        return TokenMatrix(self, columns: range)
    }

    /// The tokens of an image, [T, D].
    func read(_ image: Int, into numbers: UnsafeMutablePointer<Float>) {
        withHalves(of: image) { halves in
            if width == rowWidth { return HalfNumbers.widen(halves, into: numbers, count: tokens * width) }
            for token in 0..<tokens {
                HalfNumbers.widen(halves + token * rowWidth + column, into: numbers + token * width, count: width)
            }
        }
    }

    /// All numbers of an image's tokens, [T, rowWidth].
    private func withHalves<R>(of image: Int, _ body: (UnsafePointer<UInt16>) -> R) -> R {
        switch places[image] {
        case .memory(let halves, let place):
            return halves.withUnsafeBufferPointer { halves in
                guard let base = halves.baseAddress else { preconditionFailure("an image has tokens") }
                return body(base + place)
            }
        case .file(let place):
            guard let file else { preconditionFailure("places in a file have one") }
            // Records have an even number of bytes, behind a header that has.
            return body((file.start + place).assumingMemoryBound(to: UInt16.self))
        }
    }

    /// Throws where the file that holds them was changed by others since, so that nothing that was read can be relied on.
    func requireUndamaged() throws(HeadError) {
        if let damage = file?.damage { throw .unreadable(damage.description) }
    }

    /// Throws where a number is NaN, or beyond float16.
    func requireFinite() throws(HeadError) {
        for image in 0..<images {
            let isFinite = withHalves(of: image) { halves in
                (0..<tokens).allSatisfy { token in
                    (0..<width).allSatisfy { halves[token * rowWidth + column + $0] & 0x7C00 != 0x7C00 }
                }
            }
            guard isFinite else {
                throw .data(
                    "a token of image \(image) has a number that is not finite, or beyond \(HalfNumbers.greatest): another "
                        + "--block may have smaller ones")
            }
        }
    }

    /// Images that are enough to standardise by.
    private static let mostMeasured = 4096

    /// Of the tokens of images that are evenly spread over all.
    func standardisation() -> Standardisation {
        let step = max(1, (images + Self.mostMeasured - 1) / Self.mostMeasured)
        let measured = stride(from: 0, to: images, by: step)
        var room = [Float](repeating: 0, count: tokens * width)
        return room.withUnsafeMutableBufferPointer { room in
            Standardisation(width: width, rows: measured.underestimatedCount * tokens) { visit in
                guard let base = room.baseAddress else { return }
                for image in measured {
                    read(image, into: base)
                    for token in 0..<tokens { visit(base + token * width) }
                }
            }
        }
    }
}
