internal import UnmaskGraph
internal import UnmaskImage

/// The preparation of pixels at the beginning of a graph: another type, another order of axes or channels, and a scale and
/// a shift for each channel.
///
/// It is taken out of the graph, and its numbers become the recipe's: the model is then the one that would have been
/// exported without it, with everything that recognising it allows.
struct PixelPreparation {
    /// By the image's channel, in units of the sample range 0…1; nil where pixels are only moved.
    let normalisation: Normalisation?

    /// A graph whose input is what its preparation led to, and the preparation. Nil where there is none, or it does
    /// something else, which then stays.
    /// - Parameter stated: the normalisation that is said to stand before the graph. What a graph of normalised pixels
    ///   scales is then part of the model, unless it is that very normalisation.
    static func taken(
        outOf graph: Graph, stated: Normalisation?
    ) -> (graph: Graph, preparation: PixelPreparation)? {
        var walk = PreparationWalk(graph)
        guard let pixels = walk?.pixels, walk?.run() == true, let found = walk else { return nil }
        let isBytes = graph[pixels].type == .u8
        var normalisation: Normalisation?
        if found.isScaled || isBytes {
            guard let range = isBytes ? 255 : PixelPreparation.range(of: found.scale) else { return nil }
            let channels = found.source.indices.sorted { found.source[$0] < found.source[$1] }
            let std = channels.map { Float(1 / (found.scale[$0] * range)) }
            let mean = channels.map { Float(-found.shift[$0] / (found.scale[$0] * range)) }
            guard std.allSatisfy({ $0.isFinite && $0 > 0 }), mean.allSatisfy(\.isFinite) else { return nil }
            normalisation = Normalisation(mean: mean, std: std)
            if !isBytes, let stated, !stated.isClose(to: mean, std) { return nil }
        }
        guard let cut = graph.cut(at: found) else { return nil }
        return (cut, PixelPreparation(normalisation: normalisation))
    }

    /// Whether samples of floating-point inputs reach to 1 or to 255: what they are divided by tells, as no model divides
    /// samples of 0…1 by more than a few.
    private static func range(of scale: [Double]) -> Double? {
        let deviations: ClosedRange<Double> = 0.5...25
        return [1, 255].first { range in scale.allSatisfy { deviations.contains($0 * range) } }
    }
}

/// What pixels are normalised by, for each channel, in units of the sample range 0…1.
struct Normalisation {
    let mean: [Float]
    let std: [Float]

    /// Whether these are the numbers, to what division and rounding change in them.
    fileprivate func isClose(to mean: [Float], _ std: [Float]) -> Bool {
        func areClose(_ a: [Float], _ b: [Float]) -> Bool {
            a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= 1e-3 }
        }
        return areClose(self.mean, mean) && areClose(self.std, std)
    }
}

extension RecipeStatement {
    /// What a file does to samples itself.
    init(_ normalisation: Normalisation) {
        mean = normalisation.mean
        std = normalisation.std
        (order, rescale, offset) = (.rgb, Recipe.unitRescale, 0)
    }
}
