/// How an image is resized, before anything is cropped.
public enum Resize: Sendable, Hashable {
    /// Not at all.
    case none
    /// Both sides to the target, whatever the aspect.
    case squash(Target)
    /// At its own aspect so that it covers the target: for a square one torchvision's `Resize(side)`, which truncates the
    /// longer side; else timm's `ResizeKeepRatio`, which rounds both.
    case cover(Target)
    /// At its own aspect so that it fits into the target: timm's `ResizeKeepRatio(longest=1)`.
    case contain(Target)
    /// The shorter side to so many pixels and the longer one in proportion, truncated: torchvision's `Resize(side)`.
    case shortest(Int)
    /// The longer side to so many pixels and the shorter one in proportion, rounded half up: SAM's.
    case longest(Int)

    /// The size that an image is resized to.
    public enum Target: Sendable, Hashable {
        case pixels(height: Int, width: Int)
        /// The model's size divided by this, each side truncated: timm's `crop_pct`.
        case fraction(Double)

        /// For a model of that size.
        func size(_ height: Int, _ width: Int) -> (height: Int, width: Int) {
            switch self {
            case .pixels(let height, let width): return (height, width)
            case .fraction(let fraction):
                func side(_ side: Int) -> Int { Int((Double(side) / fraction).rounded(.down)) }
                return (side(height), side(width))
            }
        }
    }

    /// What is resized to; nil where it is one side, or nothing.
    var target: Target? {
        switch self {
        case .squash(let target), .cover(let target), .contain(let target): target
        case .none, .shortest, .longest: nil
        }
    }

    func check() throws(RecipeError) {
        let sides: [Int]
        switch self {
        case .none: return
        case .shortest(let side), .longest(let side): sides = [side]
        case .squash(let target), .cover(let target), .contain(let target):
            switch target {
            case .pixels(let height, let width): sides = [height, width]
            case .fraction(let fraction):
                guard fraction.isFinite, (0.05...20).contains(fraction) else {
                    throw RecipeError("crop_pct \(fraction): it must be between 0.05 and 20")
                }
                return
            }
        }
        for side in sides where !(1...Recipe.maximumSide).contains(side) {
            throw RecipeError("images are resized to \(sides): each side must be between 1 and \(Recipe.maximumSide)")
        }
    }

    /// For a model of another size: `(new, old)`.
    func scaled(vertically: (Int, Int), horizontally: (Int, Int)) -> Resize {
        func scaled(_ side: Int, _ ratio: (Int, Int)) -> Int { max(1, side * ratio.0 / ratio.1) }
        func scaled(_ target: Target) -> Target {
            guard case .pixels(let height, let width) = target else { return target }
            return .pixels(height: scaled(height, vertically), width: scaled(width, horizontally))
        }
        return switch self {
        case .none: .none
        case .squash(let target): .squash(scaled(target))
        case .cover(let target): .cover(scaled(target))
        case .contain(let target): .contain(scaled(target))
        case .shortest(let side): .shortest(scaled(side, vertically.1 <= horizontally.1 ? vertically : horizontally))
        case .longest(let side): .longest(scaled(side, vertically.1 >= horizontally.1 ? vertically : horizontally))
        }
    }
}

/// How the model's size is taken out of the resized image.
public struct Crop: Sendable, Hashable {
    public enum Place: String, Sendable, Codable, CaseIterable {
        /// In the middle; the offset rounds half to even: torchvision's `CenterCrop`, and timm's.
        case center
        /// In the middle; the offset is truncated: transformers' `center_crop`.
        case centerDown = "center-down"
        /// At the top and left: padding goes below and to the right, as SAM has it.
        case corner
    }

    public var place: Place
    /// What lies around an image that is smaller than the crop; one byte for each channel, or one for all of them.
    public var padding: [UInt8]

    public init(_ place: Place = .center, padding: [UInt8] = [0]) {
        self.place = place
        self.padding = padding
    }

    func check() throws(RecipeError) {
        guard (1...64).contains(padding.count) else {
            throw RecipeError("\(padding.count) bytes of padding: expected one, or one for each channel")
        }
    }

    /// Where `count` pixels of a model's axis come from on an axis of `total`: `source` of the image lands at `start`.
    ///
    /// In the middle of an image that is smaller by an odd number, torchvision pads one pixel more behind, and transformers
    /// one more in front.
    func axis(_ count: Int, of total: Int) -> (source: Range<Int>, start: Int) {
        guard total < count else {
            let rest = total - count
            let offset =
                switch place {
                case .center: Int((Double(rest) / 2).rounded(.toNearestOrEven))
                case .centerDown: rest / 2
                case .corner: 0
                }
            return (offset..<offset + count, 0)
        }
        let missing = count - total
        let start =
            switch place {
            case .center: missing / 2
            case .centerDown: (missing + 1) / 2
            case .corner: 0
            }
        return (0..<total, start)
    }
}
