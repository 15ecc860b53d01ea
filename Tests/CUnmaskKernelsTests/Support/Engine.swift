import CUnmaskKernels
import Testing

/// The vector widths, as values that tests can be parameterised by.
enum ISA: UInt32, CaseIterable, Sendable, CustomTestStringConvertible {
    case scalar = 0
    case avx2 = 1
    case avx512 = 2

    var cValue: unmask_isa { unmask_isa(rawValue: rawValue) }
    var features: unmask_features { unmask_isa_features(cValue) }
    var testDescription: String { "\(self)" }

    /// Those that this machine can run: every row of kernels is tested where its features are.
    static var available: [ISA] { allCases.filter { $0.features & ~unmask_features_detected() == 0 } }
}

/// A row of the table of product kernels, as a value that tests can be parameterised by.
struct ProductKernel: Sendable, Hashable, CustomTestStringConvertible, CustomStringConvertible {
    nonisolated(unsafe) let handle: OpaquePointer

    var description: String { String(cString: unmask_product_kernel_name(handle)) }
    var testDescription: String { description }
    var arithmetic: unmask_arithmetic { unmask_product_kernel_arithmetic(handle) }
    var features: unmask_features { unmask_product_kernel_features(handle) }

    /// Those that this machine can run.
    static var available: [ProductKernel] {
        var found: [ProductKernel] = []
        var index = 0
        while let handle = unmask_product_kernel_at(index) {
            found.append(ProductKernel(handle: handle))
            index += 1
        }
        return found.filter { unmask_features_are_usable($0.features) }
    }

    /// Those whose sums are in tile registers, AMX's or a model's.
    static var ofTiles: [ProductKernel] {
        let tiles = unmask_features(UNMASK_FEATURE_AMX_TILE | UNMASK_FEATURE_AMX_MODEL)
        return available.filter { $0.features & tiles != 0 }
    }

    static var attending: [ProductKernel] { available.filter { unmask_product_kernel_attends($0.handle) } }

    func engine(threads: UInt32 = 2) throws -> Engine { try Engine(features: features, threads: threads) }
}

/// An engine that is destroyed with its last reference.
final class Engine {
    let handle: OpaquePointer

    init(features: unmask_features, threads: UInt32 = 2) throws {
        handle = try #require(unmask_engine_create(features, threads))
    }

    convenience init(_ isa: ISA, threads: UInt32 = 2) throws {
        try self.init(features: isa.features, threads: threads)
    }

    deinit { unmask_engine_destroy(handle) }
}
