internal import CUnmaskKernels

/// A set of what a processor can do, as far as kernels are written for it or reports tell of it.
public struct ProcessorFeatures: OptionSet, Sendable, Hashable, CustomStringConvertible {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    init(_ features: Int) {
        rawValue = UInt32(features)
    }

    /// What this processor has of which the operating system saves the registers.
    public static let detected = ProcessorFeatures(rawValue: unmask_features_detected())

    /// AMX's tile registers.
    static let tiles = ProcessorFeatures(UNMASK_FEATURE_AMX_TILE)

    /// Whether an engine can have these: the processor has them, and the system lets this process use what of it needs leave.
    /// A model of tile registers any engine can have.
    public var areUsable: Bool { unmask_features_are_usable(rawValue) }

    /// The names, as Linux spells them in /proc/cpuinfo.
    public var names: [String] {
        (0..<UInt32(UNMASK_FEATURE_COUNT)).filter { rawValue >> $0 & 1 != 0 }.compactMap { index in
            unmask_feature_name(index).map { String(cString: $0) }
        }
    }

    public var description: String { names.isEmpty ? "none" : names.joined(separator: " ") }
}
