import NIOCore
import UnmaskModel

extension Parameters {
    /// What says what vectors are made of.
    static let vectorMembers = ["pooling", "normalize", "dimensions", "output"]

    /// Reads `pooling`, `normalize`, `dimensions` and `output`.
    /// - Parameter usual: the pooling where none is named.
    func vectorOptions(of model: ModelInterface, usual: Pooling? = nil) throws(ServiceError) -> VectorOptions {
        let pooling: Pooling = try choice("pooling") ?? usual ?? model.pooling
        let sources = try sources(of: model, pooling)
        let width = model.width(of: pooling, sources)
        guard width > 0 else {
            throw mismatch("pooling", "one of " + model.poolings.map(\.rawValue).joined(separator: ", "))
        }
        return VectorOptions(
            pooling: pooling, normalize: try flag("normalize") ?? false,
            dimensions: try integer("dimensions", in: 1...width) ?? width, sources: sources)
    }

    /// Reads `output`: `final`, the default, `blocks.i`, counted from 0, or several that stand side by side, joined by `+`; of
    /// tokens also `errors.count.seed`, the last of them.
    private func sources(of model: ModelInterface, _ pooling: Pooling) throws(ServiceError) -> [VectorSource] {
        guard let output = try string("output") else { return [.final] }
        let blocks = (0..<model.depth).map { VectorSource.block($0) }
        guard let sources = [VectorSource](output: output),
            sources.allSatisfy({ $0 == .final || $0.masks != nil || blocks.contains($0) })
        else {
            throw mismatch(
                "output",
                model.depth > 0
                    ? "one or several, joined by +, of \"final\" or \"blocks.0\" to \"blocks.\(model.depth - 1)\""
                    : "\"final\"")
        }
        do throws(ModelError) { try model.require(sources, of: pooling) } catch {
            throw ServiceError(.invalidParams, "params.output: \(error)")
        }
        return sources
    }

    /// Reads a vector: an array of numbers, or `{"frame":i}` or `{"base64":…}` of little-endian float32.
    func vector(_ name: String, frames: [ByteBuffer]) throws(ServiceError) -> [Float] {
        guard case .array(let elements)? = self[name] else {
            let bytes = try requestBytes(name, frames: frames).read(.standard)
            guard bytes.count % 4 == 0 else {
                throw mismatch(name, "float32 numbers", found: "\(bytes.count) bytes")
            }
            var buffer = ByteBuffer(bytes: bytes)
            var values: [Float] = []
            while let bits = buffer.readInteger(endianness: .little, as: UInt32.self) {
                values.append(Float(bitPattern: bits))
            }
            return try finite(name, values)
        }
        let values = elements.compactMap(\.double).map { Float($0) }
        guard values.count == elements.count else { throw mismatch(name, "an array of numbers") }
        return try finite(name, values)
    }

    private func finite(_ name: String, _ values: [Float]) throws(ServiceError) -> [Float] {
        guard values.allSatisfy(\.isFinite) else { throw mismatch(name, "finite float32 numbers") }
        return values
    }
}
