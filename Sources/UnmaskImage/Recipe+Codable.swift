/// Written as JSON: `{"name": "squash", "size": [28, 28], "mean": [0.286], "std": [0.353]}`, the size as height, width; in
/// general `{"resize": {"mode": "cover", "crop_pct": 0.95}, "filter": "bicubic", "crop": {"place": "center"}, "size": …}`.
extension Recipe: Codable {
    private enum CodingKeys: String, CodingKey, CaseIterable {
        case name, size, resize, filter, crop, order, rescale, offset, mean, std
        case wideGray = "gray16"
        case decoding
    }

    /// Throws `DecodingError` where a key is missing, `RecipeError` where a value makes no sense or is not known.
    public init(from decoder: any Decoder) throws {
        try decoder.refuseOthers(than: CodingKeys.allCases.map(\.rawValue))
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let size = try container.decode([Int].self, forKey: .size)
        guard size.count == 2 else { throw RecipeError("size \(size): [height, width] was expected") }
        let samples = try Samples(from: container)
        if let name = try container.decodeIfPresent(String.self, forKey: .name) {
            guard let name = Name(rawValue: name) else {
                let known = Name.allCases.map(\.rawValue).joined(separator: ", ")
                throw RecipeError("the name \"\(name)\" is not known; there are \(known)")
            }
            guard !container.contains(.resize), !container.contains(.filter), !container.contains(.crop) else {
                throw RecipeError("\(name.rawValue) states resize, filter and crop already: name it, or state these")
            }
            let named = try Recipe(name, height: size[0], width: size[1], mean: samples.mean, std: samples.std)
            self = try named.with(samples)
        } else {
            try self.init(
                resize: container.decode(Resize.self, forKey: .resize),
                filter: container.word(.filter, of: ResampleFilter.self),
                crop: container.decodeIfPresent(Crop.self, forKey: .crop), height: size[0], width: size[1],
                order: samples.order, rescale: samples.rescale, offset: samples.offset, mean: samples.mean,
                std: samples.std)
            reading = samples.reading
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        if let name {
            try container.encode(name, forKey: .name)
        } else {
            try container.encode(resize, forKey: .resize)
            try container.encode(filter, forKey: .filter)
            try container.encodeIfPresent(crop, forKey: .crop)
        }
        try container.encode([height, width], forKey: .size)
        if order != .rgb { try container.encode(order, forKey: .order) }
        if rescale != Recipe.unitRescale { try container.encode(rescale, forKey: .rescale) }
        if offset != 0 { try container.encode(offset, forKey: .offset) }
        try container.encode(mean, forKey: .mean)
        try container.encode(std, forKey: .std)
        if reading.wideGray != .clamp { try container.encode(reading.wideGray, forKey: .wideGray) }
        if reading.decoding != .exact { try container.encode(reading.decoding, forKey: .decoding) }
    }

    /// What is done with samples.
    private struct Samples {
        let order: ChannelOrder
        let rescale, offset: Double
        let mean, std: [Float]
        let reading: Reading

        init(from container: KeyedDecodingContainer<CodingKeys>) throws {
            order = container.contains(.order) ? try container.word(.order, of: ChannelOrder.self) : .rgb
            rescale = try container.decodeIfPresent(Double.self, forKey: .rescale) ?? Recipe.unitRescale
            offset = try container.decodeIfPresent(Double.self, forKey: .offset) ?? 0
            mean = try container.decode([Float].self, forKey: .mean)
            std = try container.decode([Float].self, forKey: .std)
            reading = Reading(
                wideGray: container.contains(.wideGray) ? try container.word(.wideGray, of: WideGray.self) : .clamp,
                decoding: container.contains(.decoding) ? try container.word(.decoding, of: Decoding.self) : .exact)
        }
    }

    private func with(_ samples: Samples) throws(RecipeError) -> Recipe {
        try Recipe(
            resize: resize, filter: filter, crop: crop, height: height, width: width, order: samples.order,
            rescale: samples.rescale, offset: samples.offset, mean: samples.mean, std: samples.std
        ).reading(samples.reading)
    }
}

extension Resize: Codable {
    private enum Mode: String, CaseIterable {
        case none, squash, cover, contain, shortest, longest
    }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case mode, size, cropPct = "crop_pct", side
    }

    public init(from decoder: any Decoder) throws {
        try decoder.refuseOthers(than: CodingKeys.allCases.map(\.rawValue))
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func target() throws -> Target {
            if let fraction = try container.decodeIfPresent(Double.self, forKey: .cropPct) {
                return .fraction(fraction)
            }
            let size = try container.decode([Int].self, forKey: .size)
            guard size.count == 2 else { throw RecipeError("resize size \(size): [height, width] was expected") }
            return .pixels(height: size[0], width: size[1])
        }
        switch try container.word(.mode, of: Mode.self) {
        case .none: self = .none
        case .squash: self = .squash(try target())
        case .cover: self = .cover(try target())
        case .contain: self = .contain(try target())
        case .shortest: self = .shortest(try container.decode(Int.self, forKey: .side))
        case .longest: self = .longest(try container.decode(Int.self, forKey: .side))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(mode.rawValue, forKey: .mode)
        switch self {
        case .none: break
        case .shortest(let side), .longest(let side): try container.encode(side, forKey: .side)
        case .squash(let target), .cover(let target), .contain(let target):
            switch target {
            case .pixels(let height, let width): try container.encode([height, width], forKey: .size)
            case .fraction(let fraction): try container.encode(fraction, forKey: .cropPct)
            }
        }
    }

    private var mode: Mode {
        switch self {
        case .none: .none
        case .squash: .squash
        case .cover: .cover
        case .contain: .contain
        case .shortest: .shortest
        case .longest: .longest
        }
    }
}

extension Crop: Codable {
    private enum CodingKeys: String, CodingKey, CaseIterable {
        case place, padding
    }

    public init(from decoder: any Decoder) throws {
        try decoder.refuseOthers(than: CodingKeys.allCases.map(\.rawValue))
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            try container.word(.place, of: Place.self),
            padding: try container.decodeIfPresent([UInt8].self, forKey: .padding) ?? [0])
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(place, forKey: .place)
        if padding != [0] { try container.encode(padding, forKey: .padding) }
    }
}

extension KeyedDecodingContainer {
    /// One of a vocabulary's words; another one is refused with all of them.
    fileprivate func word<Word: RawRepresentable & CaseIterable>(
        _ key: Key, of type: Word.Type
    ) throws -> Word where Word.RawValue == String {
        let text = try decode(String.self, forKey: key)
        guard let word = Word(rawValue: text) else {
            let known = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw RecipeError("the \(key.stringValue) \"\(text)\" is not known; there are \(known)")
        }
        return word
    }
}

extension Decoder {
    /// A member that is not known is a mistake, or another version's: what it asks for would not be done.
    fileprivate func refuseOthers(than known: [String]) throws {
        for key in try container(keyedBy: AnyKey.self).allKeys where !known.contains(key.stringValue) {
            throw RecipeError(
                "the member \"\(key.stringValue)\" is not known; there are \(known.joined(separator: ", "))")
        }
    }
}

private struct AnyKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(stringValue: String) {
        self.stringValue = stringValue
        intValue = nil
    }

    init?(intValue: Int) {
        stringValue = String(intValue)
        self.intValue = intValue
    }
}
