import NIOCore
import UnmaskModel

extension Parameters {
    /// What says what vectors are made of.
    static let vectorMembers = ["pooling", "normalize", "dimensions", "output"]

    /// Reads `pooling`, `normalize`, `dimensions` and `output`.
    func vectorOptions(of model: ModelInterface) throws(ServiceError) -> VectorOptions {
        let pooling: Pooling = try choice("pooling") ?? model.pooling
        let block = try block(of: model)
        let width = model.width(of: pooling, block: block)
        guard width > 0 else {
            throw mismatch("pooling", "one of " + model.poolings.map(\.rawValue).joined(separator: ", "))
        }
        return VectorOptions(
            pooling: pooling, normalize: try flag("normalize") ?? false,
            dimensions: try integer("dimensions", in: 1...width) ?? width, block: block)
    }

    /// Reads `output`: `final`, the default, or `blocks.i`, counted from 0.
    private func block(of model: ModelInterface) throws(ServiceError) -> Int? {
        guard let output = try string("output"), output != "final" else { return nil }
        let prefix = "blocks."
        guard output.hasPrefix(prefix), let block = Int(output.dropFirst(prefix.count)),
            (0..<model.depth).contains(block), output == prefix + String(block)
        else {
            throw mismatch(
                "output",
                model.depth > 0 ? "\"final\" or \"blocks.0\" to \"blocks.\(model.depth - 1)\"" : "\"final\"")
        }
        return block
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
