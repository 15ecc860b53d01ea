public import ArgumentParser
public import UnmaskImage
import UnmaskModel

/// How images are prepared, in place of what the model's files say.
struct PreparationOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            How images are prepared: mae (short side 256, centre crop 224, bicubic), timm (short side 248, centre crop \
            224, bicubic), hf (squash, bilinear), squash (squash, bicubic), or a JSON file: a recipe as inspect --json \
            prints it, a preprocessor_config.json, or timm's config.json. Default: what the model's files say.
            """, valueName: "name|file"))
    var recipe: String?

    @Option(
        help: ArgumentHelp(
            """
            How images are resized: squash (both sides to the size), cover and contain (at their own aspect), none, \
            shortest:PIXELS or longest:PIXELS (that side); the middle is taken, with black around what is too small.
            """, valueName: "mode"))
    var resize: Resize?

    @Option(
        help: ArgumentHelp(
            "The share of the image's shorter side that the model sees: 0.875, 0.9, 1 … (timm's crop_pct).",
            valueName: "share"))
    var cropPct: Double?

    @Option(help: "Pillow's filter for resizing: nearest, box, bilinear, hamming, bicubic or lanczos.")
    var interpolation: ResampleFilter?

    @Option(
        help: ArgumentHelp(
            "What is subtracted from samples between 0 and 1: one number, or one for each channel, as 0.485,0.456,0.406.",
            valueName: "numbers"))
    var mean: NumberList?

    @Option(
        help: ArgumentHelp("What they are then divided by: one number, or one for each channel.", valueName: "numbers"))
    var std: NumberList?

    @Option(
        help: ArgumentHelp(
            """
            What becomes of gray of more than 8 bits: clamp (white wherever it is above 255, as Pillow has it) or scale (its highest \
            8 bits). Default: clamp, which is warned of.
            """, valueName: "clamp|scale"))
    var gray16: Recipe.WideGray?

    @Flag(
        help: """
            Decode large JPEGs at a half, a quarter or an eighth of their size, never below twice the size that they are then \
            resized to: several times faster, and other pixels, which the stamp says.
            """)
    var fastDecode = false

    func validate() throws {
        guard cropPct == nil || resize == nil else {
            throw ValidationError("--crop-pct says how images are resized, and so does --resize: give one of them")
        }
    }

    func options() -> RecipeOptions {
        RecipeOptions(
            recipe.map { text in Recipe.Name(rawValue: text).map { .name($0) } ?? .file(text) }, resize: resize,
            filter: interpolation, cropFraction: cropPct, mean: mean?.numbers, std: std?.numbers,
            wideGray: gray16, decoding: fastDecode ? .fast : nil)
    }
}

/// Numbers as people write them: `0.5` or `0.485,0.456,0.406`.
struct NumberList: ExpressibleByArgument {
    let numbers: [Float]

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Float($0) }
        numbers = parts.compactMap(\.self)
        guard numbers.count == parts.count, numbers.allSatisfy(\.isFinite) else { return nil }
    }
}

extension ResampleFilter: ExpressibleByArgument {}
extension Recipe.WideGray: ExpressibleByArgument {}

extension Resize: ExpressibleByArgument {
    public init?(argument: String) {
        let parts = argument.split(separator: ":", maxSplits: 1).map(String.init)
        switch (parts.first, parts.count == 2 ? Int(parts[1]) : nil) {
        case ("none", nil) where parts.count == 1: self = .none
        case ("squash", nil) where parts.count == 1: self = .squash(.fraction(1))
        case ("cover", nil) where parts.count == 1: self = .cover(.fraction(1))
        case ("contain", nil) where parts.count == 1: self = .contain(.fraction(1))
        case ("shortest", let side?): self = .shortest(side)
        case ("longest", let side?): self = .longest(side)
        default: return nil
        }
    }
}
