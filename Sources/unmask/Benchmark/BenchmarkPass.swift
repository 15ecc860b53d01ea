import UnmaskImage
import UnmaskModel
import UnmaskRuntime

/// One forward pass over arbitrary images, repeatable.
struct BenchmarkPass {
    let plan: Plan
    private let session: ModelSession
    private let images: [PixelImage]
    private let masks: [Mask]
    private let task: ModelTask

    /// - Parameter pooling: measures that vector; nil: the model's own task.
    init(session: ModelSession, batch: Int, mask: Mask, pooling: Pooling? = nil) throws {
        let c = session.model.interface
        self.session = session
        images = (0..<batch).map { index in
            PixelImage(
                width: c.imageSize[1], height: c.imageSize[0], channels: c.channels,
                pixels: (0..<c.imageSize[0] * c.imageSize[1] * c.channels).map {
                    UInt8(truncatingIfNeeded: $0 * 31 + index)
                })
        }
        masks = Array(repeating: mask, count: batch)
        task = session.model.hasHead && pooling == nil ? .classify : .embed(pooling)
        plan = try session.prepare(task, batch: batch, kept: mask.kept)
    }

    func seconds() throws -> Double {
        let time = try ContinuousClock().measure {
            if case .embed(let pooling) = task {
                _ = try session.embed(images, options: EmbeddingOptions(pooling: pooling), masks: masks)
            } else {
                _ = try session.classify(images, masks: masks)
            }
        }
        return time / .seconds(1)
    }

    func profile() throws -> [(step: Plan.Step, seconds: Double)] {
        try session.profile(task, images, masks: masks).map { ($0.step, $0.time / .seconds(1)) }
    }
}
