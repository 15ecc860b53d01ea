import NIOCore
import UnmaskModel

/// The tensor of a request for inference, as the images that the service's own methods take.
struct TensorInput {
    enum Kind: String, CaseIterable {
        /// Encoded images, one an element: their bytes, or in JSON their base64, alone or in a `data:` URI.
        case image
        /// Pixels of the model's own size.
        case pixels
    }

    static let sharedMemory = ["shared_memory_region", "shared_memory_offset", "shared_memory_byte_size"]

    let kind: Kind
    /// As the methods have them in their parameters.
    private(set) var images: [JSONValue] = []
    private(set) var framed = FramedImages()

    /// - Parameter limit: on images.
    init(
        _ value: JSONValue, at place: String, _ body: inout InferenceBody, _ model: ModelInterface, limit: Int
    ) throws(ServiceError) {
        let input = try Parameters(value, at: place, allowing: ["name", "datatype", "shape", "parameters", "data"])
        guard let kind: Kind = try input.choice("name") else { throw input.mismatch("name", "\"image\" or \"pixels\"") }
        self.kind = kind
        let described = model.inputTensors.first { $0.name == kind.rawValue }
        guard let described, input["datatype"] == .string(described.type.rawValue) else {
            throw input.mismatch("datatype", "\"\(described?.type.rawValue ?? "")\" of \(kind.rawValue)")
        }
        let count = try Self.images(of: input, described.shape)
        try ServiceError.checkImages(count, maximum: limit)
        let size = described.shape.dropFirst().reduce(1, *)
        let bytes = try Self.bytes(of: input, &body)
        switch (kind, bytes) {
        case (.image, let bytes?): try readElements(count, of: bytes, at: place)
        case (.image, nil): try readTexts(count, of: input)
        case (.pixels, let bytes?): try readPixels(count, bytes, size, described.shape, at: place)
        case (.pixels, nil):
            let numbers = try Self.numbers(of: input, [count] + described.shape.dropFirst())
            try readPixels(count, ByteBuffer(bytes: numbers), size, described.shape, at: place)
        }
    }

    /// The first dimension, where the others are the model's.
    private static func images(of input: Parameters, _ shape: [Int]) throws(ServiceError) -> Int {
        let sizes = ["the images, at least 1"] + shape.dropFirst().map(String.init)
        let expected = "[\(sizes.joined(separator: ", "))]"
        guard case .array(let elements)? = input["shape"] else { throw input.mismatch("shape", expected) }
        let found = elements.compactMap(\.integer)
        guard found.count == elements.count, let count = found.first, count >= 1, found.dropFirst() == shape.dropFirst()
        else {
            let text = elements.map(\.summary).joined(separator: ", ")
            throw input.mismatch("shape", expected, found: elements.count > 8 ? nil : "[\(text)]")
        }
        return count
    }

    /// What stands behind the JSON; nil where the numbers are in it.
    private static func bytes(of input: Parameters, _ body: inout InferenceBody) throws(ServiceError) -> ByteBuffer? {
        let place = "\(input.place).parameters"
        let parameters = try Parameters(
            input["parameters"], at: place, allowing: ["binary_data_size"] + sharedMemory)
        try refuseSharedMemory(parameters)
        let size = try parameters.integer("binary_data_size", in: 0...Int.max)
        guard (size == nil) != (input["data"] == nil) else {
            throw ServiceError(
                .invalidParams,
                "\(input.place) needs one of data, in the JSON, and parameters.binary_data_size, behind it; it has "
                    + (size == nil ? "neither" : "both"))
        }
        guard let size else { return nil }
        return try body.take(size, for: "\(place).binary_data_size")
    }

    /// Triton's clients may name memory of their machine in place of bytes.
    static func refuseSharedMemory(_ parameters: Parameters) throws(ServiceError) {
        guard let name = sharedMemory.first(where: { parameters[$0] != nil }) else { return }
        throw ServiceError(.invalidParams, "\(parameters.place).\(name): \(InferencePath.noSharedMemory)")
    }

    // MARK: Images

    /// Each element has its length in front, in four bytes, little-endian.
    private mutating func readElements(_ count: Int, of bytes: ByteBuffer, at place: String) throws(ServiceError) {
        var rest = bytes
        for index in 0..<count {
            let length = rest.readInteger(endianness: .little, as: UInt32.self)
            guard let length, length <= rest.readableBytes, let image = rest.readSlice(length: Int(length)) else {
                throw ServiceError(
                    .invalidParams,
                    "\(place): its \(bytes.readableBytes) bytes end within element \(index) of \(count); each is a length of "
                        + "four bytes, little-endian, and as many bytes")
            }
            images.append(framed.member(.frame(image)))
        }
        guard rest.readableBytes == 0 else {
            throw ServiceError(
                .invalidParams, "\(place) has \(rest.readableBytes) bytes more than the \(count) elements of its shape")
        }
    }

    private mutating func readTexts(_ count: Int, of input: Parameters) throws(ServiceError) {
        let expected = "an array of \(count), as the shape says, each an image's base64"
        guard case .array(let elements)? = input["data"], elements.count == count else {
            throw input.mismatch("data", expected)
        }
        for (index, element) in elements.enumerated() {
            let place = "\(input.place).data[\(index)]"
            guard case .string(let text) = element else {
                throw ServiceError(.invalidParams, "\(place) must be an image's base64, found \(element.summary)")
            }
            let base64 = DataURI.hasScheme(text) ? try DataURI(text, at: place).base64 : text
            images.append(framed.member(.base64(base64)))
        }
    }

    // MARK: Pixels

    private mutating func readPixels(
        _ count: Int, _ bytes: ByteBuffer, _ size: Int, _ shape: [Int], at place: String
    ) throws(ServiceError) {
        let (total, overflow) = count.multipliedReportingOverflow(by: size)
        guard !overflow, bytes.readableBytes == total else {
            throw ServiceError(
                .invalidParams,
                "\(place) has \(bytes.readableBytes) bytes, and its shape asks for \(count) images of \(size)")
        }
        var rest = bytes
        while images.count < count, let image = rest.readSlice(length: size) {
            images.append(
                .object([
                    "pixels": framed.member(.frame(image)),
                    "shape": .array(shape.dropFirst().map { .number(String($0)) }),
                ]))
        }
    }

    /// An array of all numbers, or arrays in arrays as the shape has them.
    private static func numbers(of input: Parameters, _ shape: [Int]) throws(ServiceError) -> [UInt8] {
        let expected = "integers from 0 to 255, flat or nested as the shape has it"
        func read(_ value: JSONValue, _ shape: ArraySlice<Int>, into numbers: inout [UInt8]) throws(ServiceError) {
            guard case .array(let elements) = value else {
                guard shape.isEmpty, let number = value.integer.flatMap(UInt8.init(exactly:)) else {
                    throw input.mismatch("data", expected, found: value.summary)
                }
                numbers.append(number)
                return
            }
            guard elements.count == shape.first else {
                throw input.mismatch("data", expected, found: value.summary)
            }
            for element in elements { try read(element, shape.dropFirst(), into: &numbers) }
        }
        var numbers: [UInt8] = []
        guard case .array(let elements)? = input["data"] else { throw input.mismatch("data", "an array") }
        let isFlat = elements.first.map { if case .array = $0 { false } else { true } } ?? true
        try read(.array(elements), isFlat ? [elements.count] : shape[...], into: &numbers)
        return numbers
    }
}
