internal import CUnmaskKernels
public import UnmaskGraph

/// Which arithmetics the processor has kernels for, and which of them are worth using.
extension Engine {
    /// The kernel written for an arithmetic on the engine's features, faster than float32's or not; nil where there is
    /// none.
    public func writtenKernel(_ arithmetic: Arithmetic) -> ProductKernel? {
        unmask_product_kernel_of(handle, arithmetic.cValue).map(ProductKernel.init)
    }

    /// How many times as fast as float32's the kernel of an arithmetic multiplies here: measured for a few milliseconds
    /// when first asked for, and kept. 0 where there is none.
    public func speedup(_ arithmetic: Arithmetic) -> Double {
        speedups.withLock { known in
            if let found = known[arithmetic] { return found }
            let found = writtenKernel(arithmetic).map { unmask_product_speedup(handle, $0.handle) } ?? 0
            known[arithmetic] = found
            return found
        }
    }

    /// Below this a kernel is not worth its rounding, and what the measurement says of it may change from one start to the
    /// next.
    private static let leastSpeedup = 1.15

    /// The arithmetics whose kernels are worth using instead of float32's.
    public var worthwhile: Set<Arithmetic> {
        Set(
            Arithmetic.allCases.filter { arithmetic in
                if arithmetic == .f32 { return true }
                if let allowed { return allowed.contains(arithmetic) && writtenKernel(arithmetic) != nil }
                return speedup(arithmetic) >= Engine.leastSpeedup
            })
    }

    /// What other precisions than float32 would give here, for people: `--precision bf16 multiplies 1.9 times as fast
    /// here, int8 3.9 times`.
    public var lowerPrecisions: String {
        let found = [(Precision.bf16, Arithmetic.bf16), (.int8, .i8)].filter { worthwhile.contains($0.1) }.map {
            "\($0.0.rawValue) \((speedup($0.1) * 10).rounded() / 10) times"
        }
        return found.isEmpty
            ? "no lower precision is faster on this processor"
            : "products run " + found.joined(separator: ", ") + " as fast as in float32 on this processor: --precision"
    }

    /// The kernel for products of an arithmetic; float32's where there is none of its own.
    func kernel(_ arithmetic: Arithmetic) -> ProductKernel { writtenKernel(arithmetic) ?? plainKernel }

    /// The peak of the processor's multiply-adds in an arithmetic on this engine's threads, in operations a second,
    /// multiplications and additions counted apart, measured for about as long as asked.
    public func measuredPeak(_ arithmetic: Arithmetic = .f32, milliseconds: Int = 200) -> Double {
        pass { unmask_product_peak(handle, kernel(arithmetic).handle, UInt32(clamping: milliseconds)) }
    }
}
