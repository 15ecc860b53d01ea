import Testing
import UnmaskGraph
import UnmaskImage
import UnmaskRuntime
import UnmaskWeights

@testable import UnmaskModel

/// Weights rounded to int8: what they become, how they are kept, and what smoothing is worth.
@Suite struct QuantisedModelTests {
    private static let images = SyntheticViT.images(5)

    private func engine() throws -> Engine { try Engine(threads: 1, arithmetics: Set(Arithmetic.allCases)) }

    private func vectors(_ model: Model, _ precision: Precision) throws -> [[Float]] {
        let session = try ModelSession(model, engine: engine(), maximumBatch: 5, precision: precision)
        #expect(session.precision == precision)
        return try session.embed(Self.images, options: EmbeddingOptions(pooling: .tokens, normalize: false)).map(
            \.values)
    }

    private func leastCosine(_ a: [[Float]], _ b: [[Float]]) -> Double {
        zip(a, b).map { VectorMath.cosine($0, $1) }.min() ?? 0
    }

    /// The definition, on weights at hand.
    @Test func rowsAreRoundedByTheirLargestMagnitude() throws {
        let rounded = try #require(
            QuantisedWeight(Tensor([127, -63.4, 0.6, 0.5, 1.5, 2.5, 0, 0, 0, 1e-3, -2e-3, 0], shape: [4, 3])))
        guard case .scaled(let whole, let scales) = rounded.tensor.contents else {
            Issue.record("not kept as whole numbers")
            return
        }
        let numbers = whole.withBytes { $0.map { Int8(bitPattern: $0) } }
        #expect(numbers == [127, -63, 1, 25, 76, 127, 0, 0, 0, 64, -127, 0])
        #expect(scales.floats() == [1, 2.5 / 127, 0, 2e-3 / 127])
        let values = try #require(rounded.tensor.floats())
        #expect(zip(values, [127, -63, 1]).allSatisfy { $0 == $1 })
        #expect(QuantisedWeight(Tensor([.nan, 1], shape: [1, 2])) == nil)
        #expect(QuantisedWeight(Tensor([.infinity, 1], shape: [1, 2])) == nil)
        #expect(QuantisedWeight(Tensor([1, 2], shape: [2])) == nil)
    }

    /// What a file keeps is what the kernels would have rounded the weights to.
    @Test func aFileRunsAsTheModelDoesInInt8() throws {
        let model = try Model.synthetic(SyntheticViT.configuration, name: "whole")
        let quantised = try model.quantised(isSmoothed: false, engine: engine())
        let blocks = SyntheticViT.configuration.depth + 2
        // qkv, proj, fc1 and fc2 of each block, and the decoder's first layer.
        #expect(quantised.layers.count == 4 * blocks + 1)
        #expect(quantised.layers.allSatisfy { $0.relativeError > 0 && $0.relativeError < 0.02 })
        #expect(quantised.layers.map(\.relativeError) == quantised.layers.map(\.relativeError).sorted(by: >))

        let file = try TemporaryFile(".safetensors")
        try quantised.model.write(to: file.path, golden: true)
        let read = try Model.load(file.path)
        #expect(read.storage.first == .i8)
        #expect(Double(read.storedBytes) < 0.45 * Double(model.storedBytes))
        #expect(try read.hash == quantised.model.hash)
        #expect(try read.hash != model.hash)
        #expect(try vectors(read, .int8) == vectors(quantised.model, .int8))
        #expect(try leastCosine(vectors(model, .int8), vectors(read, .int8)) > 0.999_999)
        #expect(try leastCosine(vectors(model, .f32), vectors(read, .f32)) > 0.999)

        // Widened again, it is a checkpoint like any other.
        let wide = try TemporaryFile(".safetensors")
        try read.write(to: wide.path, as: .f32)
        #expect(try Model.load(wide.path).storage == [.f32])
        #expect(try vectors(Model.load(wide.path), .f32) == vectors(read, .f32))
    }

    /// The same function: a few channels of each norm 80 times as large, their columns as much smaller.
    private static func withOutliers(_ plain: Model) throws -> Model {
        guard case .checkpoint(var checkpoint) = plain.source else { return plain }
        for block in 0..<SyntheticViT.configuration.depth {
            for (norm, layer) in [("norm1", "attn.qkv"), ("norm2", "mlp.fc1")] {
                let names = ["weight", "bias"].map { "blocks.\(block).\(norm).\($0)" }
                for name in names {
                    var values = try #require(checkpoint.tensors[name]?.floats())
                    for channel in stride(from: block, to: values.count, by: 31) { values[channel] *= 80 }
                    checkpoint.tensors[name] = Tensor(values, shape: [values.count])
                }
                let name = "blocks.\(block).\(layer).weight"
                let shape = try #require(checkpoint.tensors[name]?.shape)
                var values = try #require(checkpoint.tensors[name]?.floats())
                for index in values.indices where index % shape[1] % 31 == block { values[index] /= 80 }
                checkpoint.tensors[name] = Tensor(values, shape: shape)
            }
        }
        return Model(.checkpoint(checkpoint), name: "outliers")
    }

    /// Channels that stand out take their rows' whole scale; moved into the weights they do not.
    @Test(arguments: [false, true])
    func smoothingKeepsTheModelAndHelpsOutliers(withImages: Bool) throws {
        let plain = try Model.synthetic(SyntheticViT.configuration, name: "outliers")
        let model = try Self.withOutliers(plain)
        let expected = try vectors(plain, .f32)
        #expect(try leastCosine(vectors(model, .f32), expected) > 0.999_99)
        let calibration = withImages ? [Self.images] : []
        let cosines = try [false, true].map { isSmoothed in
            let quantised = try model.quantised(
                calibratedOn: calibration, isSmoothed: isSmoothed, engine: engine())
            return try leastCosine(vectors(quantised.model, .int8), expected)
        }
        #expect(1 - cosines[1] < (1 - cosines[0]) / 4, "\(cosines)")
        #expect(cosines[1] > Precision.int8.leastCosine)
    }

    /// The layers that read such channels are found, and no others.
    @Test func roughLayersAreThoseWithOutliers() throws {
        let plain = try Model.synthetic(SyntheticViT.configuration, name: "plain")
        #expect(try plain.layersTooRoughForInt8(on: Self.images, engine: engine()) == [])
        let rough = try Self.withOutliers(plain).layersTooRoughForInt8(on: Self.images, engine: engine())
        let expected = (0..<SyntheticViT.configuration.depth).flatMap {
            ["blocks.\($0).attn.qkv", "blocks.\($0).mlp.fc1"]
        }
        #expect(rough == Set(expected))
        let session = try ModelSession(
            Self.withOutliers(plain), engine: engine(), maximumBatch: 5, precision: .int8, rough: rough)
        let plan = try session.prepare(.embed(.tokens), batch: 1)
        for step in plan.steps where rough.contains(step.name) { #expect(step.arithmetic != .i8, "\(step.name)") }
        #expect(plan.steps.contains { $0.arithmetic == .i8 })
        let options = EmbeddingOptions(pooling: .tokens, normalize: false)
        let found = try session.embed(Self.images, options: options).map(\.values)
        #expect(try leastCosine(found, vectors(plain, .f32)) > Precision.int8.leastCosine)
    }

    /// A file that calls weights quantised must have what belongs to them.
    @Test func whatDoesNotBelongTogetherIsRefused() throws {
        let model = try Model.synthetic(SyntheticViT.configuration, name: "whole")
        let file = try TemporaryFile(".safetensors")
        try model.quantised(isSmoothed: false, engine: engine()).model.write(to: file.path)
        let stored = try TensorFile(path: file.path)
        let tensors = try stored.tensors()
        let name = "blocks.0.mlp.fc1.weight"
        let changes: [(String, (Tensor) -> Tensor?)] = [
            (name + ".scale", { _ in nil }),
            (name, { _ in nil }),
            (name + ".scale", { Tensor([Float](repeating: 1, count: $0.count - 1), shape: [$0.count - 1]) }),
            (name, { Tensor([Float](repeating: 1, count: $0.count), shape: $0.shape) }),
        ]
        for (changed, change) in changes {
            var table = TensorTable()
            for (other, tensor) in tensors {
                guard let kept = other == changed ? change(tensor) : tensor else { continue }
                _ = table.append(other, kept)
            }
            let broken = try TemporaryFile(".safetensors")
            try SafetensorsWriter.write(table, metadata: stored.metadata, to: broken.path)
            do {
                _ = try Model.load(broken.path)
                Issue.record("\(changed): was read")
            } catch {
                #expect("\(error)".contains(name), "\(error)")
                #expect("\(error)".contains("quantised"), "\(error)")
            }
        }
    }
}
