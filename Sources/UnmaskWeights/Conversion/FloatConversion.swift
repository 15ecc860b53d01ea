import UnmaskGraph

/// Converts runs of floating-point elements from one format to another.
enum FloatConversion {
    /// Converts all elements of `source` into `target`; both hold the same number of them.
    ///
    /// - Returns: how many finite elements became infinite.
    static func convert(
        _ source: UnsafeRawBufferPointer, from: ElementType, into target: UnsafeMutableRawBufferPointer, to: ElementType
    ) -> Int {
        precondition(from.isFloatingPoint && to.isFloatingPoint)
        precondition(source.count / from.byteCount == target.count / to.byteCount)
        if from == to {
            target.copyMemory(from: source)
            return 0
        }
        switch (from, to) {
        case (.f64, .f32):
            return map(source, target) { (x: Double) in
                Float(x)
            } overflowed: {
                $0.isFinite && $1.isInfinite
            }
        case (.f64, .f16):
            return map(source, target) { (x: Double) in
                FloatBits.half(float32: FloatBits.float32RoundedToOdd(x))
            } overflowed: {
                $0.isFinite && $1 & 0x7FFF == 0x7C00
            }
        case (.f64, .bf16):
            return map(source, target) { (x: Double) in
                FloatBits.bfloat16(float32: FloatBits.float32RoundedToOdd(x))
            } overflowed: {
                $0.isFinite && $1 & 0x7FFF == 0x7F80
            }
        case (.f32, .f16):
            return map(source, target) { (x: UInt32) in
                FloatBits.half(float32: x)
            } overflowed: {
                isFinite($0) && $1 & 0x7FFF == 0x7C00
            }
        case (.f32, .bf16):
            return map(source, target) { (x: UInt32) in
                FloatBits.bfloat16(float32: x)
            } overflowed: {
                isFinite($0) && $1 & 0x7FFF == 0x7F80
            }
        case (.f16, .f32): return map(source, target) { (x: UInt16) in FloatBits.float32(half: x) }
        case (.bf16, .f32): return map(source, target) { (x: UInt16) in FloatBits.float32(bfloat16: x) }
        case (.f32, .f64): return map(source, target) { (x: Float) in Double(x) }
        case (.f16, .bf16):
            return map(source, target) { (x: UInt16) in FloatBits.bfloat16(float32: FloatBits.float32(half: x)) }
        case (.bf16, .f16):
            return map(source, target) { (x: UInt16) in
                FloatBits.half(float32: FloatBits.float32(bfloat16: x))
            } overflowed: {
                isFinite(FloatBits.float32(bfloat16: $0)) && $1 & 0x7FFF == 0x7C00
            }
        case (.f16, .f64):
            return map(source, target) { (x: UInt16) in Double(Float(bitPattern: FloatBits.float32(half: x))) }
        case (.bf16, .f64):
            return map(source, target) { (x: UInt16) in Double(Float(bitPattern: FloatBits.float32(bfloat16: x))) }
        default: preconditionFailure("no conversion from \(from) to \(to)")
        }
    }

    @inline(__always)
    private static func isFinite(_ bits: UInt32) -> Bool { bits & 0x7F80_0000 != 0x7F80_0000 }

    /// Elements may be unaligned in the source; they are aligned in the target or the machine does not mind.
    @inline(__always)
    private static func map<A: BitwiseCopyable, B: BitwiseCopyable>(
        _ source: UnsafeRawBufferPointer, _ target: UnsafeMutableRawBufferPointer,
        _ convert: (A) -> B, overflowed: (A, B) -> Bool = { _, _ in false }
    ) -> Int {
        guard let from = source.baseAddress, let to = target.baseAddress else { return 0 }
        var overflows = 0
        for index in 0..<source.count / MemoryLayout<A>.size {
            let element = from.loadUnaligned(fromByteOffset: index &* MemoryLayout<A>.size, as: A.self)
            let result = convert(element)
            to.storeBytes(of: result, toByteOffset: index &* MemoryLayout<B>.size, as: B.self)
            overflows &+= overflowed(element, result) ? 1 : 0
        }
        return overflows
    }
}
