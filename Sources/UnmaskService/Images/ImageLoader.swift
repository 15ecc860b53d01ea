internal import Logging
import UnmaskImage

/// Brings an image from wherever it is to the pixels that a model sees. Blocks.
struct ImageLoader: Sendable {
    let allowedPaths: AllowedPaths
    let limits: ImageLimits
    /// What all decodes share.
    let memory: DecodeMemory
    /// Is told what people may not expect of images' pixels.
    private let logger: Logger?

    init(allowedPaths: AllowedPaths, limits: ServiceConfiguration.Limits, logger: Logger? = nil) {
        self.allowedPaths = allowedPaths
        self.logger = logger
        self.limits = limits.image
        memory = DecodeMemory(capacity: limits.decodeBytes)
    }

    /// - Parameter stop: says why nobody needs the pixels any more; asked while they are decoded.
    func pixels(
        of source: ImageSource, for model: RegisteredModel, _ preparation: Preparation,
        stop: @escaping @Sendable () -> ImageError?
    ) throws(ServiceError) -> PixelImage {
        let notice: @Sendable (DecodeNotice) -> Void = { [logger] notice in
            logger?.warning(
                "an image's pixels may not be what is expected",
                metadata: ["model": "\(model.name)", "detail": "\(notice)"])
        }
        let control = DecodeControl(memory: memory, stop: stop, notice: notice)
        return switch source {
        case .path(let path): try prepare(try allowedPaths.contents(of: path, limits), model, preparation, control)
        case .encoded(let bytes): try prepare(try bytes.read(limits), model, preparation, control)
        case .pixels(let raw): try prepare(try raw.image(limits), model, preparation)
        }
    }

    private func prepare(
        _ encoded: [UInt8], _ model: RegisteredModel, _ preparation: Preparation, _ control: DecodeControl
    ) throws(ServiceError) -> PixelImage {
        let recipe = try preparation.recipeOfEncoded
        return try Self.named { () throws(ImageError) in
            try model.backend.prepare(encoded, recipe: recipe, limits: limits, control: control)
        }
    }

    private func prepare(
        _ pixels: PixelImage, _ model: RegisteredModel, _ preparation: Preparation
    ) throws(ServiceError) -> PixelImage {
        switch preparation {
        case .none:
            let interface = model.description.interface
            let expected = interface.imageSize + [interface.channels]
            let found = [pixels.height, pixels.width, pixels.channels]
            guard found == expected else {
                throw ServiceError(
                    .imageUnsupported,
                    "without a recipe, pixels have the model's own shape \(expected), found \(found): name a recipe")
            }
            return pixels
        case .recipe(let recipe):
            guard pixels.channels == 1 || pixels.channels == 3 else {
                throw ServiceError(
                    .imageUnsupported, "a recipe takes pixels of 1 or 3 channels, found \(pixels.channels)")
            }
            return try Self.named { () throws(ImageError) in
                try model.backend.prepare(pixels, recipe: recipe)
            }
        }
    }

    /// The error as the protocol names it.
    static func named(_ body: () throws(ImageError) -> PixelImage) throws(ServiceError) -> PixelImage {
        do throws(ImageError) {
            return try body()
        } catch {
            throw ServiceError(ErrorType(rawValue: error.type) ?? .imageDecodeFailed, error.message)
        }
    }
}
