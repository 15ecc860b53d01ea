#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import Synchronization

/// Where evaluation takes memory from. Unlike an array's, it may not be there: then the node fails, not the process.
public struct ScratchMemory: Sendable {
    /// Nil where so many bytes cannot be had; else memory of any contents, aligned to any element.
    public let take: @Sendable (_ bytes: Int) -> UnsafeMutableRawPointer?
    public let giveBack: @Sendable (UnsafeMutableRawPointer) -> Void
    /// Whether so many bytes can be had now, for arrays that are made next.
    public let isAvailable: @Sendable (_ bytes: Int) -> Bool

    public init(
        take: @escaping @Sendable (_ bytes: Int) -> UnsafeMutableRawPointer?,
        giveBack: @escaping @Sendable (UnsafeMutableRawPointer) -> Void,
        isAvailable: @escaping @Sendable (_ bytes: Int) -> Bool
    ) {
        self.take = take
        self.giveBack = giveBack
        self.isAvailable = isAvailable
    }

    public static let system = ScratchMemory(
        take: { malloc(max($0, 1)) }, giveBack: { free($0) },
        isAvailable: { bytes in
            let memory = malloc(max(bytes, 1))
            free(memory)
            return memory != nil
        })

    /// Asks for what arrays of `count` elements of `bytes` each take next.
    func check(_ count: Int, bytes: Int) throws(EvaluationError) {
        let (total, overflow) = count.multipliedReportingOverflow(by: bytes)
        guard !overflow, isAvailable(total) else { throw EvaluationError(scratch: count, bytes: bytes) }
    }
}

/// An array of numbers for the length of an evaluation; its contents are undefined at first.
final class ScratchArray<Element: BitwiseCopyable> {
    let elements: UnsafeMutableBufferPointer<Element>
    private let memory: ScratchMemory

    init(_ count: Int, in memory: ScratchMemory) throws(EvaluationError) {
        let size = MemoryLayout<Element>.stride
        let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
        guard !overflow, let base = memory.take(bytes) else { throw EvaluationError(scratch: count, bytes: size) }
        self.memory = memory
        elements = UnsafeMutableBufferPointer(start: base.bindMemory(to: Element.self, capacity: count), count: count)
    }

    deinit {
        elements.baseAddress.map { memory.giveBack(UnsafeMutableRawPointer($0)) }
    }
}

extension EvaluationError {
    fileprivate init(scratch count: Int, bytes: Int) {
        self.init(
            problem: "could not get memory for \(count) elements of \(bytes) bytes beside its operands: choose a "
                + "smaller batch, or allow more memory")
    }
}

extension Evaluator {
    /// `workers.run`, with an array of `scratch` elements for each call of the body.
    func run<Element: BitwiseCopyable>(
        _ items: Int, numbers: Int, scratch count: Int, of type: Element.Type,
        _ body: (Range<Int>, UnsafeMutableBufferPointer<Element>) -> Void
    ) throws(EvaluationError) {
        let failure = Mutex<EvaluationError?>(nil)
        workers.run(items, numbers: numbers) { range in
            do throws(EvaluationError) {
                let scratch = try ScratchArray<Element>(count, in: memory)
                defer { withExtendedLifetime(scratch) {} }
                body(range, scratch.elements)
            } catch {
                failure.withLock { $0 = error }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
    }
}
