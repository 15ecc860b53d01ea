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
        let computation: Head.Computation =
            kind == .knn
            ? .neighbours(
                try NearestNeighbours(vectors: [1, 0, 0, 1, 1, 1], width: 2, labels: [0, 1, 1], classes: 2, k: 2))
            : .linear(AffineLayer(weight: [2, 0, 0, -1], bias: [0.5, 0], width: 2))
        return try Head(
            kind: kind, computation: computation, labels: ["a", "b/c"], stamp: Stamp.made(dimension: 2),
            calibration: calibration, fit: ["seed": "7"])
    }

    @Test("written twice, the bytes are the same; read, so are the answers", arguments: HeadKind.allCases)
    func comesBack(_ kind: HeadKind) throws {
        let calibration = Head.Calibration(
            temperature: kind == .linear ? 1.5 : 1, unknownBelow: kind == .linear ? 0.75 : nil,
            thresholds: kind == .tag ? [0.2, 0.9] : nil)
        let head = try Self.head(kind, calibration: calibration)
        let paths = [Self.temporary(), Self.temporary()]
        defer { for path in paths { unlink(path) } }
        for path in paths { try head.write(to: path) }
        #expect(FileManager.default.contentsEqual(atPath: paths[0], andPath: paths[1]))
        let again = try Head(path: paths[0])
        #expect(again.labels == head.labels && again.stamp == head.stamp && again.fit == head.fit)
        #expect(again.calibration == calibration && again.kind == kind)
        for vector: [Float] in [[0.1, 0.9], [3, -2], [-1, 0.5]] {
            #expect(try again.answer(vector, .init()) == head.answer(vector, .init()))
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
