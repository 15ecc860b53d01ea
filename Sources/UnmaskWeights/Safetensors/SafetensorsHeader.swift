import UnmaskGraph

/// The JSON header of a safetensors file, as it stands there; `SafetensorsLayout` checks its offsets.
struct SafetensorsHeader {
    struct Entry {
        let name: String
        let type: ElementType
        let shape: [Int]
        /// From the first byte after the header.
        let start, end: Int
    }

    /// In the header's order, names unique.
    private(set) var entries: [Entry] = []
    private(set) var metadata: [String: String] = [:]

    init(json: UnsafeRawBufferPointer, file: String) throws(WeightsError) {
        guard json.first == UInt8(ascii: "{") else {
            throw WeightsError(.headerStart, file: file, "the header must begin with '{'; the file is no safetensors")
        }
        var scanner = JSONScanner(json, file: file, malformed: .headerJSON)
        var names: Set<String> = []
        var entries: [Entry] = []
        var metadata: [String: String] = [:]
        try scanner.object { (scanner, name) throws(WeightsError) in
            guard names.insert(name).inserted else {
                throw WeightsError(.tensorNameDuplicate, file: file, tensor: name, "the header names it twice")
            }
            if name == SafetensorsHeader.metadataKey {
                metadata = try SafetensorsHeader.readMetadata(&scanner, file: file)
            } else {
                entries.append(try SafetensorsHeader.readEntry(&scanner, name: name, file: file))
            }
        }
        try scanner.end()
        self.entries = entries
        self.metadata = metadata
    }

    /// The one name that no tensor can have.
    static let metadataKey = "__metadata__"

    private static func readMetadata(
        _ scanner: inout JSONScanner, file: String
    ) throws(WeightsError) -> [String: String] {
        var metadata: [String: String] = [:]
        try scanner.object { (scanner, key) throws(WeightsError) in
            guard scanner.isAtString() else {
                throw WeightsError(.headerMetadata, file: file, "metadata \(quoted(key)) must be a string")
            }
            guard metadata.updateValue(try scanner.string(), forKey: key) == nil else {
                throw WeightsError(.headerMetadata, file: file, "metadata \(quoted(key)) stands there twice")
            }
        }
        return metadata
    }

    private static func readEntry(
        _ scanner: inout JSONScanner, name: String, file: String
    ) throws(WeightsError) -> Entry {
        func failure(_ cause: WeightsError.Cause, _ detail: String) -> WeightsError {
            WeightsError(cause, file: file, tensor: name, detail)
        }
        var typeName: String?
        var shape: [Int]?
        var offsets: [Int]?
        try scanner.object { (scanner, key) throws(WeightsError) in
            let repeated =
                switch key {
                case "dtype": typeName != nil
                case "shape": shape != nil
                case "data_offsets": offsets != nil
                default: false
                }
            guard !repeated else { throw failure(.headerTensorInfo, "\(quoted(key)) stands there twice") }
            switch key {
            case "dtype": typeName = try scanner.string()
            case "shape": shape = try scanner.naturalNumbers()
            case "data_offsets": offsets = try scanner.naturalNumbers()
            default: try scanner.skipValue()
            }
        }
        guard let typeName, let shape, let offsets, offsets.count == 2 else {
            throw failure(.headerTensorInfo, "expected 'dtype', 'shape' and two 'data_offsets'")
        }
        guard let type = ElementType(safetensors: typeName) else {
            guard unsupportedSafetensorsTypes.contains(typeName) else {
                throw failure(.elementTypeUnknown, "safetensors has no element type \(quoted(typeName))")
            }
            throw failure(.elementTypeUnsupported, "elements of type \(typeName) are not supported")
        }
        return Entry(name: name, type: type, shape: shape, start: offsets[0], end: offsets[1])
    }
}

extension JSONScanner {
    fileprivate mutating func naturalNumbers() throws(WeightsError) -> [Int] {
        var numbers: [Int] = []
        try array { (scanner) throws(WeightsError) in numbers.append(try scanner.naturalNumber()) }
        return numbers
    }
}
