internal import CUnmaskKernels

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// The instruction sets that kernels are written for, slowest first.
public enum InstructionSet: String, Sendable, CaseIterable {
    case scalar, avx2, avx512

    var isa: unmask_isa {
        switch self {
        case .scalar: UNMASK_ISA_SCALAR
        case .avx2: UNMASK_ISA_AVX2
        case .avx512: UNMASK_ISA_AVX512
        }
    }

    /// Whether the processor has it and the operating system saves its registers.
    public var isAvailable: Bool { unmask_isa_available(isa) }

    /// The fastest one available.
    public static var best: InstructionSet { allCases.last(where: \.isAvailable) ?? .scalar }

    /// What `UNMASK_ISA` asks for, else the best. A set that is unknown or not available is refused, never replaced.
    public static func fromEnvironment() throws(RuntimeError) -> InstructionSet {
        guard let raw = getenv("UNMASK_ISA") else { return best }
        let name = String(cString: raw)
        guard let set = InstructionSet(rawValue: name) else { throw .unknownInstructionSet(name) }
        guard set.isAvailable else { throw .unavailableInstructionSet(set) }
        return set
    }
}
