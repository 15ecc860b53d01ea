internal import UnmaskRuntime

extension FlatSearch {
    /// Rows compared at a time.
    private static var distinctBlock: Int { 256 }

    /// Which of some neighbours stand for themselves: of pictures that are nearly the same the nearest is kept, and stands
    /// for the others. A neighbour is kept where it is less similar than the threshold to all nearer ones that are kept.
    ///
    /// - Parameters:
    ///   - neighbours: nearest first.
    ///   - threshold: the least similarity of two that are nearly the same.
    /// - Returns: for each, whether it is kept.
    public func distinct(_ neighbours: [Neighbour], threshold: Float) throws -> [Bool] {
        let width = store.dimension
        var kept: [PackedVectors] = []
        var flags: [Bool] = []
        for start in stride(from: 0, to: neighbours.count, by: Self.distinctBlock) {
            let block = neighbours[start..<min(start + Self.distinctBlock, neighbours.count)]
            let vectors = try block.flatMap { try store.vector(ofRow: $0.row) }
            var isKept = [Bool](repeating: true, count: block.count)
            for others in kept {
                let similarities = try others.products(with: vectors)
                for place in isKept.indices where isKept[place] {
                    let row = similarities[place * others.count..<(place + 1) * others.count]
                    isKept[place] = row.allSatisfy { $0 < threshold }
                }
            }
            let own = try PackedVectors(vectors, width: width, engine: engine).products(with: vectors)
            for place in isKept.indices where isKept[place] {
                isKept[place] = (0..<place).allSatisfy { !isKept[$0] || own[place * block.count + $0] < threshold }
            }
            let chosen = isKept.indices.filter { isKept[$0] }.flatMap { vectors[$0 * width..<($0 + 1) * width] }
            if !chosen.isEmpty { kept.append(try PackedVectors(chosen, width: width, engine: engine)) }
            flags += isKept
        }
        return flags
    }
}
