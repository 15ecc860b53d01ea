internal import CUnmaskKernels
internal import UnmaskGraph

/// The constants of a graph in the forms that the kernels read, in one region: matrices packed into panels, all else
/// row-major with floating-point numbers widened to float32. A constant is prepared when the first plan that needs it is
/// made, and its pages of the mapped file are let go at once, so that the two copies never stand side by side.
final class WeightStore {
    private let engine: Engine
    private let region: Region
    private let offsets: [WeightUse: Int]
    private var prepared = Set<WeightUse>()
    /// Constants in which a NaN or an infinity was found.
    private(set) var nonfinite: [String] = []

    init(graph: Graph, engine: Engine, limits: PlanLimits) throws(RuntimeError) {
        self.engine = engine
        var offsets: [WeightUse: Int] = [:]
        var end = 0
        for use in graph.weightUses() {
            guard let tensor = graph.constants[use.id] else { continue }
            offsets[use] = end
            end = saturatingSum(end, WeightStore.byteCount(of: tensor, use.form, engine))
            guard end <= limits.memoryBytes else {
                throw .tooLarge(name: graph[use.id].name, op: "weights", bytes: end, limit: limits.memoryBytes)
            }
        }
        self.offsets = offsets
        region = try Region(byteCount: end, purpose: "the weights")
    }

    var base: UnsafeMutableRawPointer { region.base }
    var byteCount: Int { region.byteCount }

    /// Where a constant lies from `base`, in bytes; nil where no node of the graph reads it in that form.
    func offset(of id: ValueID, _ form: WeightForm = .plain) -> Int? {
        offsets[WeightUse(id: id, form: form)]
    }

    /// The distance in bytes from one packed matrix of a constant to the next.
    static func panelBytes(n: Int, k: Int, _ engine: Engine) -> Int {
        aligned(unmask_f32_gemm_packed_bytes(engine.handle, n, k))
    }

    private static func byteCount(of tensor: Tensor, _ form: WeightForm, _ engine: Engine) -> Int {
        switch form {
        case .plain: aligned(tensor.count * tensor.type.atRunTime.byteCount)
        case .panels(let count, let n, let k, _): saturatingProduct(count, panelBytes(n: n, k: k, engine))
        }
    }

    /// Packs and widens what `graph` needs and no earlier graph did, beside the engine's passes. What was prepared
    /// before a failure stays so. Throws where a file that holds a weight is no longer what it was when it was opened.
    func prepare(for graph: Graph, _ slices: Slices?) throws(RuntimeError) {
        for use in graph.weightUses() where !prepared.contains(use) {
            guard let offset = offsets[use], let tensor = graph.constants[use.id] else {
                throw .missingInput(graph[use.id].name)
            }
            try prepare(tensor, use.form, region.base + offset, name: graph[use.id].name)
            if let damage = tensor.damage { throw RuntimeError(damage) }
            prepared.insert(use)
            slices?.between()
        }
    }

    private func prepare(
        _ tensor: Tensor, _ form: WeightForm, _ destination: UnsafeMutableRawPointer, name: String
    ) throws(RuntimeError) {
        tensor.willNeed()
        defer { tensor.release() }
        guard tensor.type.isFloatingPoint else {
            tensor.copyBytes(to: destination)
            return
        }
        var floats = WeightStore.byteCount(of: tensor, form, engine) / MemoryLayout<Float>.size
        switch form {
        case .plain:
            floats = tensor.count
            try withStored(tensor, name: name) { source, storage in
                engine.pack {
                    unmask_f32_widen($0, floats, source, storage, destination.assumingMemoryBound(to: Float.self))
                }
            }
        case .panels(let count, let n, let k, let transposed):
            // Packing reads a transposed matrix as it lies; other uses have it rearranged first.
            var (stored, isTransposed) = (tensor, transposed)
            if count == 1, case .transposed(let matrix) = tensor.contents {
                (stored, isTransposed) = (matrix, !transposed)
            }
            let stride = WeightStore.panelBytes(n: n, k: k, engine)
            try withStored(stored, name: name) { source, storage in
                engine.pack { packer in
                    for matrix in 0..<count {
                        unmask_f32_gemm_pack(
                            packer, n, k, source + matrix * n * k * storage.byteCount, isTransposed ? n : k, storage,
                            isTransposed, destination + matrix * stride)
                    }
                }
            }
        }
        let bad = engine.pack {
            unmask_f32_count_nonfinite($0, floats, destination.assumingMemoryBound(to: Float.self))
        }
        if bad > 0, !nonfinite.contains(name) { nonfinite.append(name) }
    }

    /// Calls `body` with the elements in a storage type that the kernels read; not at all where there are none.
    private func withStored(
        _ tensor: Tensor, name: String, _ body: (UnsafeRawPointer, unmask_storage) -> Void
    ) throws(RuntimeError) {
        guard tensor.count > 0 else { return }
        let storage =
            switch tensor.type {
            case .f16: UNMASK_STORAGE_F16
            case .bf16: UNMASK_STORAGE_BF16
            default: UNMASK_STORAGE_F32
            }
        if tensor.isContiguous, tensor.type != .f64 {
            tensor.withBytes { bytes in bytes.baseAddress.map { body($0, storage) } }
            return
        }
        let copy = try Region(byteCount: tensor.byteCount, purpose: "the packing of “\(name)”")
        tensor.copyBytes(to: copy.base)
        if tensor.type == .f64 {
            // Each number's place ends before the next one that is read.
            for index in 0..<tensor.count {
                let wide = copy.base.load(fromByteOffset: index * MemoryLayout<Double>.size, as: Double.self)
                copy.base.storeBytes(of: Float(wide), toByteOffset: index * MemoryLayout<Float>.size, as: Float.self)
            }
        }
        body(copy.base, storage)
    }
}

extension unmask_storage {
    fileprivate var byteCount: Int { self == UNMASK_STORAGE_F32 ? 4 : 2 }
}
