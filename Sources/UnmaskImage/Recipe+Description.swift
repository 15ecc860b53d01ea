extension Recipe {
    /// As stamps have it: `mae 224x224`, or where it has no name, and for what is unusual, all that changes pixels or the
    /// numbers made of them: `cover 0.95 bicubic center 224x224`. Equal texts mean equal recipes, mean and std apart.
    public var label: String {
        var words: [String] = []
        if let name {
            words.append(name.rawValue)
        } else {
            words += [resize.description, filter.rawValue]
            if let crop {
                words.append(crop.description)
            }
        }
        words.append("\(height)x\(width)")
        if order != .rgb { words.append(order.rawValue) }
        words += reading.words
        return words.joined(separator: " ")
    }

    /// The numbers that samples become: `(x · 0.00392… - mean) / std`.
    public var sampleLabel: String {
        var text =
            "mean \(mean.map { "\($0)" }.joined(separator: ",")) std \(std.map { "\($0)" }.joined(separator: ","))"
        if rescale != Recipe.unitRescale { text += " rescale \(rescale)" }
        if offset != 0 { text += " offset \(offset)" }
        return text
    }
}

extension Recipe.Reading {
    /// What is unusual of it.
    fileprivate var words: [String] {
        (wideGray == .clamp ? [] : [wideGray.words]) + (decoding == .exact ? [] : [decoding.words])
    }

    /// What a recipe's stamp says of it.
    package init(stamp: String) {
        self.init(
            wideGray: Recipe.WideGray.allCases.first { $0 != .clamp && stamp.contains(" " + $0.words) } ?? .clamp,
            decoding: Recipe.Decoding.allCases.first { $0 != .exact && stamp.contains(" " + $0.words) } ?? .exact)
    }
}

extension Recipe.WideGray {
    fileprivate var words: String { "gray16 \(rawValue)" }
}

extension Recipe.Decoding {
    fileprivate var words: String { "\(rawValue)-decode" }
}

extension Resize: CustomStringConvertible {
    public var description: String {
        switch self {
        case .none: "as it is"
        case .squash(let target): "squash" + target.suffix
        case .cover(let target): "cover" + target.suffix
        case .contain(let target): "contain" + target.suffix
        case .shortest(let side): "shortest \(side)"
        case .longest(let side): "longest \(side)"
        }
    }
}

extension Crop: CustomStringConvertible {
    public var description: String {
        padding == [0] ? place.rawValue : place.rawValue + " padding " + padding.map(String.init).joined(separator: ",")
    }
}

extension Resize.Target {
    /// Behind the way of resizing: nothing where it is the model's own size.
    fileprivate var suffix: String {
        switch self {
        case .pixels(let height, let width): " \(height)x\(width)"
        case .fraction(1): ""
        case .fraction(let fraction): " \(fraction)"
        }
    }
}
