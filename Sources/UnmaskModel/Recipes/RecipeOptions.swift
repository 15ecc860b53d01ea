public import UnmaskImage

/// What a user says of how images are prepared, in place of what the files say.
public struct RecipeOptions: Sendable, Equatable {
    /// Where a whole recipe comes from.
    public enum Source: Sendable, Equatable {
        case name(Recipe.Name)
        /// A JSON file: a recipe in Unmask's own form, a `preprocessor_config.json`, or timm's `config.json`.
        case file(String)
    }

    public var source: Source?
    public var resize: Resize?
    public var filter: ResampleFilter?
    /// timm's `crop_pct`: the image covers the model's size divided by this before it is cropped.
    public var cropFraction: Double?
    /// For each channel, or one for all.
    public var mean: [Float]?
    public var std: [Float]?
    public var wideGray: Recipe.WideGray?
    public var decoding: Recipe.Decoding?

    public init(
        _ source: Source? = nil, resize: Resize? = nil, filter: ResampleFilter? = nil, cropFraction: Double? = nil,
        mean: [Float]? = nil, std: [Float]? = nil, wideGray: Recipe.WideGray? = nil, decoding: Recipe.Decoding? = nil
    ) {
        self.source = source
        self.resize = resize
        self.filter = filter
        self.cropFraction = cropFraction
        self.mean = mean
        self.std = std
        self.wideGray = wideGray
        self.decoding = decoding
    }

    /// Whether it says anything.
    var isEmpty: Bool { self == RecipeOptions() }
}

extension ResolvedRecipe {
    /// What the user says alone, for pixels of that `[height, width]` and number of channels.
    public init(_ options: RecipeOptions, imageSize: [Int], channels: Int) throws(ModelError) {
        let name: Recipe.Name? = if case .name(let name) = options.source { name } else { nil }
        var resolver = try RecipeResolver(imageSize: imageSize, channels: channels, usual: .unknown(name))
        try resolver.add(options)
        self = try resolver.resolve()
    }
}

extension RecipeResolver {
    /// Lays the user's words over the files'. Each option is a source of its own.
    mutating func add(_ options: RecipeOptions) throws(ModelError) {
        switch options.source {
        case nil: break
        case .name(let name): add(try RecipeStatement(name, imageSize: imageSize), from: "--recipe \(name.rawValue)")
        case .file(let path): add(try RecipeFile(path: path).statement(imageSize: imageSize), from: path)
        }
        add(options.cropFraction, from: "--crop-pct") { words, fraction in
            words.resize = .cover(.fraction(fraction))
            words.crop = .some(Crop())
        }
        add(options.resize, from: "--resize") { words, resize in
            words.resize = resize
            // What is resized to the model's own size is not cropped; for everything else the middle counts.
            words.crop = resize == .squash(.fraction(1)) ? .some(nil) : .some(Crop())
        }
        add(options.filter, from: "--interpolation") { $0.filter = $1 }
        add(options.mean, from: "--mean") { $0.mean = $1 }
        add(options.std, from: "--std") { $0.std = $1 }
        add(options.wideGray, from: "--gray16") { $0.wideGray = $1 }
        add(options.decoding, from: "--fast-decode") { $0.decoding = $1 }
    }

    private mutating func add<Value>(
        _ value: Value?, from option: String, _ say: (inout RecipeStatement, Value) -> Void
    ) {
        guard let value else { return }
        var words = RecipeStatement()
        say(&words, value)
        add(words, from: option)
    }
}
