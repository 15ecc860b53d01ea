package import UnmaskGraph

extension AtomicFile {
    /// Writes a tensor's elements at the end, those of floating-point tensors in another format where asked, through a
    /// buffer of at most 1 MiB.
    /// - Returns: how many finite elements became infinite.
    package func append(_ tensor: Tensor, convertedTo type: ElementType) throws(WeightsError) -> Int {
        let result: Result<Int, WeightsError>
        do throws(WeightsError) { result = .success(try appendElements(of: tensor, convertedTo: type)) } catch {
            result = .failure(error)
        }
        if let damage = tensor.damage { throw WeightsError(damage) }
        return try result.get()
    }

    private func appendElements(of tensor: Tensor, convertedTo type: ElementType) throws(WeightsError) -> Int {
        let chunk = 1 << 17
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunk * type.byteCount, alignment: 64)
        defer { buffer.deallocate() }
        tensor.willNeed()
        defer { tensor.release() }
        return try tensor.withBytes { (bytes) throws(WeightsError) in
            var overflows = 0
            for first in stride(from: 0, to: tensor.count, by: chunk) {
                let count = min(chunk, tensor.count - first)
                let size = tensor.type.byteCount
                let source = UnsafeRawBufferPointer(rebasing: bytes[first * size..<(first + count) * size])
                guard type != tensor.type else {
                    try append(source)
                    continue
                }
                let target = UnsafeMutableRawBufferPointer(rebasing: buffer[..<(count * type.byteCount)])
                overflows += FloatConversion.convert(source, from: tensor.type, into: target, to: type)
                try append(UnsafeRawBufferPointer(target))
            }
            return overflows
        }
    }
}
