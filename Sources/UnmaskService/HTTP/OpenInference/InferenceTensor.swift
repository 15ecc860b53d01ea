import NIOCore

/// A tensor of an answer.
struct InferenceTensor: Sendable {
    private enum Elements {
        case numbers([Float])
        case texts([String])
    }

    private let name: String
    private let shape: [Int]
    private let elements: Elements
    private let stamp: ResultStamp

    /// - Throws: the first error that an image has.
    init(_ output: TensorOutput, _ result: EmbedResult) throws(ServiceError) {
        let vectors = try Self.all(result.results.items)
        let shape = vectors.first?.shape ?? []
        guard vectors.allSatisfy({ $0.shape == shape }) else { throw .unexpectedOutput }
        name = output.kind.rawValue
        self.shape = [vectors.count] + shape
        elements = .numbers(vectors.flatMap(\.values))
        stamp = result.stamp
    }

    /// - Throws: the first error that an image has.
    init(_ output: TensorOutput, _ result: ClassifyResult) throws(ServiceError) {
        let images = try Self.all(result.scores)
        let count = images.first?.count ?? 0
        guard images.allSatisfy({ $0.count == count }) else { throw .unexpectedOutput }
        name = output.kind.rawValue
        shape = [images.count, count]
        stamp = result.stamp
        guard output.top == nil else {
            elements = .texts(
                images.flatMap { scores in scores.map { "\($0.score):\($0.index):\($0.label)" } })
            return
        }
        var numbers: [Float] = []
        for scores in images {
            let inOrder = scores.sorted { $0.index < $1.index }
            guard inOrder.map(\.index).elementsEqual(0..<count) else { throw .unexpectedOutput }
            numbers += inOrder.map(\.score)
        }
        elements = .numbers(numbers)
    }

    /// The protocol has no place for one image's error.
    private static func all<Item>(_ items: [Result<Item, ServiceError>]) throws(ServiceError) -> [Item] {
        var all: [Item] = []
        for (index, item) in items.enumerated() {
            do throws(ServiceError) {
                all.append(try item.get())
            } catch {
                var error = error
                error.message = "inputs[0], image \(index) of \(items.count): \(error.message)"
                throw error
            }
        }
        return all
    }

    /// - Parameter binary: where its elements go, if not into the JSON.
    func write(to json: inout JSONWriter, binary: inout [ByteBuffer], isBinary: Bool) {
        json.object { json in
            json.field("name", name)
            json.field("datatype", (isText ? TensorType.bytes : .float32).rawValue)
            json.key("shape")
            json.array(of: shape) { $0.value($1) }
            json.key("parameters")
            json.object { json in
                if isBinary {
                    let bytes = bytes
                    json.field("binary_data_size", bytes.readableBytes)
                    binary.append(bytes)
                }
                stamp.writeMembers(to: &json)
            }
            guard !isBinary else { return }
            json.key("data")
            switch elements {
            case .numbers(let numbers): json.array(of: numbers) { $0.value($1) }
            case .texts(let texts): json.array(of: texts) { $0.value($1) }
            }
        }
    }

    private var isText: Bool {
        if case .texts = elements { true } else { false }
    }

    /// Little-endian; a text has its length in front.
    private var bytes: ByteBuffer {
        switch elements {
        case .numbers(let numbers):
            return numbers.map { $0.bitPattern.littleEndian }.withUnsafeBytes { ByteBuffer(bytes: $0) }
        case .texts(let texts):
            var bytes = ByteBuffer()
            for text in texts {
                bytes.writeInteger(UInt32(text.utf8.count), endianness: .little)
                bytes.writeString(text)
            }
            return bytes
        }
    }
}
