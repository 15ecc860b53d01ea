public import UnmaskImage
public import UnmaskRuntime

/// Forward passes: which images share one, and what the engine is given.
extension ModelSession {
    /// One image's part of a forward pass.
    struct PassAnswer {
        let mask: Mask
        /// Tokens that each block merged into others, at most.
        let merge: Int
        let values: [String: ArraySlice<Float>]
    }

    /// Runs images in as few passes as their token counts and the batch limit allow; answers in the images' order.
    func run(
        _ images: [PixelImage], masks: [Mask]?, merge: Int?, outputs: [String], slices: Slices? = nil
    ) throws(ModelError) -> [PassAnswer] {
        let c = model.interface
        let merge = merge ?? self.merge
        try checkNumber(ofMerge: merge)
        let masks = masks ?? Array(repeating: Mask.none(patches: c.patches), count: images.count)
        guard masks.count == images.count else {
            throw .invalidMask("\(masks.count) masks for \(images.count) images: expected one for each")
        }
        if let wrong = masks.first(where: { $0.patches != c.patches }) {
            throw .invalidMask("a mask of \(wrong.patches) patches: the model's images have \(c.patches)")
        }
        if !c.takesMasks, masks.contains(where: { $0.kept < $0.patches }) {
            let reason = c.wholeImageReason ?? "it is a graph without ids_keep"
            let offered = c.poolings.map(\.rawValue).joined(separator: ", ")
            throw .invalidMask(
                "\(model.name) always sees the whole image: \(reason); it gives \(offered) of whole images")
        }
        let expected = c.imageSize + [c.channels]
        for image in images where [image.height, image.width, image.channels] != expected {
            throw .imageMismatch(expected: expected, found: [image.height, image.width, image.channels])
        }
        guard !outputs.isEmpty else { return masks.map { PassAnswer(mask: $0, merge: merge, values: [:]) } }
        if let proof { proof.begin(model) } else { model.beginVerifying() }
        let answers = try proven { () throws(ModelError) in
            try passes(over: images, masks: masks, merge: merge, outputs: outputs, slices: slices)
        }
        try model.verify()
        return answers
    }

    private func passes(
        over images: [PixelImage], masks: [Mask], merge: Int, outputs: [String], slices: Slices?
    ) throws(ModelError) -> [PassAnswer] {
        let c = model.interface
        var answers = [PassAnswer?](repeating: nil, count: images.count)
        let groups = Dictionary(grouping: images.indices) { masks[$0].kept }
        for (kept, members) in groups.sorted(by: { $0.key < $1.key }) {
            let most = maximumBatch(kept: kept, decoding: outputs.contains(ModelGraph.prediction))
            for start in stride(from: 0, to: members.count, by: most) {
                let batch = Array(members[start..<min(start + most, members.count)])
                // A pass of a fixed batch is filled up with its last image, whose further answers nobody reads.
                let filled =
                    batch + Array(repeating: batch[batch.count - 1], count: max(0, (c.fixedBatch ?? 0) - batch.count))
                let results = try forward(
                    .u8(try pixels(filled.map { images[$0] })), masks: filled.map { masks[$0] }, kept: kept,
                    merge: merge, outputs: outputs, slices: slices)
                for (place, index) in batch.enumerated() {
                    answers[index] = PassAnswer(
                        mask: masks[index], merge: merge, values: results.mapValues { $0[place] })
                }
            }
        }
        return answers.compactMap { $0 }
    }

    /// The pixels of a batch, one image after another.
    private func pixels(_ images: [PixelImage]) throws(ModelError) -> [UInt8] {
        let count = images.reduce(0) { $0 + $1.pixels.count }
        try runnable { () throws(RuntimeError) in
            try Memory.check(bytes: count, purpose: "the pixels of a batch")
        }
        var pixels: [UInt8] = []
        pixels.reserveCapacity(count)
        for image in images { pixels += image.pixels }
        return pixels
    }

    /// One forward pass over images of equal token counts, timed step by step.
    public func profile(
        _ task: ModelTask, _ images: [PixelImage], masks: [Mask]
    ) throws(ModelError) -> [(step: Plan.Step, time: Duration)] {
        let names = try outputs(of: task)
        let inputs = inputs(.u8(try pixels(images)), masks)
        let kept = masks.first?.kept ?? 0
        let bindings = ModelGraph.bindings(batch: images.count, kept: kept)
        let merging = merging(merge, kept: kept)
        return try runnable { () throws(RuntimeError) in
            try session.profile(inputs, bindings: bindings, outputs: names, merging: merging)
        }
    }

    private func inputs(_ pixels: InputArray, _ masks: [Mask]) -> [String: InputArray] {
        [
            ModelGraph.pixels: pixels,
            ModelGraph.idsKeep: .i32(masks.flatMap { $0.idsKeep.map(Int32.init) }),
            ModelGraph.idsRestore: .i32(masks.flatMap { $0.idsRestore.map(Int32.init) }),
        ]
    }

    /// One forward pass over a batch of equal token counts. Outputs by the names in `ModelGraph`.
    package func forward(
        _ pixels: InputArray, masks: [Mask], kept: Int, merge: Int = 0, outputs: [String], slices: Slices? = nil
    ) throws(ModelError) -> [String: OutputArray] {
        let inputs = inputs(pixels, masks)
        let merging = merging(merge, kept: kept)
        return try runnable { () throws(RuntimeError) in
            try session.run(
                inputs, bindings: ModelGraph.bindings(batch: masks.count, kept: kept), outputs: outputs,
                merging: merging, slices: slices)
        }
    }
}
