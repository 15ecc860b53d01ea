internal import CUnmaskKernels
internal import UnmaskGraph

/// The constants of a graph in the form that the kernels read: matrices of linear layers packed into panels, all else
/// widened to float32, in one region. A constant is prepared when the first plan that needs it is made, and its pages
/// of the mapped file are let go at once, so that the two copies never stand side by side.
final class WeightStore {
    private let engine: Engine
    private let region: Region
    private let offsets: [ValueID: Int]
    private let matrices: Set<ValueID>
    private var prepared = Set<ValueID>()
    /// Constants in which a NaN or an infinity was found.
    private(set) var nonfinite: [String] = []

    init(graph: Graph, engine: Engine) throws(RuntimeError) {
        self.engine = engine
        var matrices = Set<ValueID>()
        for node in graph.nodes {
            if case .linear = node.op, let weight = node.inputs[LinearOperand.weight] { matrices.insert(weight) }
        }
        var offsets: [ValueID: Int] = [:]
        var end = 0
        for (id, tensor) in graph.constants.sorted(by: { $0.key.index < $1.key.index }) {
            offsets[id] = end
            let bytes =
                matrices.contains(id)
                ? unmask_f32_gemm_packed_bytes(engine.handle, tensor.shape[0], tensor.shape[1])
                : tensor.count * MemoryLayout<Float>.size
            end += aligned(bytes)
        }
        self.matrices = matrices
        self.offsets = offsets
        region = try Region(byteCount: end, purpose: "the weights")
    }

    var base: UnsafeMutableRawPointer { region.base }
    var byteCount: Int { region.byteCount }

    /// Where a constant lies from `base`, in bytes.
    func offset(of id: ValueID) -> Int? { offsets[id] }

    /// Packs and widens what `graph` needs and no earlier graph did.
    func prepare(for graph: Graph) throws(RuntimeError) {
        for (id, tensor) in graph.constants.sorted(by: { $0.key.index < $1.key.index }) where !prepared.contains(id) {
            try prepare(id, tensor, name: graph[id].name)
            prepared.insert(id)
        }
    }

    private func prepare(_ id: ValueID, _ tensor: Tensor, name: String) throws(RuntimeError) {
        guard let offset = offsets[id] else { throw .missingInput(name) }
        let storage: unmask_storage
        switch tensor.type {
        case .f32: storage = UNMASK_STORAGE_F32
        case .f16: storage = UNMASK_STORAGE_F16
        case .bf16: storage = UNMASK_STORAGE_BF16
        default: throw .unsupportedConstant(name: name, type: tensor.type.rawValue)
        }
        tensor.willNeed()
        defer { tensor.release() }
        let destination = region.base + offset
        // Packing reads a transposed matrix as it lies; other uses have it rearranged first.
        var stored = tensor
        var isTransposed = false
        if matrices.contains(id), case .transposed(let matrix) = tensor.contents {
            (stored, isTransposed) = (matrix, true)
        }
        let bad = stored.withBytes { bytes -> Int in
            guard let source = bytes.baseAddress else { return 0 }
            if matrices.contains(id) {
                let rows = tensor.shape[0]
                let columns = tensor.shape[1]
                unmask_f32_gemm_pack(
                    engine.handle, rows, columns, source, isTransposed ? rows : columns, storage, isTransposed,
                    destination)
                let floats = unmask_f32_gemm_packed_bytes(engine.handle, rows, columns) / MemoryLayout<Float>.size
                return unmask_f32_count_nonfinite(
                    engine.handle, floats, destination.assumingMemoryBound(to: Float.self))
            }
            let floats = destination.bindMemory(to: Float.self, capacity: tensor.count)
            unmask_f32_widen(engine.handle, tensor.count, source, storage, floats)
            return unmask_f32_count_nonfinite(engine.handle, tensor.count, floats)
        }
        if bad > 0 { nonfinite.append(name) }
    }
}
