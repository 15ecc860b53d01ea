internal import UnmaskImage

/// What `preprocessor_config.json` says of how images are prepared, as transformers' image processors do it with Pillow.
///
/// A member that changes pixels is used or refused by name; one that nobody here knows is named in a note.
struct HuggingFacePreprocessing {
    private let members: [String: JSONMember]
    private let file: String
    private let processor: HuggingFaceProcessor
    private var notes: [String] = []

    /// Members that have no part in the pixels of one RGB image.
    private static let harmless: Set<String> = [
        "image_processor_type", "feature_extractor_type", "processor_class", "auto_map", "_name_or_path",
        "transformers_version", "data_format", "input_data_format", "return_tensors", "device", "disable_grouping",
        "do_convert_rgb", "do_reduce_labels", "reduce_labels", "image_seq_length", "num_labels", "default_to_square",
        "_valid_processor_keys", "_processor_class", "num_channels", "backend",
    ]
    /// Steps of other processors whose names do not begin with `do_`.
    private static let steps: Set<String> = [
        "keep_aspect_ratio", "ensure_multiple_of", "include_top", "size_divisor", "min_pixels", "max_pixels",
        "max_num_patches", "patch_size", "merge_size",
    ]
    private static let used: Set<String> = [
        "do_resize", "size", "resample", "do_center_crop", "crop_size", "do_rescale", "rescale_factor",
        "rescale_offset",
        "offset", "do_normalize", "image_mean", "image_std", "crop_pct", "do_flip_channel_order",
    ]

    /// - Parameter members: the file's; those of a nested `image_processor` count where there is one.
    init(_ members: [String: JSONMember], file: String) throws(ModelError) {
        self.members = members["image_processor"]?.object ?? members
        self.file = file
        let type = (self.members["image_processor_type"] ?? self.members["feature_extractor_type"])?.string
        let known = type.flatMap(HuggingFaceProcessor.init(className:))
        processor = known ?? .generic
        if let type, known == nil, !["ImageProcessor", "ImageProcessorFast", "BaseImageProcessorFast"].contains(type) {
            let needed = ["do_resize", "size", "resample", "do_normalize"]
            let missing = needed.filter { self.members[$0] == nil }
            guard missing.isEmpty else {
                throw unsupported(
                    "image_processor_type “\(type)” without \(missing.joined(separator: ", ")); what it does where nothing "
                        + "is stated is known of \(HuggingFaceProcessor.names)")
            }
            notes.append("\(type) is read by what its configuration states")
        }
        if processor.name == "DINOv3ViT" {
            notes.append(
                "DINOv3's processor resizes samples that are not rounded to bytes; here they are, which is at most half a "
                    + "level apart")
        }
        try checkMembers()
    }

    private func unsupported(_ feature: String) -> ModelError { .unsupported(file: file, feature: feature) }

    private mutating func checkMembers() throws(ModelError) {
        for (name, value) in members.sorted(by: { $0.key < $1.key })
        where !Self.harmless.contains(name) && !Self.used.contains(name) && !Self.isOff(value) {
            if name == "pad_size", Self.isOff(members["do_pad"] ?? .null) { continue }
            // What is switched on and not done here would give other pixels.
            guard !name.hasPrefix("do_"), !Self.steps.contains(name) else {
                throw unsupported("\(name): \(value.summary) asks for a step that is not done here")
            }
            notes.append("\(name) is not known and not used")
        }
    }

    private static func isOff(_ value: JSONMember) -> Bool {
        value.isNull || value == .bool(false) || value == .number(1)
    }

    private func flag(_ name: String, or usual: Bool) throws(ModelError) -> Bool {
        guard let value = members[name], !value.isNull else { return usual }
        guard let flag = value.bool else { throw unsupported("\(name): \(value.summary); expected true or false") }
        return flag
    }

    private func number(_ name: String) throws(ModelError) -> Double? {
        guard let value = members[name], !value.isNull else { return nil }
        guard let number = value.number else { throw unsupported("\(name): \(value.summary); expected a number") }
        return number
    }

    private func perChannel(_ name: String, or usual: [Float]) throws(ModelError) -> [Float] {
        guard let value = members[name], !value.isNull else { return usual }
        guard let floats = value.floats, !floats.isEmpty else {
            throw unsupported("\(name): \(value.summary); expected a number, or one for each channel")
        }
        return floats
    }

    // MARK: The statement

    func statement() throws(ModelError) -> RecipeStatement {
        var statement = RecipeStatement()
        statement.notes = notes
        statement.filter = try filter()
        statement.order = try flag("do_flip_channel_order", or: false) ? .bgr : .rgb
        let rescales = try flag("do_rescale", or: true)
        statement.rescale = rescales ? try number("rescale_factor") ?? Recipe.unitRescale : 1
        // EfficientNet's and ViViT's way to samples from -1 to 1.
        let (isShifted, isVideoShifted) = (try flag("rescale_offset", or: false), try flag("offset", or: false))
        statement.offset = rescales && (isShifted || isVideoShifted) ? -1 : 0
        let normalises = try flag("do_normalize", or: true)
        statement.mean = normalises ? try perChannel("image_mean", or: processor.mean) : [0]
        statement.std = normalises ? try perChannel("image_std", or: processor.std) : [1]
        try place(&statement)
        return statement
    }

    /// Pillow's numbers, or names.
    private func filter() throws(ModelError) -> ResampleFilter {
        let numbers: [ResampleFilter] = [.nearest, .lanczos, .bilinear, .bicubic, .box, .hamming]
        guard let value = members["resample"], !value.isNull else { return numbers[processor.resample] }
        if let number = value.integer, numbers.indices.contains(number) { return numbers[number] }
        if let name = value.string, let filter = ResampleFilter(rawValue: name.lowercased()) { return filter }
        throw unsupported("resample: \(value.summary); expected 0 to 5 (Pillow's numbers) or a filter's name")
    }

    /// How images are resized and cropped.
    private func place(_ statement: inout RecipeStatement) throws(ModelError) {
        let crops = try flag("do_center_crop", or: processor.crops)
        var size: [Int]?
        if crops {
            size =
                try side("crop_size", members["crop_size"], isSquare: true)
                .pixels(file, "crop_size") ?? processor.cropSize.map { [$0, $0] }
            guard size != nil else { throw unsupported("do_center_crop without crop_size") }
        }
        statement.crop = .some(crops ? Crop(.centerDown) : nil)
        guard try flag("do_resize", or: true) else {
            statement.resize = Resize.none
            statement.size = size
            return
        }
        let usual = JSONMember.object(processor.resizes.mapValues(JSONMember.number))
        let stated = members["size"].flatMap { $0.isNull ? nil : $0 }
        let side = try side("size", stated ?? usual, isSquare: processor.isSquare)
        if processor.name == "ConvNext" {
            guard case .shortest(let edge) = side else {
                throw unsupported("size: \(stated?.summary ?? ""); ConvNeXT's processor takes a shortest_edge")
            }
            try placeConvNeXT(edge, crops, &statement)
            statement.size = size ?? [edge, edge]
            return
        }
        switch side {
        case .both(let height, let width):
            statement.resize = .squash(.pixels(height: height, width: width))
            // A default says nothing of the model's size.
            statement.size = size ?? (stated == nil ? nil : [height, width])
            // Written so that it follows the model to another size.
            if !crops { statement.resize = .squash(.fraction(1)) }
        case .shortest(let edge):
            statement.resize = .shortest(edge)
            statement.size = size
        case .longest(let edge):
            statement.resize = .longest(edge)
            statement.size = size
        case .absent: throw unsupported("size: it is empty")
        }
    }

    /// Below 384 pixels the shorter side goes to edge / crop_pct and the middle is taken; from there on both sides are
    /// squashed.
    private func placeConvNeXT(
        _ edge: Int, _ crops: Bool, _ statement: inout RecipeStatement
    ) throws(ModelError) {
        guard !crops else { throw unsupported("do_center_crop with ConvNeXT's processor, which crops by itself") }
        guard edge < 384 else {
            statement.resize = .squash(.fraction(1))
            return
        }
        statement.resize = .cover(.fraction(try number("crop_pct") ?? 0.875))
        statement.crop = .some(Crop(.centerDown))
    }

    private func side(_ name: String, _ value: JSONMember?, isSquare: Bool) throws(ModelError) -> Side {
        guard let value, !value.isNull else { return .absent }
        if let one = value.integer { return isSquare ? .both(height: one, width: one) : .shortest(one) }
        if case .array(let sides) = value, sides.count == 2, let height = sides[0].integer, let width = sides[1].integer
        {
            return .both(height: height, width: width)
        }
        let sides = (value.object ?? [:]).filter { !$0.value.isNull }
        let numbers = sides.compactMapValues(\.integer)
        if numbers.count == sides.count {
            switch Set(numbers.keys) {
            case ["height", "width"]:
                return .both(height: numbers["height"] ?? 0, width: numbers["width"] ?? 0)
            case ["shortest_edge"]: return .shortest(numbers["shortest_edge"] ?? 0)
            case ["longest_edge"]: return .longest(numbers["longest_edge"] ?? 0)
            default: break
            }
        }
        throw unsupported(
            "\(name): \(value.summary) leaves the size of the pixels open; expected a number, height and width, "
                + "shortest_edge, or longest_edge")
    }

    private enum Side {
        case both(height: Int, width: Int)
        case shortest(Int)
        case longest(Int)
        case absent

        /// For a crop.
        func pixels(_ file: String, _ name: String) throws(ModelError) -> [Int]? {
            switch self {
            case .both(let height, let width): [height, width]
            case .absent: nil
            // As a crop's size one edge means a square.
            case .shortest(let edge): [edge, edge]
            case .longest:
                throw .unsupported(file: file, feature: "\(name) with longest_edge; expected height and width")
            }
        }
    }
}
