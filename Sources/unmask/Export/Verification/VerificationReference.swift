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
            case .classifier: [options.classOutput]
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
                ? try randomMask(patches, seed: UInt64(index))
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
            ], bindings: ModelGraph.bindings(batch: images.count, kept: kept), outputs: outputs)
        var inputs = [ModelGraph.pixels: options.preprocesses ? bytes(indices, of: samples) : normalised(images)]
        if options.part == .mae {
            inputs[ModelGraph.idsKeep] = .init(shape: [images.count, kept], values: idsKeep)
            inputs[ModelGraph.idsRestore] = .init(shape: [images.count, patches], values: idsRestore)
            expected[ModelGraph.mask] = OutputArray(
                shape: [images.count, patches], values: masks.flatMap { $0.removed.map(Float.init) })
        }
        return VerificationBatch(inputs: inputs, expected: expected, count: counting)
    }

    private func randomMask(_ patches: Int, seed: UInt64) throws -> Mask {
        let share = options.kept.map { min((Double($0) + 0.5) / Double(patches), 1) } ?? Self.keptShare
        return try Mask.random(patches: patches, keeping: share, seed: seed)
    }

    /// Images as they were decoded, in the file's layout and type.
    private func bytes(_ indices: [Int], of samples: SampleImages) -> VerificationBatch.Input {
        let images = indices.map { samples.sources[$0] }
        let pixels = images.flatMap { laidOut($0.pixels, channels: $0.channels) }
        return .init(
            shape: shape(images), values: options.samples == .u8 ? .u8(pixels) : .f32(pixels.map(Float.init)))
    }

    private func shape(_ images: [PixelImage]) -> [Int] {
        let (height, width, channels) = (images[0].height, images[0].width, images[0].channels)
        return [images.count] + (options.pixelLayout == .nhwc ? [height, width, channels] : [channels, height, width])
    }

    /// [H, W, C] in the file's layout.
    private func laidOut<Sample>(_ samples: [Sample], channels: Int) -> [Sample] {
        guard options.pixelLayout == .nchw, channels > 1 else { return samples }
        return (0..<channels).flatMap { channel in
            stride(from: channel, to: samples.count, by: channels).map { samples[$0] }
        }
    }

    /// Prepared images as float32, in the file's layout.
    private func normalised(_ images: [PixelImage]) -> VerificationBatch.Input {
        let (recipe, channels) = (model.recipe, images[0].channels)
        let values = images.flatMap { image in
            laidOut(
                image.pixels.indices.map { place in
                    Float(recipe.value(of: image.pixels[place], channel: place % channels))
                }, channels: channels)
        }
        return .init(shape: shape(images), values: .f32(values))
    }
}
