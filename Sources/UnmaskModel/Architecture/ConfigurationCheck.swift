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
            require((1...limit).contains(value), "\(name) is \(value); expected 1 to \(limit)")
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
        require(heads > 0 && width % max(heads, 1) == 0, "width \(width) is not a multiple of heads \(heads)")
        require((0...limits.classes).contains(classes), "classes is \(classes); expected 0 to \(limits.classes)")
        require(normEpsilon > 0 && normEpsilon < 1, "norm_eps is \(normEpsilon); expected a small positive number")
        require(pooling != .output, "pooling is output; expected cls, mean or tokens")
        require(pooling != .tokens || classes == 0, "a head needs pooling cls or mean")
        if let vector {
            require(vector.pooling == .cls || vector.pooling == .mean, "vector's pooling is \(vector.pooling.rawValue)")
            require(vector.steps.count <= limits.steps, "vector has more than \(limits.steps) steps")
            for case .linear(let width) in vector.steps { bounded("vector's width", width, limits.width) }
        }
        if let decoder {
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
