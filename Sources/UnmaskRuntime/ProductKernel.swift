internal import CUnmaskKernels
public import UnmaskGraph

/// A way to compute products: an arithmetic on a processor's features.
public struct ProductKernel: Sendable, Hashable {
    /// A row of a constant table.
    nonisolated(unsafe) let handle: OpaquePointer

    /// `unmask_i8_product_14x32__avx512vnni`: what, how, on which features.
    public var name: String { String(cString: unmask_product_kernel_name(handle)) }

    public var arithmetic: Arithmetic {
        switch unmask_product_kernel_arithmetic(handle) {
        case UNMASK_ARITHMETIC_BF16: .bf16
        case UNMASK_ARITHMETIC_I8: .i8
        default: .f32
        }
    }

    public var features: ProcessorFeatures { ProcessorFeatures(rawValue: unmask_product_kernel_features(handle)) }

    /// Whether it multiplies by a model of what another processor has.
    var isModel: Bool { features.contains(ProcessorFeatures(UNMASK_FEATURE_AMX_MODEL)) }

    /// All there are, whether or not this processor has what they need.
    public static var all: [ProductKernel] {
        var found: [ProductKernel] = []
        while let handle = unmask_product_kernel_at(found.count) { found.append(ProductKernel(handle: handle)) }
        return found
    }

    /// The distance in bytes from one packed matrix [n, k] to the next.
    func panelBytes(n: Int, k: Int) -> Int { aligned(unmask_gemm_packed_bytes(handle, n, k)) }
}

extension Arithmetic {
    var cValue: unmask_arithmetic {
        switch self {
        case .f32: UNMASK_ARITHMETIC_F32
        case .bf16: UNMASK_ARITHMETIC_BF16
        case .i8: UNMASK_ARITHMETIC_I8
        }
    }
}

extension unmask_grid {
    /// Nil: each row has its own.
    init(_ grid: NumberGrid?) {
        let range = grid?.range ?? -128...127
        self.init(
            scale: grid?.scale ?? 0, zero: Int32(grid?.zeroPoint ?? 0), least: Int32(range.lowerBound),
            most: Int32(range.upperBound))
    }
}
