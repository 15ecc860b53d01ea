internal import Foundation
internal import UnmaskGraph
internal import UnmaskModel
internal import UnmaskWeights

/// Heads as files: safetensors whose metadata hold everything but the numbers.
extension Head {
    static let format = "unmask-head/1"

    /// Keys of the metadata.
    private enum Key {
        static let format = "format", kind = "kind", stamp = "stamp", labels = "labels", calibration = "calibration"
        static let fit = "fit", k = "k", grid = "grid"
    }

    /// Tensors of an anomaly head.
    fileprivate enum Name {
        static let memory = "memory", scale = "scale"
        static let memoryRanks = "ranks.memory", errorRanks = "ranks.reconstruction"
    }

    /// Whether a file's beginning says that it is a head.
    public static func recognises(_ path: String) -> Bool {
        (try? TensorFile(path: path))?.metadata[Key.format]?.hasPrefix("unmask-head/") ?? false
    }

    /// Reads a file; what does not fit together in it is refused.
    public init(path: String) throws(HeadError) {
        let file: TensorFile
        let table: TensorTable
        do throws(WeightsError) {
            file = try TensorFile(path: path)
            table = try file.tensors()
        } catch {
            throw .unreadable(error.description)
        }
        guard let format = file.metadata[Key.format], format.hasPrefix("unmask-head/") else {
            throw .unreadable("\(path): no head: expected a file that `unmask fit` wrote")
        }
        guard format == Self.format else {
            throw .unreadable("\(path): format \(format), expected \(Self.format): written by another version")
        }
        guard let kind = file.metadata[Key.kind].flatMap(HeadKind.init(rawValue:)) else {
            throw .unreadable("\(path): a head of kind \(file.metadata[Key.kind] ?? "none"), which is not known")
        }
        let reader = Reader(path: path, table: table, metadata: file.metadata)
        let labels: [String] = try reader.decode(Key.labels)
        do throws(HeadError) {
            try self.init(
                kind: kind, computation: reader.computation(kind, labels: labels.count), labels: labels,
                stamp: reader.decode(Key.stamp), calibration: reader.decode(Key.calibration),
                fit: reader.decode(Key.fit))
        } catch .data(let problem) {
            throw .unreadable("\(path): \(problem)")
        }
        if let damage = table.map(\.tensor).damage { throw .unreadable(damage.description) }
    }

    /// Writes the head beside its place and renames it. The same head gives the same bytes.
    public func write(to path: String) throws(HeadError) {
        var metadata = [
            Key.format: Self.format, Key.kind: kind.rawValue, Key.stamp: Self.encode(stamp),
            Key.labels: Self.encode(labels), Key.calibration: Self.encode(calibration), Key.fit: Self.encode(fit),
        ]
        var table = TensorTable()
        switch computation {
        case .linear(let layer): table.append(layer)
        case .attention(let pooling, let layer):
            _ = table.append("queries", Tensor(pooling.queries, shape: [pooling.count, pooling.width]))
            _ = table.append("value", Tensor(pooling.value, shape: [pooling.width, pooling.width]))
            table.append(layer)
        case .segmentation(let layers, let grid):
            metadata[Key.grid] = Self.encode(grid)
            if let hidden = layers.hidden { table.append(hidden, Reader.hidden) }
            table.append(layers.output)
        case .anomaly(let scoring, let grid):
            metadata[Key.grid] = Self.encode(grid)
            table.append(scoring)
        case .neighbours(let neighbours):
            let count = neighbours.labels.count
            metadata[Key.k] = String(neighbours.k)
            _ = table.append("vectors", Tensor(neighbours.vectors, shape: [count, neighbours.width]))
            let bytes = neighbours.labels.flatMap { label in
                withUnsafeBytes(of: Int32(label).littleEndian) { Array($0) }
            }
            if let labels = Tensor(shape: [count], type: .i32, contents: .owned(bytes)) {
                _ = table.append("classes", labels)
            }
        }
        do throws(WeightsError) {
            try SafetensorsWriter.write(table, metadata: metadata, to: path)
        } catch {
            throw .unwritable(error.description)
        }
    }

    /// JSON with sorted keys: equal values give equal text.
    private static func encode(_ value: some Encodable) -> String {
        (try? JSONEncoder.sorted.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// Takes a file's contents apart.
    private struct Reader {
        let path: String
        let table: TensorTable
        let metadata: [String: String]

        func decode<T: Decodable>(_ key: String, _: T.Type = T.self) throws(HeadError) -> T {
            guard let text = metadata[key] else { throw .unreadable("\(path): its metadata have no “\(key)”") }
            do {
                return try JSONDecoder().decode(T.self, from: Data(text.utf8))
            } catch {
                throw .unreadable("\(path): the entry “\(key)” of its metadata cannot be read: \(error)")
            }
        }

        func computation(_ kind: HeadKind, labels: Int) throws(HeadError) -> Head.Computation {
            switch kind {
            case .linear, .tag, .regress, .project: return .linear(try layer())
            case .ep, .attentive: return .attention(try pooling(), try layer())
            case .knn: return .neighbours(try neighbours(labels: labels))
            case .segment:
                let hidden = table[Self.hidden + "weight"] == nil ? nil : try layer(Self.hidden)
                return .segmentation(try TokenLayers(hidden: hidden, output: layer()), try grid())
            case .anomaly:
                return .anomaly(try scoring(), try grid())
            }
        }

        /// What a hidden layer's tensors are called with.
        static let hidden = "hidden."

        private func layer(_ prefix: String = "") throws(HeadError) -> AffineLayer {
            let (weight, shape) = try floats(prefix + "weight", rank: 2)
            let (bias, rows) = try floats(prefix + "bias", rank: 1)
            guard rows[0] == shape[0], shape[1] > 0 else {
                throw .unreadable(
                    "\(path): \(prefix)weight is \(shape), bias \(rows): expected a row for each output")
            }
            return AffineLayer(weight: weight, bias: bias, width: shape[1])
        }

        private func grid() throws(HeadError) -> PatchGrid {
            let stated: PatchGrid = try decode(Key.grid)
            return try PatchGrid(rows: stated.rows, columns: stated.columns)
        }

        /// By the tensors that there are: files of heads that know nothing but a memory have no more.
        private func scoring() throws(HeadError) -> PatchScoring {
            guard table[Name.memory] != nil else { return .reconstruction }
            let (tokens, shape) = try floats(Name.memory, rank: 2)
            let (scale, width) = try floats(Name.scale, rank: 1)
            guard width[0] == shape[1] else {
                throw .unreadable("\(path): memory is \(shape), scale \(width): expected a factor for each column")
            }
            let memory = try PatchMemory(tokens: tokens, scale: scale)
            guard table[Name.memoryRanks] != nil else { return .memory(memory) }
            return .both(
                memory, memoryRanks: try ScoreRanks(floats(Name.memoryRanks, rank: 1).values),
                errorRanks: try ScoreRanks(floats(Name.errorRanks, rank: 1).values))
        }

        private func pooling() throws(HeadError) -> AttentionPooling {
            let (queries, shape) = try floats("queries", rank: 2)
            let (value, square) = try floats("value", rank: 2)
            guard square == [shape[1], shape[1]] else {
                throw .unreadable("\(path): queries are \(shape), value \(square): expected [Q, D] and [D, D]")
            }
            return try AttentionPooling(queries: queries, value: value, width: shape[1])
        }

        private func neighbours(labels: Int) throws(HeadError) -> NearestNeighbours {
            let (vectors, shape) = try floats("vectors", rank: 2)
            guard let k = metadata[Key.k].flatMap({ Int($0) }) else {
                throw .unreadable("\(path): its metadata do not say how many neighbours vote")
            }
            let classes = try integers("classes", count: shape[0])
            return try NearestNeighbours(
                vectors: vectors, width: shape[1], labels: classes, classes: labels, k: k)
        }

        private func floats(_ name: String, rank: Int) throws(HeadError) -> (values: [Float], shape: [Int]) {
            guard let tensor = table[name], tensor.type == .f32, tensor.shape.count == rank,
                let values = tensor.floats()
            else {
                throw .unreadable("\(path): expected a tensor “\(name)” of \(rank) dimensions in f32")
            }
            guard values.allSatisfy(\.isFinite) else {
                throw .unreadable("\(path): “\(name)” has numbers that are not finite")
            }
            return (values, tensor.shape)
        }

        private func integers(_ name: String, count: Int) throws(HeadError) -> [Int] {
            guard let tensor = table[name], tensor.type == .i32, tensor.shape == [count] else {
                throw .unreadable("\(path): expected a tensor “\(name)” of \(count) numbers in i32")
            }
            return tensor.withBytes { bytes in
                (0..<count).map {
                    Int(Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Int32.self)))
                }
            }
        }
    }
}

extension JSONEncoder {
    static var sorted: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}

extension TensorTable {
    fileprivate mutating func append(_ scoring: PatchScoring) {
        switch scoring {
        case .reconstruction: break
        case .memory(let memory), .both(let memory, _, _):
            _ = append(Head.Name.memory, Tensor(memory.tokens, shape: [memory.count, memory.width]))
            _ = append(Head.Name.scale, Tensor(memory.scale, shape: [memory.width]))
        }
        if case .both(_, let memoryRanks, let errorRanks) = scoring {
            for (name, ranks) in [(Head.Name.memoryRanks, memoryRanks), (Head.Name.errorRanks, errorRanks)] {
                _ = append(name, Tensor(ranks.ascending, shape: [ranks.ascending.count]))
            }
        }
    }

    fileprivate mutating func append(_ layer: AffineLayer, _ prefix: String = "") {
        _ = append(prefix + "weight", Tensor(layer.weight, shape: [layer.outputs, layer.width]))
        _ = append(prefix + "bias", Tensor(layer.bias, shape: [layer.outputs]))
    }
}
