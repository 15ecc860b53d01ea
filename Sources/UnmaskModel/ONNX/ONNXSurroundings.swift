/// The JSON files beside an ONNX file, as transformers, optimum and timm leave them.
struct ONNXSurroundings {
    /// transformers' `config.json`.
    let transformers: HuggingFaceConfig?
    /// timm's `config.json`.
    let timm: TimmConfig?
    let place: CheckpointPlace

    /// optimum puts the ONNX file into a folder of its own beside them, or among them.
    init(_ place: CheckpointPlace) throws(ModelError) {
        let config = try place.json("config.json", as: EitherConfig.self)
        transformers = config?.transformers
        timm = config?.timm
        self.place = place
    }

    /// `[height, width]` of the images that the model was made for.
    var imageSize: [Int]? {
        if let size = transformers?.image_size?.values { return size.count == 1 ? size + size : size }
        return timm?.imageSize
    }

    /// In the order of a head's outputs; empty where they are not named.
    var labels: [String] {
        transformers.map { $0.labels(count: $0.id2label?.count ?? 0) } ?? timm?.label_names ?? []
    }

    /// What a head's outputs are; nil where nothing is said of it.
    func scores(file: String) throws(ModelError) -> ScoreKind? {
        try transformers?.scores(outputs: transformers?.id2label?.count, file: file)
    }

    var licence: String? {
        transformers?.license ?? timm?.license ?? timm?.pretrained_cfg?.license
    }

    /// Both libraries call their file `config.json`.
    private struct EitherConfig: Decodable {
        let transformers: HuggingFaceConfig?
        let timm: TimmConfig?

        init(from decoder: any Decoder) throws {
            let config = try HuggingFaceConfig(from: decoder)
            transformers = config.model_type == nil ? nil : config
            timm = config.model_type == nil ? try TimmConfig(from: decoder) : nil
        }
    }
}
