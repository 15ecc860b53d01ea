extension ModelConfiguration {
    /// Sizes beyond which a configuration is taken for a mistake or an attack; ViT-22B stays well within.
    private static let limits = (
        side: 16384, patch: 1024, channels: 1024, width: 16384, depth: 512, classes: 1 << 20, steps: 16
    )

    /// Throws `ModelError.invalidConfiguration` naming everything that does not fit together.
    func validate() throws(ModelError) {
        var problems: [String] = []
        func require(_ condition: Bool, _ problem: @autoclosure () -> String) {
            if !condition { problems.append(problem()) }
        }
        let limits = Self.limits
        func bounded(_ name: String, _ value: Int, _ limit: Int) {
            problems.bound(name, value, 1...limit)
        }
        require(imageSize.count == 2, "image_size is \(imageSize); expected [height, width]")
        bounded("patch_size", patchSize, limits.patch)
        for side in imageSize {
            bounded("image_size", side, limits.side)
            require(
                patchSize > 0 && side % patchSize == 0,
                "image_size \(imageSize) is not a multiple of patch_size \(patchSize)")
        }
        bounded("channels", channels, limits.channels)
        bounded("width", width, limits.width)
        bounded("mlp_width", mlpWidth, 8 * limits.width)
        bounded("depth", depth, limits.depth)
        let inner = composition.block.attentionWidth ?? width
        bounded("the attention's width", inner, limits.width)
        require(heads > 0 && inner % max(heads, 1) == 0, "width \(inner) is not a multiple of heads \(heads)")
        require((0...limits.classes).contains(classes), "classes is \(classes); expected 0 to \(limits.classes)")
        require(normEpsilon > 0 && normEpsilon < 1, "norm_eps is \(normEpsilon); expected a small positive number")
        require(pooling != .output, "pooling is output; expected cls, mean, map or tokens")
        require(pooling != .cls || composition.hasClassToken, "pooling is cls, and there is no CLS token")
        require(
            pooling != .map || composition.attentionPool != nil, "pooling is map, and there is no attention pooling")
        problems += composition.problems(self) + trunkProblems
        require(pooling != .tokens || classes == 0, "a head needs pooling cls or mean")
        if let vector {
            require(
                vector.pooling == .mean || vector.pooling == .cls && composition.hasClassToken,
                "vector's pooling is \(vector.pooling.rawValue)")
            require(vector.steps.count <= limits.steps, "vector has more than \(limits.steps) steps")
            for case .linear(let width) in vector.steps { bounded("vector's width", width, limits.width) }
        }
        if let decoder {
            var encoder = composition
            encoder.tokenProbe = nil
            let isHiera = if case .hiera? = composition.trunk { true } else { false }
            require(
                encoder == Composition() || isHiera,
                "a masked autoencoder's decoder follows a plain Vision Transformer, or a Hiera")
            bounded("decoder width", decoder.width, limits.width)
            bounded("decoder mlp_width", decoder.mlpWidth, 8 * limits.width)
            bounded("decoder depth", decoder.depth, limits.depth)
            require(
                decoder.heads > 0 && decoder.width % max(decoder.heads, 1) == 0,
                "decoder width \(decoder.width) is not a multiple of its heads \(decoder.heads)")
            require(
                decoder.normEpsilon > 0 && decoder.normEpsilon < 1,
                "the decoder's norm_eps is \(decoder.normEpsilon); expected a small positive number")
        }
        guard problems.isEmpty else { throw .invalidConfiguration(problems) }
    }
}

extension Composition {
    /// `numbers`: of a table that is made from a file's small one, 1 GB.
    private static let limits = (
        prefix: 256, reference: 1 << 16, numbers: Double(1 << 28), window: 1024, neck: 16384
    )

    /// What does not fit together. Nothing beyond a small number is asked of `c` but its sizes.
    fileprivate func problems(_ c: ModelConfiguration) -> [String] {
        var problems: [String] = []
        func require(_ condition: Bool, _ problem: String) {
            if !condition { problems.append(problem) }
        }
        let names = tokens.prefix.map(\.name)
        require(
            Set(names).count == names.count && Set(names).isSubset(of: PrefixToken.names)
                && tokens.prefix.allSatisfy { (1...Self.limits.prefix).contains($0.count) },
            "the tokens in front are \(names); expected some of \(PrefixToken.names.sorted()), up to 256 each")
        guard problems.isEmpty else { return problems }
        let positioned = tokens.positioned ?? 0
        require(
            (0...prefixCount).contains(positioned), "\(positioned) of \(prefixCount) tokens in front have positions")
        let inner = block.attentionWidth ?? c.width
        let count = 1 + c.imageSize.reduce(1.0) { $0 * Double($1) / Double(max(c.patchSize, 1)) }
        require(
            block.relativePositions == nil || block.relativePositions == .decomposed
                || count * count * Double(c.heads) <= Self.limits.numbers,
            "relative positions of \(count) tokens and \(c.heads) heads are more than 1 GB")
        require(
            block.rotary == nil || count * Double(inner) <= Self.limits.numbers,
            "rotary positions of \(count) tokens, \(inner) wide, are more than 1 GB")
        if let rotary = block.rotary {
            require(inner % (4 * max(c.heads, 1)) == 0, "heads of \(inner / max(c.heads, 1)) have no rotary positions")
            require(rotary.temperature > 0 && rotary.temperature.isFinite, "rotary's temperature is no positive number")
            if case .counted(let offset, let reference) = rotary.coordinates {
                require(
                    offset.isFinite
                        && reference.map { $0.count == 2 && $0.allSatisfy((1...Self.limits.reference).contains) }
                            ?? true,
                    "rotary's places are counted from \(offset) on a grid of \(reference ?? [])")
            }
        }
        let hasTables = block.relativePositions != nil && block.relativePositions != .decomposed
        require(!hasTables || tokens.prefix == [.cls], "relative positions are for patches and a CLS token")
        let needsGrid = block.windows != nil || block.relativePositions == .decomposed || neck != nil
        require(
            !needsGrid || (tokens.prefix.isEmpty && block.rotary == nil && !hasTables),
            "windows, relations of rows and columns, and a neck are for patches alone")
        if let windows = block.windows {
            require(
                (1...Self.limits.window).contains(windows.side) && windows.global.allSatisfy((0..<c.depth).contains),
                "windows of \(windows.side) but for blocks \(windows.global.prefix(8)) of \(c.depth)")
        }
        if let neck {
            require(
                (1...Self.limits.neck).contains(neck.width) && neck.epsilon > 0 && neck.epsilon < 1,
                "a neck of \(neck.width), its norms' epsilon \(neck.epsilon)")
        }
        require(!headJoinsMean || c.pooling == .cls, "a head on CLS token and mean needs pooling cls")
        require(
            headInput == nil || (c.vector != nil && !isDistilled && !headJoinsMean && tokenProbe == nil),
            "a head reads the model's own vector, and it has none")
        require(
            finalNormEpsilon.map { $0 > 0 && $0 < 1 } ?? true,
            "the last norm's epsilon is \(finalNormEpsilon ?? 0); expected a small positive number")
        require(block.norm != .deviation || !block.queryKeyNorm, "queries and keys have no norm by their deviation")
        require(!isDistilled || (tokens.prefix.count > 1 && hasClassToken), "two heads need two tokens in front")
        if let pool = attentionPool {
            require(
                pool.heads > 0 && c.width % max(pool.heads, 1) == 0,
                "width \(c.width) is not a multiple of the pooling's heads \(pool.heads)")
            require((1...8 * 16384).contains(pool.mlpWidth), "the pooling's mlp_width is \(pool.mlpWidth)")
        }
        if let probe = tokenProbe {
            require(
                (1...TokenProbe.most).contains(probe.queries) && c.outputWidth % max(probe.queries, 1) == 0,
                "the probe's queries are \(probe.queries); expected 1 to \(TokenProbe.most) that divide the width \(c.outputWidth)"
            )
            require(!isDistilled && !headJoinsMean, "a probe and a head on the CLS token exclude one another")
        }
        return problems
    }
}

extension [String] {
    /// Adds to a configuration's problems a number that is outside of its range.
    mutating func bound(_ name: String, _ value: Int, _ range: ClosedRange<Int>) {
        if !range.contains(value) { append("\(name) is \(value); expected \(range.lowerBound) to \(range.upperBound)") }
    }
}
