/// The usual sizes of Vision Transformers and masked autoencoders, by the names that papers give them.
public enum NamedArchitecture: String, Sendable, CaseIterable {
    case vitTiny16 = "vit-ti/16"
    case vitSmall16 = "vit-s/16"
    case vitBase16 = "vit-b/16"
    case vitLarge16 = "vit-l/16"
    case vitHuge14 = "vit-h/14"
    case maeBase16 = "mae-b/16"
    case maeLarge16 = "mae-l/16"
    case maeHuge14 = "mae-h/14"

    /// At 224 × 224 with three channels; the `mae` ones with MAE's usual decoder, 512 wide and 8 blocks deep.
    public var configuration: ModelConfiguration {
        let (width, depth, heads, patch) =
            switch self {
            case .vitTiny16: (192, 12, 3, 16)
            case .vitSmall16: (384, 12, 6, 16)
            case .vitBase16, .maeBase16: (768, 12, 12, 16)
            case .vitLarge16, .maeLarge16: (1024, 24, 16, 16)
            case .vitHuge14, .maeHuge14: (1280, 32, 16, 14)
            }
        let decoder: DecoderConfiguration? =
            rawValue.hasPrefix("mae") ? DecoderConfiguration(width: 512, depth: 8, heads: 16, normPix: true) : nil
        return ModelConfiguration(
            imageSize: [224, 224], patchSize: patch, width: width, depth: depth, heads: heads, decoder: decoder)
    }
}
