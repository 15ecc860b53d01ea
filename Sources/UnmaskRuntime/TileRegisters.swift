internal import CUnmaskKernels

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Whether AMX's tile registers are used, or the first thing that stands against it.
public enum TileRegisters: Sendable, Equatable, CustomStringConvertible {
    case ready
    case absent
    case notSaved
    case noPalette
    /// With errno.
    case refused(Int32)
    case wrong
    /// Nobody asked for them: the engine is kept to less.
    case notAllowed(InstructionSet)

    /// This process's own. Asked for the first time, the system is asked for the registers, and a block is multiplied and
    /// compared with their model.
    static var here: TileRegisters { TileRegisters(unmask_tiles_verdict()) }

    init(_ verdict: unmask_tile_verdict) {
        self =
            switch verdict.state {
            case UNMASK_TILES_READY: .ready
            case UNMASK_TILES_NOT_SAVED: .notSaved
            case UNMASK_TILES_NO_PALETTE: .noPalette
            case UNMASK_TILES_REFUSED: .refused(verdict.error)
            case UNMASK_TILES_WRONG: .wrong
            default: .absent
            }
    }

    public var description: String {
        switch self {
        case .ready: "used"
        case .absent: "not used: this processor has none"
        case .notSaved:
            "not used: the processor has them, and the operating system or hypervisor does not save them (XCR0 lacks bits 17 "
                + "and 18)"
        case .noPalette:
            "not used: the processor or hypervisor tells of no palette of 8 registers of 16 rows of 64 bytes (CPUID leaf 1DH)"
        case .refused(let error):
            "not used: the system does not let this process have them (arch_prctl: \(String(cString: strerror(error)))); "
                + "Linux does from 5.16 on, some sandboxes do not"
        case .wrong: "not used: they do not multiply as the processor's manual says; the hypervisor may be at fault"
        case .notAllowed(let set): "not used: the engine is kept to \(set.rawValue)"
        }
    }
}

extension Engine {
    /// Whether products use AMX, and why not.
    public var tileRegisters: TileRegisters {
        if features.contains(.tiles) { return .ready }
        return isKeptByName && ProcessorFeatures.detected.contains(.tiles) ? .notAllowed(instructionSet) : .here
    }

    /// For people: that the processor has AMX and products do not use it. Nil where there is nothing to say.
    public var tileRegistersRemark: String? {
        switch tileRegisters {
        case .ready, .absent, .notAllowed: nil
        case let found: "AMX is \(found)"
        }
    }
}
