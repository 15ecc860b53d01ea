import CUnmaskKernels
import Testing

/// The instruction sets, as values that tests can be parameterised by.
enum ISA: UInt32, CaseIterable, Sendable, CustomTestStringConvertible {
    case scalar = 0
    case avx2 = 1
    case avx512 = 2

    var cValue: unmask_isa { unmask_isa(rawValue: rawValue) }
    var testDescription: String { String(cString: unmask_isa_name(cValue)) }

    /// Those that this machine can run: every row of kernels is tested where its ISA is.
    static var available: [ISA] { allCases.filter { unmask_isa_available($0.cValue) } }
}

/// An engine that is destroyed with its last reference.
final class Engine {
    let handle: OpaquePointer

    init(_ isa: ISA, threads: UInt32 = 2) throws {
        handle = try #require(unmask_engine_create(isa.cValue, threads))
    }

    deinit { unmask_engine_destroy(handle) }
}
