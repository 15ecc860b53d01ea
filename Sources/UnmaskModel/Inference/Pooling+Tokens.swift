extension Pooling {
    /// Pools one image's tokens `[R + K, D]`, the prefix first, row-major; the mean is summed in Double.
    ///
    /// For what the graph does not pool itself: the residual stream behind a block.
    func pool(_ tokens: ArraySlice<Float>, width: Int, prefix: Int) -> ArraySlice<Float> {
        let patches = tokens.dropFirst(prefix * width)
        switch self {
        case .cls: return tokens.prefix(width)
        case .tokens: return patches
        case .output, .map: return tokens
        case .mean:
            var sums = [Double](repeating: 0, count: width)
            for (place, value) in patches.enumerated() { sums[place % width] += Double(value) }
            let count = Double(max(1, patches.count / width))
            return sums.map { Float($0 / count) }[...]
        }
    }
}
