extension Recipe: Codable {
    private enum CodingKeys: String, CodingKey {
        case name, size, mean, std
    }

    /// Throws `DecodingError` where a key is missing, `RecipeError` where a value makes no sense.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let text = try container.decode(String.self, forKey: .name)
        guard let name = Name(rawValue: text) else {
            let known = Name.allCases.map(\.rawValue).joined(separator: ", ")
            throw RecipeError("the name \"\(text)\" is not known; there are \(known)")
        }
        let size = try container.decode([Int].self, forKey: .size)
        guard size.count == 2 else { throw RecipeError("size \(size): [height, width] was expected") }
        try self.init(
            name, height: size[0], width: size[1], mean: container.decode([Float].self, forKey: .mean),
            std: container.decode([Float].self, forKey: .std))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode([height, width], forKey: .size)
        try container.encode(mean, forKey: .mean)
        try container.encode(std, forKey: .std)
    }
}
