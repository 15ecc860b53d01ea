internal import CUnmaskKernels

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Sets of features by name, by which a person says what an engine may use: each kernel is written for one of them.
/// Slowest first.
public enum InstructionSet: String, Sendable, CaseIterable {
    case scalar, avx2, avxvnni, avx512, avx512vnni, avx512bf16, amx
    /// `amx` with a model of its tile registers in C, for tests: its bits on processors that have none, slowly.
    case amxmodel
    // aarch64
    case neon, dotprod, neonbf16

    public var features: ProcessorFeatures {
        let avx2 = ProcessorFeatures(rawValue: unmask_isa_features(UNMASK_ISA_AVX2))
        let avx512 = ProcessorFeatures(rawValue: unmask_isa_features(UNMASK_ISA_AVX512))
        let neon = ProcessorFeatures(UNMASK_FEATURE_NEON)
        let dotprod = neon.union(ProcessorFeatures(UNMASK_FEATURE_NEON_DOTPROD))
        let vnni = ProcessorFeatures(UNMASK_FEATURE_AVX512_VNNI)
        let avx512bf16 = avx512.union(vnni).union(ProcessorFeatures(UNMASK_FEATURE_AVX512_BF16))
        let amx = UNMASK_FEATURE_AMX_TILE | UNMASK_FEATURE_AMX_BF16 | UNMASK_FEATURE_AMX_INT8
        return switch self {
        case .scalar: []
        case .avx2: avx2
        case .avxvnni: avx2.union(ProcessorFeatures(UNMASK_FEATURE_AVX_VNNI))
        case .avx512: avx512
        case .avx512vnni: avx512.union(vnni)
        case .avx512bf16: avx512bf16
        case .amx: avx512bf16.union(ProcessorFeatures(amx))
        case .amxmodel: avx512bf16.union(ProcessorFeatures(UNMASK_FEATURE_AMX_MODEL))
        case .neon: neon
        case .dotprod: dotprod
        case .neonbf16: dotprod.union(ProcessorFeatures(UNMASK_FEATURE_NEON_BF16))
        }
    }

    /// What the processor has beside, which speeds up single kernels of sets of this width.
    var extras: ProcessorFeatures {
        let wide = ProcessorFeatures(rawValue: unmask_isa_features(UNMASK_ISA_AVX512))
        let counting = ProcessorFeatures(UNMASK_FEATURE_AVX512_VPOPCNTDQ)
        return features.isSuperset(of: wide) && counting.areUsable ? counting : []
    }

    /// Whether the processor has it and the operating system lets this process use its registers.
    public var isAvailable: Bool { features.areUsable }

    /// The fastest one available.
    public static var best: InstructionSet { allCases.last { $0 != .amxmodel && $0.isAvailable } ?? .scalar }

    static var isNamedByEnvironment: Bool { getenv("UNMASK_ISA") != nil }

    /// What `UNMASK_ISA` asks for, else the best. A set that is unknown or not available is refused, never replaced.
    public static func fromEnvironment() throws(RuntimeError) -> InstructionSet {
        guard let raw = getenv("UNMASK_ISA") else { return best }
        let name = String(cString: raw)
        guard let set = InstructionSet(rawValue: name) else { throw .unknownInstructionSet(name) }
        guard set.isAvailable else { throw .unavailableInstructionSet(set) }
        return set
    }
}
