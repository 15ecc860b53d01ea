internal import CUnmaskKernels
internal import UnmaskGraph

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// The constants of a graph in the forms that the kernels read, side by side: matrices packed into panels, all else
/// row-major with floating-point numbers widened to float32. A constant is prepared when the first plan that needs it is
/// made, and its pages of the mapped file are let go at once, so that the two copies never stand side by side. Or all were
/// packed at an earlier start, and are read from a file.
final class WeightStore {
    private enum Place {
        /// Memory of the store's own.
        case region(Region)
        case file(PackedWeights)
    }

    private let engine: Engine
    private var place: Place
    private let offsets: [WeightUse: Int]
    private var prepared = Set<WeightUse>()
    let byteCount: Int
    /// Constants in which a NaN or an infinity was found.
    private(set) var nonfinite: [String] = []

    init(graph: Graph, engine: Engine, limits: PlanLimits) throws(RuntimeError) {
        self.engine = engine
        var offsets: [WeightUse: Int] = [:]
        var end = 0
        for use in graph.weightUses(engine) {
            guard let tensor = graph.constants[use.id] else { continue }
            offsets[use] = end
            end = saturatingSum(end, WeightStore.byteCount(of: tensor, use.form))
            guard end <= limits.memoryBytes else {
                throw .tooLarge(name: graph[use.id].name, op: "weights", bytes: end, limit: limits.memoryBytes)
            }
        }
        self.offsets = offsets
        byteCount = end
        place = .region(try WeightStore.region(byteCount))
    }

    private static func region(_ byteCount: Int) throws(RuntimeError) -> Region {
        try Region(byteCount: byteCount, purpose: "the weights")
    }

    /// Never written to through this.
    var base: UnsafeMutableRawPointer {
        switch place {
        case .region(let region): region.base
        case .file(let kept): UnsafeMutableRawPointer(mutating: kept.start)
        }
    }

    /// Where a constant lies from `base`, in bytes; nil where no node of the graph reads it in that form.
    func offset(of id: ValueID, _ form: WeightForm = .plain) -> Int? {
        offsets[WeightUse(id: id, form: form)]
    }

    /// Of the graph that the store was made for.
    func layout(of graph: Graph) -> WeightLayout {
        let parts = graph.weightUses(engine).compactMap { use in
            graph.constants[use.id].map { tensor in
                WeightLayout.Part(
                    name: graph[use.id].name, form: use.form.words, offset: offsets[use] ?? 0, tensor: tensor)
            }
        }
        return WeightLayout(parts: parts, byteCount: byteCount)
    }

    private static func byteCount(of tensor: Tensor, _ form: WeightForm) -> Int {
        switch form {
        case .plain: aligned(tensor.count * tensor.type.atRunTime.byteCount)
        case .panels(let kernel, let count, let n, let k, _): saturatingProduct(count, kernel.panelBytes(n: n, k: k))
        }
    }

    // MARK: Kept weights

    /// Takes all weights of its graph from a file, in place of any packed here, if this program packs as the one did that
    /// left them: the smallest weight of each kind is packed and compared.
    ///
    /// - Returns: whether it does.
    func take(_ kept: PackedWeights, of graph: Graph) throws(RuntimeError) -> Bool {
        var samples: [String: (use: WeightUse, byteCount: Int)] = [:]
        for use in graph.weightUses(engine) {
            guard case .panels(let kernel, _, _, _, let transposed) = use.form, let tensor = graph.constants[use.id]
            else { continue }
            let kind = "\(kernel.name) \(transposed) \(tensor.type)"
            let byteCount = WeightStore.byteCount(of: tensor, use.form)
            if byteCount < samples[kind]?.byteCount ?? .max { samples[kind] = (use, byteCount) }
        }
        for (use, byteCount) in samples.values {
            guard let tensor = graph.constants[use.id], let offset = offsets[use] else { continue }
            // Of small pages: a huge one takes longer to clear than the sample to pack.
            guard let sample = unmask_memory_allocate(byteCount) else {
                throw .outOfMemory(bytes: byteCount, purpose: "a sample of the weights")
            }
            defer { unmask_memory_free(sample) }
            try prepare(tensor, use.form, sample, name: graph[use.id].name)
            guard memcmp(sample, kept.start + offset, byteCount) == 0 else { return false }
        }
        place = .file(kept)
        prepared = Set(offsets.keys)
        nonfinite = kept.nonfinite
        return true
    }

    /// The store's own memory, once all weights of its graph are prepared; nil where they are read from a file.
    var packed: Region? {
        guard case .region(let region) = place, prepared.count == offsets.count else { return nil }
        return region
    }

    /// Whether they are read from a file.
    var isKept: Bool { if case .file = place { true } else { false } }

    /// What has become of the file that they are read from; nil where nothing has.
    var damage: MappingError? {
        if case .file(let kept) = place { kept.file.damage } else { nil }
    }

    /// Reads no file any longer: all is packed anew when it is next needed. Where there is no memory for that, the store
    /// stays as it is.
    func forsakeFile(because reason: String) throws(RuntimeError) {
        guard case .file(let kept) = place else { return }
        place = .region(try WeightStore.region(byteCount))
        prepared = []
        nonfinite = []
        kept.lost(reason)
    }

    // MARK: Packing

    /// Packs and widens what `graph` needs and no earlier graph did, beside the engine's passes. What was prepared
    /// before a failure stays so. Throws where a file that holds a weight is no longer what it was when it was opened.
    func prepare(for graph: Graph, _ slices: Slices?) throws(RuntimeError) {
        guard case .region(let region) = place else { return }
        for use in graph.weightUses(engine) where !prepared.contains(use) {
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
        var isFinite = true
        switch form {
        case .plain:
            let numbers = destination.assumingMemoryBound(to: Float.self)
            try withStored(tensor, name: name) { source, storage in
                engine.pack { packer in
                    unmask_f32_widen(packer, tensor.count, source, storage, numbers)
                    isFinite = unmask_f32_count_nonfinite(packer, tensor.count, numbers) == 0
                }
            }
        case .panels(let kernel, let count, let n, let k, let transposed):
            if kernel.arithmetic == .i8, count == 1, case .scaled(let whole, let scales) = tensor.contents {
                isFinite = try packWhole(whole, scales, kernel, n: n, k: k, destination, name: name)
                break
            }
            // Packing reads a transposed matrix as it lies; other uses have it rearranged first.
            var (stored, isTransposed) = (tensor, transposed)
            if count == 1, case .transposed(let matrix) = tensor.contents {
                (stored, isTransposed) = (matrix, !transposed)
            }
            let stride = kernel.panelBytes(n: n, k: k)
            try withStored(stored, name: name) { source, storage in
                engine.pack { packer in
                    for matrix in 0..<count {
                        let packed = unmask_gemm_pack(
                            packer, kernel.handle, n, k, source + matrix * n * k * storage.byteCount,
                            isTransposed ? n : k, storage, isTransposed, destination + matrix * stride)
                        isFinite = isFinite && packed
                    }
                }
            }
        }
        if !isFinite, !nonfinite.contains(name) { nonfinite.append(name) }
    }

    /// Packs whole numbers [n, k] as they are; returns whether their scales are numbers, and they themselves bytes.
    private func packWhole(
        _ whole: Tensor, _ scales: Tensor, _ kernel: ProductKernel, n: Int, k: Int,
        _ destination: UnsafeMutableRawPointer, name: String
    ) throws(RuntimeError) -> Bool {
        var (stored, isTransposed) = (whole, false)
        if case .transposed(let matrix) = whole.contents { (stored, isTransposed) = (matrix, true) }
        let numbers = scales.widened()
        var isFinite = true
        try withStored(stored, name: name) { source, storage in
            isFinite = engine.pack { packer in
                unmask_gemm_pack_whole(
                    packer, kernel.handle, n, k, source, isTransposed ? n : k, storage, isTransposed, numbers,
                    destination)
            }
        }
        return isFinite
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
            case .i8: UNMASK_STORAGE_I8
            case .i16: UNMASK_STORAGE_I16
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
    fileprivate var byteCount: Int {
        switch self {
        case UNMASK_STORAGE_F32: 4
        case UNMASK_STORAGE_I8: 1
        default: 2
        }
    }
}
