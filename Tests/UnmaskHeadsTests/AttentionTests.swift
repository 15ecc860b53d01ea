import Foundation
import Testing
@testable import UnmaskModel

@testable import UnmaskHeads

/// Heads that attend to patch tokens against PyTorch's: `Tests/Oracles/heads/make_attention.py`.
@Suite struct AttentionTests {
    /// The numbers of a network by their names.
    struct Numbers: Decodable {
        let learned: [Double]
        let value: [Double]
        let weight: [Double]
        let bias: [Double]
    }

    struct Case: Decodable {
        let count: Int
        let balanced: Bool
        let start: Numbers
        let gradient: Numbers
        let batches: [[Int]]
        let rates: [Double]
        let losses: [Double]
        let end: Numbers
        /// Of images that were not fitted on.
        let scores: [[Double]]
    }

    struct Oracle: Decodable {
        let images: Int
        let tokens: Int
        let width: Int
        let halves: [Int16]
        let classes: [Int]
        let cases: [String: Case]

        static let shared: Oracle = {
            let path = Bundle.module.resourceURL?.appendingPathComponent("Fixtures/attention.json").path ?? ""
            guard let data = FileManager.default.contents(atPath: path),
                let fixture = try? JSONDecoder().decode(Oracle.self, from: data)
            else { fatalError("\(path) cannot be read: make it with Tests/Oracles/heads/make_attention.py") }
            return fixture
        }()

        private func matrix(_ images: Range<Int>) throws -> TokenMatrix {
            let size = tokens * width
            return try TokenMatrix(
                halves: halves[images.lowerBound * size..<images.upperBound * size].map(UInt16.init(bitPattern:)),
                tokens: tokens, width: width)
        }

        func fitted() throws -> TokenMatrix { try matrix(0..<images) }

        func unseen() throws -> TokenMatrix { try matrix(images..<halves.count / (tokens * width)) }

        var targets: Targets { get throws { try Targets(classes: classes, outputs: 3) } }
    }

    private static let oracle = Oracle.shared

    private static func objective(_ expected: Case) throws -> AttentionObjective {
        let tokens = try oracle.fitted()
        let targets = try oracle.targets
        return try AttentionObjective(
            tokens, tokens.standardisation(), targets,
            weights: expected.balanced ? targets.balanced() : [Float](repeating: 1, count: targets.count),
            queries: expected.count)
    }

    private static func training(_ kind: HeadKind, _ expected: Case) throws -> AttentionTraining {
        let objective = try objective(expected)
        var network = AttentionNetwork(objective.sizes)
        network.value = expected.start.value.map { Float($0) }
        network.weight = expected.start.weight.map { Float($0) }
        network.bias = expected.start.bias.map { Float($0) }
        let form = try #require(try kind.queryForm(queries: expected.count, width: oracle.width))
        return AttentionTraining(objective, form, learned: expected.start.learned.map { Float($0) }, from: network)
    }

    private static func image(_ index: Int, of tokens: TokenMatrix) -> [Float] {
        [Float](unsafeUninitializedCapacity: tokens.tokens * tokens.width) { numbers, count in
            count = tokens.tokens * tokens.width
            if let base = numbers.baseAddress { tokens.read(index, into: base) }
        }
    }

    @Test("the gradient is PyTorch's", arguments: [HeadKind.ep, .attentive])
    func gradient(_ kind: HeadKind) throws {
        let expected = try #require(Self.oracle.cases[kind.rawValue])
        let training = try Self.training(kind, expected)
        let (loss, gradient) = training.objective(training.network, expected.batches[0][...])
        let form = try #require(try kind.queryForm(queries: expected.count, width: Self.oracle.width))
        #expect(abs(loss - expected.losses[0]) < 1e-5)
        #expect(
            relativeDifference([form.gradient(training.learned, gradient.queries)], [expected.gradient.learned]) < 1e-4)
        #expect(relativeDifference([gradient.value], [expected.gradient.value]) < 1e-4)
        #expect(relativeDifference([gradient.weight], [expected.gradient.weight]) < 1e-4)
        #expect(relativeDifference([gradient.bias], [expected.gradient.bias]) < 1e-4)
    }

    @Test(
        "from the same numbers and by the same batches, Adam comes to PyTorch's numbers and answers",
        arguments: [HeadKind.ep, .attentive])
    func training(_ kind: HeadKind) throws {
        let expected = try #require(Self.oracle.cases[kind.rawValue])
        var training = try Self.training(kind, expected)
        for (step, batch) in expected.batches.enumerated() {
            let loss = training.step(batch[...], rate: expected.rates[step])
            #expect(abs(loss - expected.losses[step]) < 1e-4, "step \(step)")
        }
        #expect(relativeDifference([training.learned], [expected.end.learned]) < 1e-3)
        #expect(relativeDifference([training.network.value], [expected.end.value]) < 1e-3)
        #expect(relativeDifference([training.network.weight], [expected.end.weight]) < 1e-3)
        #expect(relativeDifference([training.network.bias], [expected.end.bias]) < 1e-3)
        // The folded head reads tokens as they are.
        let (pooling, layer) = try training.network.folded(
            training.objective.standardisation, width: Self.oracle.width)
        let unseen = try Self.oracle.unseen()
        let scores = (0..<unseen.images).map { layer(pooling(Self.image($0, of: unseen))) }
        #expect(relativeDifference(scores, expected.scores) < 1e-3)
    }

    @Test("the same seed gives the same bits; another seed others", arguments: [HeadKind.ep, .attentive])
    func seeds(_ kind: HeadKind) throws {
        func fit(_ seed: UInt64) throws -> AttentionProbe {
            try AttentionProbe(
                Self.oracle.fitted(), Self.oracle.targets,
                .init(kind: kind, epochs: 30, batch: 24, folds: 2, seed: seed))
        }
        let (first, again, other) = (try fit(1), try fit(1), try fit(2))
        #expect(first.pooling == again.pooling && first.layer == again.layer)
        #expect(first.heldOut?.scores == again.heldOut?.scores && first.heldOut?.rows.count == 40)
        #expect(first.pooling != other.pooling)
        // Classes are there to be seen.
        #expect(first.loss < 0.5, "\(first.loss)")
    }

    @Test("the rate that names most held-out images right is taken")
    func rates() throws {
        let fitted = try AttentionProbe(
            Self.oracle.fitted(), Self.oracle.targets, .init(epochs: 40, rates: [1e-9, 0.02], folds: 4))
        #expect(fitted.rate == 0.02)
    }

    @Test("what cannot be fitted is refused by name")
    func refused() throws {
        let (tokens, targets) = (try Self.oracle.fitted(), try Self.oracle.targets)
        func problem(_ body: () throws -> Void) -> String {
            let error = #expect(throws: HeadError.self) { try body() }
            return error?.description ?? ""
        }
        #expect(problem { _ = try AttentionProbe(tokens, targets, .init(queries: 5)) }.contains("divisor"))
        #expect(problem { _ = try AttentionProbe(tokens, targets, .init(rates: [-1])) }.contains("positive"))
        #expect(problem { _ = try AttentionProbe(tokens, targets, .init(kind: .linear)) }.contains("does not attend"))
        let one = try Targets(classes: Array(repeating: 0, count: 40), outputs: 3)
        #expect(problem { _ = try AttentionProbe(tokens, one, .init()) }.contains("nothing to tell apart"))
        var halves = Self.oracle.halves.prefix(40 * 7 * 12).map(UInt16.init(bitPattern:))
        halves[84] = 0x7C00
        let beyond = try TokenMatrix(halves: halves, tokens: 7, width: 12)
        #expect(problem { _ = try AttentionProbe(beyond, targets, .init()) }.contains("image 1 has a number"))
        #expect(problem { _ = try TokenMatrix(halves: [1, 2, 3], tokens: 2, width: 2) }.contains("no images"))
        #expect(
            problem { _ = try AttentionPooling(queries: [1, 2, 3], value: Array(repeating: 0, count: 4), width: 2) }
                .contains("expected"))
    }

    @Test("time left is that of the rest, at the pace so far")
    func progress() {
        #expect(WorkProgress.left(done: 25, of: 100, after: .seconds(10)) == "30 s left")
        #expect(WorkProgress.left(done: 1, of: 100, after: .seconds(60)) == "1 h 39 min left")
        #expect(WorkProgress.left(done: 10, of: 100, after: .seconds(10)) == "1 min 30 s left")
        #expect(WorkProgress.left(done: 10, of: 100, after: .milliseconds(1)) == "time left not known yet")
    }
}
