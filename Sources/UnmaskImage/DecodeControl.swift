#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Lets a decode be given up half-way, and says what memory it takes.
public struct DecodeControl: Sendable {
    /// Asked now and then while an image is decoded, on the thread that decodes it. What it returns ends the decode and is
    /// the image's error; nil lets it go on.
    public var stop: @Sendable () -> ImageError?
    /// Told of what people may not expect of an image's pixels, on the thread that decodes it.
    public var notice: @Sendable (DecodeNotice) -> Void
    /// What the decodes that run at once share.
    public var memory: DecodeMemory
    /// How many samples go by between two questions: few enough for a few milliseconds at the worst, and so many that
    /// asking costs nothing.
    var samplesBetweenPolls = 1 << 18
    /// The processor time that the calling thread has used.
    var processorTime: @Sendable () -> Duration = threadProcessorTime

    public init(
        memory: DecodeMemory = .shared, stop: @escaping @Sendable () -> ImageError? = { nil },
        notice: @escaping @Sendable (DecodeNotice) -> Void = { _ in }
    ) {
        self.memory = memory
        self.notice = notice
        self.stop = stop
    }

    /// Goes on to the end, with the memory that the process shares.
    public static let standard = DecodeControl()
}

/// What people may not expect of an image's pixels.
public enum DecodeNotice: Sendable, Equatable, CustomStringConvertible {
    /// Gray of so many bits, of which what is above 255 becomes white.
    case clampedGray(bits: Int)

    public var description: String {
        switch self {
        case .clampedGray(let bits):
            "its gray of \(bits) bits is white wherever it is above 255, as Pillow has it; --gray16 scale keeps its highest 8 bits"
        }
    }
}

@Sendable private func threadProcessorTime() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
}
