import UnmaskImage
import UnmaskModel
import UnmaskRuntime

/// Runs the model that was exported on Unmask's own engine, and lays its images out as the exported file takes them.
struct VerificationReference {
    private let model: Model
    private let options: ModelExportOptions
    private let session: Session
    private let outputs: [String]

    /// The share of patches that an autoencoder sees, as in its training (He et al. 2021).
    private static let keptShare = 0.25

    init(_ model: Model, _ options: ModelExportOptions, engine: Engine) throws {
        self.model = model
        self.options = options
        session = try Session(model.graph(), engine: engine)
        outputs =
            switch options.part {
            case .encoder: [(options.pooling ?? model.interface.pooling).rawValue]
            case .classifier: [ModelGraph.logits]
            case .mae: [ModelGraph.prediction]
            }
    }

    /// - Parameter batch: images of a forward pass where the file leaves it open. Files that prepare images themselves get
    ///   them one by one, being of different sizes.
    func batches(_ samples: SampleImages, of batch: Int) throws -> [VerificationBatch] {
        let size = options.batch ?? (options.preprocesses ? 1 : batch)
        let step = options.preprocesses ? 1 : size
        return try stride(from: 0, to: samples.count, by: step).map { start in
            let real = Array(start..<min(start + step, samples.count))
            let indices = real + (real.count..<size).map { _ in real[real.count - 1] }
            return try self.batch(indices, of: samples, counting: real.count)
        }
    }

    private func batch(_ indices: [Int], of samples: SampleImages, counting: Int) throws -> VerificationBatch {
        let patches = model.interface.patches
        let masks = try indices.map { index in
            options.part == .mae
                ? try Mask.random(patches: patches, keeping: Self.keptShare, seed: UInt64(index))
                : Mask.none(patches: patches)
        }
        let kept = masks[0].kept
        let images = indices.map { samples.images[$0] }
        let idsKeep = InputArray.i32(masks.flatMap { $0.idsKeep.map(Int32.init) })
        let idsRestore = InputArray.i32(masks.flatMap { $0.idsRestore.map(Int32.init) })
        var expected = try session.run(
            [
                ModelGraph.pixels: .u8(images.flatMap(\.pixels)), ModelGraph.idsKeep: idsKeep,
                ModelGraph.idsRestore: idsRestore,
            ], bindings: [ModelGraph.batch: images.count, ModelGraph.kept: kept], outputs: outputs)
        var inputs = [ModelGraph.pixels: options.preprocesses ? bytes(indices, of: samples) : normalised(images)]
        if options.part == .mae {
            inputs[ModelGraph.idsKeep] = .init(shape: [images.count, kept], values: idsKeep)
            inputs[ModelGraph.idsRestore] = .init(shape: [images.count, patches], values: idsRestore)
            expected[ModelGraph.mask] = OutputArray(
                shape: [images.count, patches], values: masks.flatMap { $0.removed.map(Float.init) })
        }
        return VerificationBatch(inputs: inputs, expected: expected, count: counting)
    }

    /// Images as they were decoded, [B, H, W, C].
    private func bytes(_ indices: [Int], of samples: SampleImages) -> VerificationBatch.Input {
        let images = indices.map { samples.sources[$0] }
        return .init(
            shape: [images.count, images[0].height, images[0].width, images[0].channels],
            values: .u8(images.flatMap(\.pixels)))
    }

    /// Prepared images as float32 [B, C, H, W].
    private func normalised(_ images: [PixelImage]) -> VerificationBatch.Input {
        let recipe = model.recipe
        let (height, width, channels) = (images[0].height, images[0].width, images[0].channels)
        var values: [Float] = []
        values.reserveCapacity(images.count * height * width * channels)
        for image in images {
            for channel in 0..<channels {
                for place in stride(from: channel, to: image.pixels.count, by: channels) {
                    values.append(Float(recipe.value(of: image.pixels[place], channel: channel)))
                }
            }
        }
        return .init(shape: [images.count, channels, height, width], values: .f32(values))
    }
}
