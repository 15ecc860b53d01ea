internal import CUnmaskKernels
internal import Synchronization
internal import UnmaskGraph

/// Products of rows that lie in memory, such as those of a mapped file, with a few vectors.
extension Engine {
    /// The largest magnitude of a query's numbers, so that no sum over `width` bytes overflows.
    public static func largestWhole(width: Int) -> Int16 {
        Int16(min(Int(Int16.max), Int(Int32.max) / (128 * max(1, width))))
    }

    /// A kernel of products of rows of bytes with one vector: rows, width, the rows, how far they stand apart, the vector, sums.
    public typealias ByteKernel =
        @convention(c) (Int, Int, UnsafePointer<Int8>?, Int, UnsafePointer<Int16>?, UnsafeMutablePointer<Int32>?) ->
        Void

    /// The engine's, for whoever goes from row to row on threads of its own.
    public var byteKernel: ByteKernel? { unmask_engine_dot_rows(handle) }

    /// sums[q · stride + r] = Σ rows[r, i] · queries[q, i], exact.
    ///
    /// - Parameters:
    ///   - rows: [count, width], row-major.
    ///   - queries: [q, width], no number beyond `largestWhole(width:)`.
    ///   - sums: room for q · `stride` numbers; `stride` is at least `count`.
    public func dot(
        _ rows: UnsafePointer<Int8>, count: Int, width: Int, with queries: [Int16],
        into sums: UnsafeMutablePointer<Int32>, stride: Int
    ) {
        precondition(queries.count.isMultiple(of: width) && stride >= count)
        pass {
            queries.withUnsafeBufferPointer {
                guard let query = $0.baseAddress else { return }
                unmask_i8_dot_rows(handle, count, width, rows, $0.count / width, query, sums, stride)
            }
        }
    }
}

/// Vectors packed once, to be multiplied with any number of float32 rows. A product's bits do not depend on the rows or
/// vectors beside it.
public final class PackedVectors: Sendable {
    public let count: Int
    public let width: Int
    private let engine: Engine
    private let packed: Region
    /// Kept from one product to the next: taking it anew costs as much as a small product.
    private let scratch = Mutex<Region?>(nil)

    /// - Parameter vectors: [count, width], row-major; at least one.
    public init(_ vectors: [Float], width: Int, engine: Engine) throws(RuntimeError) {
        precondition(width > 0 && !vectors.isEmpty && vectors.count.isMultiple(of: width))
        let (count, kernel) = (vectors.count / width, engine.plainKernel)
        let region = try Region(byteCount: kernel.panelBytes(n: count, k: width), purpose: "the queries of a search")
        engine.pack { packer in
            vectors.withUnsafeBytes {
                _ = unmask_gemm_pack(
                    packer, kernel.handle, count, width, $0.baseAddress, width, UNMASK_STORAGE_F32, false, region.base)
            }
        }
        (packed, self.engine, self.count, self.width) = (region, engine, count, width)
    }

    /// products[r · count + v] = Σ rows[r, i] · vectors[v, i].
    ///
    /// - Parameters:
    ///   - rows: [rowCount, width], row-major.
    ///   - products: room for rowCount · `count` numbers.
    public func multiply(
        _ rows: UnsafePointer<Float>, rowCount: Int, into products: UnsafeMutablePointer<Float>
    ) throws(RuntimeError) {
        let kernel = engine.plainKernel.handle
        let scratch = try takeScratch(
            byteCount: unmask_gemm_scratch_floats(kernel, rowCount, width) * MemoryLayout<Float>.size)
        defer { self.scratch.withLock { $0 = scratch } }
        engine.pass {
            var gemm = unmask_gemm()
            gemm.kernel = kernel
            (gemm.m, gemm.n, gemm.k, gemm.lda, gemm.ldc) = (rowCount, count, width, width, count)
            (gemm.a, gemm.packed) = (rows, UnsafeRawPointer(packed.base))
            gemm.grid = unmask_grid(nil)
            (gemm.c, gemm.scratch) = (products, scratch.base.assumingMemoryBound(to: Float.self))
            unmask_gemm_run(engine.handle, &gemm)
        }
    }

    private func takeScratch(byteCount: Int) throws(RuntimeError) -> Region {
        let kept = scratch.withLock { kept in
            defer { kept = nil }
            return kept
        }
        if let kept, kept.byteCount >= byteCount { return kept }
        return try Region(byteCount: byteCount, purpose: "the packed rows of a search")
    }
}
