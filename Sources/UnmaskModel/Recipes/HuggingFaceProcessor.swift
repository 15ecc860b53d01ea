internal import UnmaskImage

/// transformers' image processors: what each does where its configuration leaves something out (the class attributes of
/// transformers 5, Apache 2.0).
struct HuggingFaceProcessor {
    /// Of the class, without `ImageProcessor` and `FeatureExtractor`.
    let name: String
    let resizes: [String: Double]
    let crops: Bool
    let cropSize: Int?
    /// Pillow's number.
    let resample: Int
    let mean: [Float]
    let std: [Float]
    /// What one number for a size means: both sides, or the shorter one.
    let isSquare: Bool

    private static let half: [Float] = [0.5, 0.5, 0.5]
    private static let clipMean: [Float] = [0.48145466, 0.4578275, 0.40821073]
    private static let clipStd: [Float] = [0.26862954, 0.26130258, 0.27577711]

    /// The processors of the image encoders that are read here. CLIP's and BiT's are one; DINOv2's files name BiT's.
    private static let known: [HuggingFaceProcessor] = [
        HuggingFaceProcessor("ViT", square: 224, resample: 2),
        HuggingFaceProcessor("DeiT", square: 256, crop: 224),
        HuggingFaceProcessor("Beit", square: 224, cropSize: 224),
        HuggingFaceProcessor("Siglip", square: 224, isSquare: false),
        HuggingFaceProcessor("Bit", shortest: 224, crop: 224, mean: clipMean, std: clipStd),
        HuggingFaceProcessor("CLIP", shortest: 224, crop: 224, mean: clipMean, std: clipStd),
        HuggingFaceProcessor("ConvNext", shortest: 384),
        HuggingFaceProcessor(
            "DINOv3ViT", square: 224, resample: 2, mean: Recipe.imageNetMean, std: Recipe.imageNetStd),
    ]

    /// What a file has whose class is not stated, or not known.
    static let generic = HuggingFaceProcessor("", square: 224, resample: 2)

    private init(
        _ name: String, square: Int? = nil, shortest: Int? = nil, crop: Int? = nil, cropSize: Int? = nil,
        resample: Int = 3, mean: [Float] = half, std: [Float] = half, isSquare: Bool? = nil
    ) {
        self.name = name
        resizes =
            square.map { ["height": Double($0), "width": Double($0)] } ?? shortest.map { ["shortest_edge": Double($0)] }
            ?? [:]
        crops = crop != nil
        self.cropSize = crop ?? cropSize
        self.resample = resample
        self.mean = mean
        self.std = std
        self.isSquare = isSquare ?? (square != nil)
    }

    /// By the name of a class: `ViTImageProcessor`, `ViTImageProcessorFast`, `ViTFeatureExtractor`; nil where it is another.
    init?(className: String) {
        var stem = Substring(className)
        for suffix in ["Fast", "Pil", "ImageProcessor", "FeatureExtractor"] where stem.hasSuffix(suffix) {
            stem = stem.dropLast(suffix.count)
        }
        let name = stem == "DINOv3ViT" || stem == "Dinov3ViT" ? "DINOv3ViT" : String(stem)
        guard let found = Self.known.first(where: { $0.name.lowercased() == name.lowercased() }) else { return nil }
        self = found
    }

    /// Of known classes, for messages.
    static var names: String { known.map { $0.name + "ImageProcessor" }.joined(separator: ", ") }
}
