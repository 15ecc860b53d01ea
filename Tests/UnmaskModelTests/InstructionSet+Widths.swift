import UnmaskRuntime

extension InstructionSet {
    /// Those of this machine that differ in float32.
    static var vectorWidths: [InstructionSet] { [.scalar, .avx2, .avx512].filter(\.isAvailable) }
}
