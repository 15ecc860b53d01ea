internal import UnmaskWeights

/// Patch tokens of images, [n, T, D]: kept as float16, for they take T times the room of vectors.
public struct TokenMatrix: Sendable {
    /// n
    public let images: Int
    /// T
    public let tokens: Int
    /// D
    public let width: Int
    private let halves: [UInt16]

    /// - Parameter halves: float16, n · T · D of them.
    public init(halves: [UInt16], tokens: Int, width: Int) throws(HeadError) {
        guard tokens > 0, width > 0, halves.count % (tokens * width) == 0 else {
            throw .data("\(halves.count) numbers are no images of \(tokens) tokens of \(width)")
        }
        (images, self.tokens, self.width, self.halves) = (halves.count / (tokens * width), tokens, width, halves)
    }

    /// - Parameter numbers: n · T · D of them, which are rounded to float16.
    public init(_ numbers: [Float], tokens: Int, width: Int) throws(HeadError) {
        try self.init(halves: HalfNumbers.narrowed(numbers), tokens: tokens, width: width)
    }

    /// The tokens of an image, [T, D].
    func read(_ image: Int, into numbers: UnsafeMutablePointer<Float>) {
        halves.withUnsafeBufferPointer { halves in
            guard let base = halves.baseAddress else { return }
            HalfNumbers.widen(base + image * tokens * width, into: numbers, count: tokens * width)
        }
    }

    /// Throws where a number is NaN, or beyond float16.
    func requireFinite() throws(HeadError) {
        if let bad = halves.firstIndex(where: { $0 & 0x7C00 == 0x7C00 }) {
            throw .data(
                "a token of image \(bad / (tokens * width)) has a number that is not finite, or beyond "
                    + "\(HalfNumbers.greatest): another --block may have smaller ones")
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
