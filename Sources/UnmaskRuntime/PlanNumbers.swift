internal import UnmaskGraph

/// Numbers that are known once a plan's sizes are: shapes, indices, scales. Owned by the plan.
final class PlanNumbers: @unchecked Sendable {
    let base: UnsafeMutableRawPointer

    /// Never written again.
    init(_ bytes: [UInt8]) throws(RuntimeError) {
        guard let base = ScratchMemory.engine.take(bytes.count) else {
            throw .outOfMemory(bytes: bytes.count, purpose: "a plan's numbers")
        }
        self.base = base
        bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(start: base, count: $0.count).copyMemory(from: $0) }
    }

    deinit {
        ScratchMemory.engine.giveBack(base)
    }
}

extension [UInt8] {
    /// Appends numbers of a type, aligned to a cache line, and returns where they begin.
    mutating func appendNumbers(_ numbers: [Int], as type: ElementType) -> Int {
        append(contentsOf: repeatElement(0, count: aligned(count) - count))
        let start = count
        for number in numbers {
            Swift.withUnsafeBytes(of: Int64(number).littleEndian) { append(contentsOf: $0.prefix(type.byteCount)) }
        }
        return start
    }

    mutating func appendNumbers(_ numbers: [Float]) -> Int {
        append(contentsOf: repeatElement(0, count: aligned(count) - count))
        let start = count
        numbers.withUnsafeBytes { append(contentsOf: $0) }
        return start
    }
}
