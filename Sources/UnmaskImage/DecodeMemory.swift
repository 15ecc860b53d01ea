internal import Foundation

/// The memory of all decodes that run at once: a decode takes what its header says that it needs, all of it before it
/// allocates anything, and gives it back when it ends. One that does not fit now waits until those before it have.
///
/// What an image needs is what its decoder takes besides (the coefficients of a progressive JPEG, the whole image inside
/// libwebp), and the pixels from their decoding to their resizing; not the encoded bytes.
public final class DecodeMemory: Sendable {
    /// The bytes that all decodes together may hold.
    public let capacity: Int
    private let allocate: @Sendable (Int) -> UnsafeMutableRawPointer?
    private let condition = NSCondition()
    // The condition guards these.
    private nonisolated(unsafe) var taken = 0
    private nonisolated(unsafe) var nextTicket: UInt64 = 0
    private nonisolated(unsafe) var tickets: [UInt64] = []

    /// Enough for an image of 100 megapixels, in 16 scans and turned; for many smaller ones at once.
    public static let standardCapacity = 1 << 30
    /// Of those in this process that were not given another.
    public static let shared = DecodeMemory()

    public convenience init(capacity: Int = standardCapacity) {
        self.init(capacity: capacity, allocate: { malloc($0) })
    }

    /// - Parameter allocate: memory that `free` takes back, or nil where there is none.
    init(capacity: Int = standardCapacity, allocate: @escaping @Sendable (Int) -> UnsafeMutableRawPointer?) {
        self.capacity = capacity
        self.allocate = allocate
    }

    /// The bytes that decodes hold.
    public var bytesInUse: Int { condition.withLock { taken } }

    /// The decodes that wait for others to end.
    public var waitingDecodes: Int { condition.withLock { tickets.count } }

    /// Runs `body` with so many bytes taken.
    ///
    /// Throws `image_too_large` where they could never be, and what the watch says while they are waited for.
    func holding<Value>(
        _ bytes: Int, _ watch: DecodeWatch, _ body: () throws(ImageError) -> Value
    ) throws(ImageError) -> Value {
        try take(bytes, watch)
        defer { giveBack(bytes) }
        return try body()
    }

    private func take(_ bytes: Int, _ watch: DecodeWatch) throws(ImageError) {
        guard bytes <= capacity else {
            throw ImageError(
                .tooLarge,
                "decoding the image takes \(bytes) bytes of memory; all decodes together have \(capacity): scale it "
                    + "down, or save it as baseline JPEG")
        }
        condition.lock()
        defer { condition.unlock() }
        let ticket = nextTicket
        guard !tickets.isEmpty || taken + bytes > capacity else {
            taken += bytes
            return
        }
        nextTicket += 1
        tickets.append(ticket)
        defer {
            tickets.removeAll { $0 == ticket }
            condition.broadcast()
        }
        // In order of arrival, so that small images do not keep a large one waiting for ever.
        while tickets.first != ticket || taken + bytes > capacity {
            try watch.poll()
            _ = condition.wait(until: Date(timeIntervalSinceNow: Self.pollInterval))
        }
        taken += bytes
    }

    private func giveBack(_ bytes: Int) {
        condition.withLock {
            taken -= bytes
            condition.broadcast()
        }
    }

    /// How long a decode that nobody waits for any more stays in the queue, in seconds.
    private static let pollInterval = 0.02

    /// A buffer of bytes that hold anything.
    func buffer(_ count: Int) throws(ImageError) -> PixelBuffer {
        guard let start = allocate(max(count, 1)) else { throw .noMemory(count) }
        return PixelBuffer(owning: start.bindMemory(to: UInt8.self, capacity: count), count: count)
    }
}
