import Foundation
import Testing
import UnmaskGraph
@testable import UnmaskModel
import UnmaskWeights

@testable import UnmaskHeads

/// Heads come back from their files as they were, and files that are none are refused.
@Suite struct HeadFileTests {
    private static let path = NSTemporaryDirectory() + "unmask-head-tests-"

    private static func temporary() -> String { path + UUID().uuidString }

    private static func head(
        _ kind: HeadKind = .linear, calibration: Head.Calibration = .init(temperature: 1.5, unknownBelow: 0.75)
    ) throws -> Head {
        let layer = AffineLayer(weight: [2, 0, 0, -1], bias: [0.5, 0], width: 2)
        let computation: Head.Computation =
            switch kind {
            case .knn:
                .neighbours(
                    try NearestNeighbours(vectors: [1, 0, 0, 1, 1, 1], width: 2, labels: [0, 1, 1], classes: 2, k: 2))
            case .ep, .attentive:
                .attention(
                    try AttentionPooling(queries: [1, -1, 0.5, 2], value: [1, 2, -1, 0.5], width: 2), layer)
            case .linear, .tag, .regress, .project: .linear(layer)
            case .segment:
                .segmentation(
                    try TokenLayers(
                        hidden: AffineLayer(weight: [1, 0, 0, 1, -1, 1], bias: [0, 0.5, 0], width: 2),
                        output: AffineLayer(weight: [1, -1, 0, 0, 2, 1], bias: [0, 0.25], width: 3)),
                    try UnmaskHeads.PatchGrid(rows: 7, columns: 7))
            case .anomaly:
                .anomaly(
                    .memory(try PatchMemory(tokens: [0, 1, 1, 0, 2, 2], scale: [1, 0.5])),
                    try UnmaskHeads.PatchGrid(rows: 7, columns: 7))
            }
        return try Head(
            kind: kind, computation: computation, labels: kind == .anomaly ? ["anomaly"] : ["a", "b/c"],
            stamp: Stamp.made(pooling: kind.readsTokens ? .tokens : .mean, dimension: 2), calibration: calibration,
            fit: ["seed": "7"])
    }

    @Test("written twice, the bytes are the same; read, so are the answers", arguments: HeadKind.allCases)
    func comesBack(_ kind: HeadKind) throws {
        let calibration = Head.Calibration(
            temperature: kind == .linear || kind.readsTokens ? 1.5 : 1, unknownBelow: kind == .linear ? 0.75 : nil,
            thresholds: kind == .tag ? [0.2, 0.9] : kind == .anomaly ? [1.5] : nil)
        let head = try Self.head(kind, calibration: calibration)
        let paths = [Self.temporary(), Self.temporary()]
        defer { for path in paths { unlink(path) } }
        for path in paths { try head.write(to: path) }
        #expect(FileManager.default.contentsEqual(atPath: paths[0], andPath: paths[1]))
        let again = try Head(path: paths[0])
        #expect(again.labels == head.labels && again.stamp == head.stamp && again.fit == head.fit)
        #expect(again.calibration == calibration && again.kind == kind)
        let tokens = (0..<98).map { sin(Float($0)) }
        if kind == .segment {
            let places = (0..<30).map { Double($0) / 30 as Double? }
            let found = (again, head)
            #expect(
                try found.0.segmentation(tokens).best(rows: places, columns: places)
                    == found.1.segmentation(tokens).best(rows: places, columns: places))
            #expect(throws: HeadError.self) { try head.answer(tokens, .init()) }
        } else if kind == .anomaly {
            #expect(try again.anomaly(tokens) == head.anomaly(tokens))
            #expect(throws: HeadError.self) { try head.segmentation(tokens) }
        } else {
            for vector: [Float] in [[0.1, 0.9], [3, -2], [-1, 0.5]] {
                #expect(try again.answer(vector, .init()) == head.answer(vector, .init()))
            }
        }
        #expect(Head.recognises(paths[0]))
    }

    @Test("probabilities are the softmax of scores over the temperature, and what is less sure is unknown")
    func calibration() throws {
        let head = try Self.head()
        let answer = try head.answer([1, 1], .init())
        let (a, b) = (exp(2.5 / 1.5), exp(-1 / 1.5))
        #expect(abs(Double(answer.scores[0].score) - a / (a + b)) < 1e-6 && !answer.isUnknown)
        #expect(try head.answer([0, 0], .init()).isUnknown)
        #expect(try head.answer([1, 1], .init(scores: .logits)).scores.map(\.score) == [2.5 / 1.5, -1 / 1.5])
        #expect(throws: HeadError.self) { try head.answer([1, 1], .init(scores: .values)) }
    }

    @Test func labelsHaveThresholdsOfTheirOwn() throws {
        let head = try Self.head(.tag, calibration: .init(thresholds: [0.2, 0.9]))
        #expect(try head.answer([0, -1], .init()).scores.map(\.label) == ["a"])
        #expect(try head.answer([0, -1], .init(threshold: 0.7)).scores.map(\.label) == ["b/c"])
        #expect(try head.answer([-2, -3], .init()).scores.map(\.label) == ["b/c"])
    }

    @Test("a head of tokens weighs them by its queries, and reads each query's own part")
    func attends() throws {
        let tokens: [Float] = [0.3, 1, -2, 0.7, 0, 0.1]
        var vector: [Double] = []
        for (query, value) in [([1.0, -1.0], [1.0, 2.0]), ([0.5, 2.0], [-1.0, 0.5])] {
            let rows = (0..<3).map { [Double(tokens[2 * $0]), Double(tokens[2 * $0 + 1])] }
            let shares = rows.map { exp($0[0] * query[0] + $0[1] * query[1]) }
            let values = rows.map { $0[0] * value[0] + $0[1] * value[1] }
            vector.append(zip(shares, values).reduce(0) { $0 + $1.0 * $1.1 } / shares.reduce(0, +))
        }
        let answer = try Self.head(.ep, calibration: .init(temperature: 2)).answer(tokens, .init(scores: .logits))
        let expected = [(2 * vector[0] + 0.5) / 2, -vector[1] / 2]
        for score in answer.scores { #expect(abs(Double(score.score) - expected[score.index]) < 1e-6) }
    }

    @Test("heads of masked reconstruction come back, and only over errors that they were fitted on")
    func reconstructionComesBack() throws {
        let path = Self.temporary()
        defer { unlink(path) }
        let grid = try UnmaskHeads.PatchGrid(rows: 7, columns: 7)
        let memory = try PatchMemory(tokens: [0, 1, 1, 0, 2, 2], scale: [1, 0.5])
        let both = PatchScoring.both(
            memory, memoryRanks: try ScoreRanks([1, 3, 2]), errorRanks: try ScoreRanks([0.25, 0.5]))
        func head(_ scoring: PatchScoring, _ output: String?, dimension: Int) throws -> Head {
            try Head(
                kind: .anomaly, computation: .anomaly(scoring, grid), labels: ["anomaly"],
                stamp: .made(pooling: .tokens, dimension: dimension, output: output),
                calibration: .init(thresholds: [0.5]))
        }
        for (scoring, output, width) in [
            (PatchScoring.reconstruction, "errors.4.7", 1), (both, "final+errors.4.7", 3),
            (both, "blocks.2+errors.4.7", 3),
        ] {
            let made = try head(scoring, output, dimension: width)
            try made.write(to: path)
            let again = try Head(path: path)
            guard case .anomaly(let read, _) = again.computation else { Issue.record("another kind"); continue }
            #expect(read == scoring && again.stamp == made.stamp)
            #expect(again.embedding.sources.output == output)
            let patches = (0..<49 * width).map { abs(sin(Float($0))) }
            #expect(try again.anomaly(patches).patches == made.anomaly(patches).patches)
        }
        for (scoring, output, width) in [
            (PatchScoring.reconstruction, nil, 1), (both, "final", 3), (.memory(memory), "errors.4.7", 2),
            (both, "final+errors.4.7", 2), (.memory(memory), "nowhere", 2),
        ] {
            #expect(throws: HeadError.self) { try head(scoring, output, dimension: width) }
        }
        #expect(throws: HeadError.self) {
            try Head(
                kind: .segment,
                computation: .segmentation(
                    TokenLayers(output: AffineLayer(weight: [1, 2], bias: [0, 1], width: 1)), grid),
                labels: ["a", "b"], stamp: .made(pooling: .tokens, dimension: 1, output: "errors.4.7"))
        }
    }

    @Test("another backbone is refused by what differs")
    func otherBackbones() throws {
        let head = try Self.head()
        #expect(throws: Never.self) { try head.requireFit(for: .made(dimension: 2), name: "head") }
        for (other, word) in [
            (Stamp.made(model: "beef", dimension: 2), "model"), (.made(precision: "int8", dimension: 2), "precision"),
            (.made(pooling: .cls, dimension: 2), "pooling"), (.made(tokens: 12, dimension: 2), "tokens"),
            (.made(recipe: "mae 224x224", dimension: 2), "recipe"),
            (.made(dimension: 2, output: "blocks.3"), "blocks.3"),
        ] {
            let error = #expect(throws: HeadError.self) { try head.requireFit(for: other, name: "head") }
            #expect(error?.type == "head_mismatch" && error?.description.contains(word) ?? false, "\(word)")
        }
    }

    @Test("files that do not fit together are refused")
    func damaged() throws {
        let path = Self.temporary()
        defer { unlink(path) }
        let model = [("weight", Tensor([1, 2], shape: [1, 2]))]
        func table(_ tensors: [(String, Tensor)]) -> TensorTable {
            var table = TensorTable()
            for (name, tensor) in tensors { _ = table.append(name, tensor) }
            return table
        }
        try SafetensorsWriter.write(table(model), metadata: [:], to: path)
        #expect(throws: HeadError.self) { try Head(path: path) }
        try Self.head().write(to: path)
        let metadata = try TensorFile(path: path).metadata
        let cases: [([(String, Tensor)], [String: String])] = [
            ([("weight", Tensor([1, 2], shape: [1, 2])), ("bias", Tensor([0], shape: [1]))], [:]),
            ([("weight", Tensor([1, 2, 3, 4], shape: [2, 2])), ("bias", Tensor([0], shape: [1]))], [:]),
            ([("weight", Tensor([1, .nan, 3, 4], shape: [2, 2])), ("bias", Tensor([0, 0], shape: [2]))], [:]),
            ([("weight", Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])), ("bias", Tensor([0, 0], shape: [2]))], [:]),
            ([("bias", Tensor([0, 0], shape: [2]))], [:]),
            (
                [("weight", Tensor([1, 2, 3, 4], shape: [2, 2])), ("bias", Tensor([0, 0], shape: [2]))], ["kind": "new"]
            ),
            (
                [("weight", Tensor([1, 2, 3, 4], shape: [2, 2])), ("bias", Tensor([0, 0], shape: [2]))], ["stamp": "{"]
            ),
            (
                [("weight", Tensor([1, 2, 3, 4], shape: [2, 2])), ("bias", Tensor([0, 0], shape: [2]))],
                ["format": "unmask-head/2"]
            ),
            (
                [("weight", Tensor([1, 2, 3, 4], shape: [2, 2])), ("bias", Tensor([0, 0], shape: [2]))],
                ["calibration": #"{"temperature":0}"#]
            ),
        ]
        for (tensors, changes) in cases {
            try SafetensorsWriter.write(table(tensors), metadata: metadata.merging(changes) { $1 }, to: path)
            let error = #expect(throws: HeadError.self) { try Head(path: path) }
            #expect(error?.description.contains(path) ?? false, "\(error?.description ?? "")")
        }
        #expect(throws: HeadError.self) { try Head(path: path + "-nowhere") }
    }

    @Test("heads of tokens whose parts do not fit together are refused")
    func damagedAttention() throws {
        let path = Self.temporary()
        defer { unlink(path) }
        try Self.head(.ep).write(to: path)
        let metadata = try TensorFile(path: path).metadata
        let sound: [String: Tensor] = [
            "queries": Tensor([1, 2, 3, 4], shape: [2, 2]), "value": Tensor([1, 2, 3, 4], shape: [2, 2]),
            "weight": Tensor([1, 2, 3, 4], shape: [2, 2]), "bias": Tensor([0, 0], shape: [2]),
        ]
        let six: [Float] = [1, 2, 3, 4, 5, 6]
        let changes: [[String: Tensor]] = [
            ["queries": Tensor(six, shape: [3, 2])], ["queries": Tensor(six, shape: [2, 3])],
            ["value": Tensor(six, shape: [3, 2])], ["value": Tensor([1, 2, 3, 4], shape: [4])],
            ["value": Tensor([1, 2, .infinity, 4], shape: [2, 2])], ["weight": Tensor(six, shape: [2, 3])],
            ["queries": Tensor([], shape: [0, 2])], ["queries": Tensor([1, 2], shape: [2])],
        ]
        func write(_ tensors: [String: Tensor], _ metadata: [String: String]) throws {
            var table = TensorTable()
            for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) { _ = table.append(name, tensor) }
            try SafetensorsWriter.write(table, metadata: metadata, to: path)
        }
        try write(sound, metadata)
        #expect(throws: Never.self) { try Head(path: path) }
        for change in changes {
            try write(sound.merging(change) { $1 }, metadata)
            let error = #expect(throws: HeadError.self) { try Head(path: path) }
            #expect(error?.description.contains(path) ?? false, "\(change.keys): \(error?.description ?? "")")
        }
        let linear = try Self.encodedStamp(of: .linear)
        try write(sound, metadata.merging(["stamp": linear]) { $1 })
        let error = #expect(throws: HeadError.self) { try Head(path: path) }
        #expect(error?.description.contains("whose stamp says pooling mean") ?? false)
    }

    private static func encodedStamp(of kind: HeadKind) throws -> String {
        String(decoding: try JSONEncoder().encode(head(kind).stamp), as: UTF8.self)
    }
}

extension Stamp {
    /// A stamp of plain vectors.
    static func made(
        model: String = "f00d", recipe: String = "squash 28x28", precision: String = "f32",
        pooling: UnmaskModel.Pooling = .mean,
        tokens: Int = 49, dimension: Int, output: String? = nil
    ) -> Stamp {
        Stamp(
            model: model, recipe: recipe, precision: precision, pooling: pooling, dimension: dimension, tokens: tokens,
            normalized: false, output: output)
    }
}
