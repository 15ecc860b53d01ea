import Foundation
import Testing
@testable import UnmaskModel

@testable import UnmaskHeads

/// Heads that answer of every place of an image against PyTorch's: `Tests/Oracles/heads/make_dense.py`.
@Suite struct DenseHeadsTests {
    struct Case: Decodable, Sendable {
        let hidden: Int?
        let class_weights: [Double]
        let parameters: [Double]
        let value: Double
        let gradient: [Double]
    }

    struct Oracle: Decodable, Sendable {
        let rows: Int
        let columns: Int
        let width: Int
        let classes: Int
        let halves: [Int16]
        let labels: [[UInt8]]
        let weights: [Double]
        let penalty: Double
        let cases: [Case]
        let strength: Double
        let scores: [[Float]]
        let sizes: [[Int]]
        let maps: [[[UInt8]]]
        let memory: [Float]
        let strange: [Float]
        let distances: [Double]
        let farthest: [Int]
        let ranked: [Float]
        let asked: [Float]
        let ranks: [Double]

        static let shared: Oracle = {
            let path = Bundle.module.resourceURL?.appendingPathComponent("Fixtures/dense.json").path ?? ""
            guard let data = FileManager.default.contents(atPath: path),
                let fixture = try? JSONDecoder().decode(Oracle.self, from: data)
            else { fatalError("\(path) cannot be read: make it with Tests/Oracles/heads/make_dense.py") }
            return fixture
        }()

        var grid: UnmaskHeads.PatchGrid { get throws { try UnmaskHeads.PatchGrid(rows: rows, columns: columns) } }
        var tokens: TokenMatrix {
            get throws {
                try TokenMatrix(halves: halves.map(UInt16.init(bitPattern:)), tokens: rows * columns, width: width)
            }
        }
        var points: PointLabels { get throws { try PointLabels(grid: grid, classes: classes, images: labels) } }
    }

    private static let oracle = Oracle.shared

    @Test("the loss and its gradient are PyTorch's, images held out and classes weighed", arguments: 0..<4)
    func gradient(_ index: Int) throws {
        let oracle = Self.oracle
        let expected = oracle.cases[index]
        let tokens = try oracle.tokens
        let objective = try SegmentationObjective(
            tokens: tokens, standardisation: tokens.standardisation(), labels: oracle.points,
            weights: oracle.weights.map(Float.init), classWeights: expected.class_weights.map(Float.init),
            hidden: expected.hidden, penalty: oracle.penalty)
        let found = objective(expected.parameters)
        #expect(abs(found.value - expected.value) < 1e-5 * abs(expected.value))
        #expect(found.gradient.count == expected.gradient.count)
        let largest = expected.gradient.map(abs).max() ?? 0
        for (a, b) in zip(found.gradient, expected.gradient) { #expect(abs(a - b) < 1e-5 * largest) }
        let again = objective(expected.parameters)
        #expect(again.value == found.value && again.gradient == found.gradient)
    }

    @Test("what is fitted is PyTorch's optimum")
    func optimum() throws {
        let oracle = Self.oracle
        let options = SegmentationProbe.Options(
            strengths: [oracle.strength], maximumIterations: 2000, tolerance: 1e-6)
        let fitted = try SegmentationProbe(oracle.tokens, oracle.points, options)
        #expect(fitted.hasConverged)
        var numbers = [Float](repeating: 0, count: oracle.rows * oracle.columns * oracle.width)
        for (image, expected) in oracle.scores.enumerated() {
            try oracle.tokens.read(image, into: &numbers)
            let scores = try fitted.layers(numbers)
            let largest = expected.map(abs).max() ?? 0
            for (a, b) in zip(scores, expected) { #expect(abs(a - b) < 2e-3 * largest) }
        }
    }

    @Test("held-out images choose the strength, and a hidden layer learns what a linear one does")
    func choice() throws {
        let oracle = Self.oracle
        let fitted = try SegmentationProbe(oracle.tokens, oracle.points, .init(folds: 3, hidden: 8, seed: 4))
        #expect(fitted.trials.count == SegmentationProbe.Options.usualStrengths.count)
        let best = try #require(fitted.trials.compactMap(\.measures.meanIoU).max())
        #expect(fitted.trials.first { $0.strength == fitted.strength }?.measures.meanIoU == best)
        #expect(best > 0.5, "\(best)")
        let again = try SegmentationProbe(oracle.tokens, oracle.points, .init(folds: 3, hidden: 8, seed: 4))
        #expect(again.layers == fitted.layers)
    }

    @Test("the class of every place is PyTorch's at any size", arguments: 0..<2)
    func maps(_ index: Int) throws {
        let oracle = Self.oracle
        let (height, width) = (oracle.sizes[index][0], oracle.sizes[index][1])
        func middles(_ count: Int) -> [Double?] { (0..<count).map { (Double($0) + 0.5) / Double(count) } }
        for (image, expected) in oracle.maps[index].enumerated() {
            let grid = ClassGrid(grid: try oracle.grid, scores: oracle.scores[image])
            let found = grid.best(rows: middles(height), columns: middles(width))
            let differing = zip(found, expected).filter { $0 != $1 }.count
            // Scores that are equal to the last digits may fall either way.
            #expect(differing <= expected.count / 500, "\(differing) of \(expected.count)")
        }
    }

    @Test("what is not seen has no class, and moves nothing else")
    func outside() throws {
        let oracle = Self.oracle
        let grid = ClassGrid(grid: try oracle.grid, scores: oracle.scores[0])
        let whole = grid.best(rows: [0.2, 0.7], columns: [0.1, 0.5, 0.9])
        let part = grid.best(rows: [nil, 0.2, 0.7], columns: [0.1, nil, 0.5, 0.9])
        let none = PointLabels.ignored
        #expect(part == [none, none, none, none, whole[0], none] + whole[1...3] + [none] + whole[4...5])
    }

    @Test("values between patches are mixed as scores are")
    func values() throws {
        let oracle = Self.oracle
        let grid = try oracle.grid
        let one = (0..<grid.count).map { oracle.scores[0][$0 * oracle.classes] }
        let zeros = [Float](repeating: 0, count: grid.count)
        let places = (0..<9).map { Double($0) / 8 as Double? }
        let mixed = PatchValues(grid: grid, values: one).interpolated(rows: places, columns: places)
        // Where the value is above zero, it is the class that scores most against zeros.
        let classes = ClassGrid(grid: grid, scores: zip(zeros, one).flatMap { [$0, $1] }).best(
            rows: places, columns: places)
        for (value, number) in zip(mixed, classes) { #expect((value > 0) == (number == 1)) }
    }

    @Test("distances to what is remembered are PyTorch's")
    func distances() throws {
        let oracle = Self.oracle
        let memory = try PatchMemory(tokens: oracle.memory, scale: Array(repeating: 1, count: oracle.width))
        for (a, b) in zip(try memory.distances(of: oracle.strange), oracle.distances) {
            #expect(abs(Double(a) - b) < 1e-5 * b)
        }
        // What is remembered is at no distance, as far as sums of squares can say.
        for distance in try memory.distances(of: oracle.memory) { #expect(distance < 2e-3) }
        let doubled = try PatchMemory(
            tokens: oracle.memory.map { $0 * 2 }, scale: Array(repeating: 2, count: oracle.width))
        for (a, b) in zip(try doubled.distances(of: oracle.strange), oracle.distances) {
            #expect(abs(Double(a) - 2 * b) < 2e-5 * b)
        }
    }

    @Test("patches that lie farthest apart are remembered, in PyTorch's order")
    func farthest() {
        let oracle = Self.oracle
        let found = PatchMemory.farthest(
            oracle.farthest.count, of: oracle.memory, width: oracle.width, first: oracle.farthest[0]
        ) { _ in }
        #expect(found == oracle.farthest)
    }

    @Test("no more good images are called anomalous than may be", arguments: [0.0, 0.05, 0.25])
    func threshold(_ falseAlarms: Double) throws {
        let scores = (0..<40).map { Double(($0 * 17) % 40) }
        let threshold = AnomalyProbe.threshold(scores, falseAlarms: falseAlarms)
        #expect(scores.filter { $0 >= threshold }.count == Int(falseAlarms * 40))
    }

    @Test("what differs from good images scores more, and where it does")
    func anomaly() throws {
        let oracle = Self.oracle
        let stamp = Stamp.made(
            pooling: .tokens, tokens: oracle.rows * oracle.columns, dimension: oracle.width)
        var fitting = HeadFitting(kind: .anomaly, folds: 5)
        fitting.falseAlarms = 0
        let head = try fitting.fit(oracle.tokens, oracle.grid, stamp: stamp)
        var numbers = [Float](repeating: 0, count: oracle.rows * oracle.columns * oracle.width)
        try oracle.tokens.read(2, into: &numbers)
        let good = try head.anomaly(numbers)
        #expect(!good.isAnomalous)
        for column in 0..<oracle.width { numbers[7 * oracle.width + column] += 40 }
        let bad = try head.anomaly(numbers)
        #expect(bad.isAnomalous && bad.patches.indices.max { bad.patches[$0] < bad.patches[$1] } == 7)
        #expect(try head.answer(numbers, .init()).scores.map(\.score) == [bad.score])
    }

    @Test("ranks among good images are NumPy's, and go on beyond them")
    func ranks() throws {
        let oracle = Self.oracle
        let ranks = try ScoreRanks(oracle.ranked)
        for (score, expected) in zip(oracle.asked, oracle.ranks) {
            #expect(abs(Double(ranks.rank(of: score)) - expected) < 1e-5 * max(expected, 1), "\(score)")
        }
        #expect(ranks.rank(of: .nan).isNaN)
        // Of scores that several have, the rank is that of the last of them.
        #expect(try ScoreRanks([1, 1, 1, 2]).rank(of: 1) == 0.75)
        for bad: [Float] in [[], [0, 0], [1, .nan], [-1, 1], [1, .infinity]] {
            #expect(throws: HeadError.self) { try ScoreRanks(bad) }
        }
    }

    @Test("errors of masked reconstruction find what tokens do not show, alone and beside a memory")
    func reconstruction() throws {
        let oracle = Self.oracle
        let (count, width) = (oracle.rows * oracle.columns, oracle.width)
        var room = [Float](repeating: 0, count: count * width)
        func patches(_ image: Int, _ errors: [Float]) throws -> [Float] {
            try oracle.tokens.read(image, into: &room)
            var joined: [Float] = []
            for (token, error) in errors.enumerated() {
                joined += room[token * width..<(token + 1) * width]
                joined.append(error)
            }
            return joined
        }
        let errors: [[Float]] = (0..<10).map { image in
            (0..<count).map { token in Float((image * 7 + token * 3) % 11) / 64 + 0.125 }
        }
        var numbers: [Float] = []
        for (image, own) in errors.enumerated() { numbers += try patches(image, own) }
        let joined = try TokenMatrix(numbers, tokens: count, width: width + 1)
        var fitting = HeadFitting(kind: .anomaly, folds: 5)
        fitting.falseAlarms = 0
        let both = try fitting.fit(
            joined, oracle.grid,
            stamp: .made(pooling: .tokens, tokens: count, dimension: width + 1, output: "final+errors.4.0"))
        let alone = try fitting.fit(
            TokenMatrix(Array(errors.joined()), tokens: count, width: 1), oracle.grid,
            stamp: .made(pooling: .tokens, tokens: count, dimension: 1, output: "errors.4.0"))
        let memory = try fitting.fit(
            oracle.tokens, oracle.grid, stamp: .made(pooling: .tokens, tokens: count, dimension: width))
        #expect(alone.calibration.anomalousFrom == Double(errors.joined().max() ?? 0).nextUp)
        #expect(both.fit["by"] == "both" && both.fit["passes"] == "4" && memory.fit["by"] == "memory")
        guard case .anomaly(.both(let held, _, _), _) = both.computation,
            case .anomaly(.memory(let own), _) = memory.computation
        else { return #expect(Bool(false), "another kind") }
        #expect(held == own, "errors have no part in the memory")
        var strange = errors[3]
        #expect(try !both.anomaly(patches(3, strange)).isAnomalous && !alone.anomaly(strange).isAnomalous)
        strange[5] = 4
        for answer in [try both.anomaly(patches(3, strange)), try alone.anomaly(strange)] {
            #expect(answer.isAnomalous && answer.patches.indices.max { answer.patches[$0] < answer.patches[$1] } == 5)
        }
    }

    @Test("what cannot be learned from is refused by name")
    func refusals() throws {
        let oracle = Self.oracle
        func points(_ change: (inout [[UInt8]]) -> Void) throws -> PointLabels {
            var labels = oracle.labels
            change(&labels)
            return try PointLabels(grid: oracle.grid, classes: oracle.classes, images: labels)
        }
        #expect(throws: HeadError.data("image 1 has a point of class 3: there are 0 to 2")) {
            try points { $0[1][4] = 3 }
        }
        #expect(throws: HeadError.self) { try points { $0[2].removeLast() } }
        let none = try points { for image in $0.indices { $0[image] = $0[image].map { _ in 255 } } }
        #expect(throws: HeadError.data("0 of 3 classes have pixels: there is nothing to tell apart")) {
            try SegmentationProbe(oracle.tokens, none)
        }
        #expect(throws: HeadError.self) { try AnomalyProbe(oracle.tokens, .init(folds: 1)) }
        // A number of a class has to fit into a mask.
        let many = AffineLayer(weight: Array(repeating: 0, count: 256), bias: Array(repeating: 0, count: 256), width: 1)
        #expect(throws: HeadError.self) { try TokenLayers(output: many) }
    }

    @Test("intersection over union counts what is answered, and leaves out what is not seen")
    func measures() {
        var measures = SegmentationMeasures(classes: ["a", "b", "c"])
        measures.add(answered: [0, 0, 1, 1, 255, 1], expected: [0, 1, 1, 255, 0, 0])
        #expect(measures.pixels == 4 && measures.unseen == 1 && measures.images == 1)
        #expect(measures.iou(of: 0) == 1 / 3 && measures.iou(of: 1) == 1 / 3 && measures.iou(of: 2) == nil)
        #expect(measures.meanIoU == 1 / 3 && measures.accuracy == 0.5 && measures.recall(of: 0) == 0.5)
    }
}
