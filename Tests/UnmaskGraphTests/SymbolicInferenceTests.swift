import Testing
import UnmaskGraph

/// What is inferred with the batch as a symbol equals, for any batch, what is inferred with that number.
@Suite struct SymbolicInferenceTests {
    /// A random chain of movements and shape arithmetic around [batch, 6, 8].
    private struct Chain {
        var graph = Graph()
        var random: SplitMix
        var value: ValueID
        var failed = false

        init(batch: Dimension, seed: UInt64) {
            random = SplitMix(seed)
            value = graph.addInput("x", [batch, 6, 8], .f32)
        }

        mutating func integers(_ numbers: [Int]) -> ValueID {
            let bytes = numbers.map { Int64($0) }.withUnsafeBytes { Array($0) }
            let tensor = Tensor(shape: [numbers.count], type: .i64, contents: .owned(bytes))
            return graph.addConstant("numbers", tensor ?? Tensor([], shape: [0]))
        }

        mutating func add(_ primitive: Primitive, _ inputs: [ValueID?]) throws(GraphError) -> ValueID {
            try graph.add(primitive, named: primitive.name, inputs, outputs: ["y"])[0]
        }

        mutating func step() throws(GraphError) {
            let rank = graph[value].shape.dimensions.count
            guard rank > 0 else { return }
            let axis = random.number(below: rank)
            switch random.number(below: 11) {
            case 0: value = try add(.transpose((0..<rank).map { ($0 + axis) % rank }), [value])
            case 1: value = try add(.flatten(axis: axis), [value])
            case 2: value = try add(.unsqueeze, [value, integers([axis])])
            case 3: value = try add(.concat(axis: axis), [value, value])
            case 4:
                let (start, step) = (random.number(below: 3) - 1, [1, 1, 2, -1][random.number(below: 4)])
                let end = step < 0 ? Int.min + 1 : Int.max
                value = try add(
                    .slice,
                    [value, integers([step < 0 ? -1 : start]), integers([end]), integers([axis]), integers([step])])
            case 5:
                value = try add(
                    .reshape(allowZero: false), [value, integers([-1, [2, 4, 8][random.number(below: 3)]])])
            case 6:
                let shape = try add(.shape(start: 0, end: nil), [value])
                let doubled = try add(.binary(.multiply), [shape, integers([2])])
                let halved = try add(.binary(.divide), [doubled, integers([2])])
                value = try add(.reshape(allowZero: false), [value, halved])
            case 7:
                let shape = try add(.shape(start: 0, end: nil), [value])
                let first = try add(.gather(axis: 0), [shape, integers([axis])])
                let target = try add(.concat(axis: 0), [first, integers([-1])])
                value = try add(
                    .reshape(allowZero: false),
                    [try add(.transpose((0..<rank).map { ($0 + axis) % rank }), [value]), target])
            case 8: value = try add(.tile, [value, integers((0..<rank).map { $0 == axis ? 2 : 1 })])
            case 9:
                value = try add(
                    .reduce(.sum, keepAxes: random.number(below: 2) == 0, emptyIsNone: false),
                    [value, integers([axis])])
            default:
                let ones = try add(.constantOfShape(.i64, bytes: [1, 0, 0, 0, 0, 0, 0, 0]), [integers([rank])])
                let shape = try add(.shape(start: 0, end: nil), [value])
                let isOne = try add(.binary(.equal), [shape, ones])
                let target = try add(.select, [isOne, try add(.binary(.add), [ones, ones]), shape])
                value = try add(.expand, [value, target])
            }
        }
    }

    @Test func equalsInferenceWithNumbers() throws {
        var compared = 0
        for seed in 0..<2000 as Range<UInt64> {
            for batch in [2, 3, 7] {
                var symbolic = Chain(batch: .symbol("B"), seed: seed)
                var concrete = Chain(batch: .fixed(batch), seed: seed)
                for _ in 0..<6 {
                    do throws(GraphError) { try symbolic.step() } catch { break }
                    do throws(GraphError) { try concrete.step() } catch {
                        Issue.record("seed \(seed): \(error) with \(batch), not with B")
                        break
                    }
                    let expected = concrete.graph[concrete.value].shape.bound(by: [:])
                    #expect(
                        symbolic.graph[symbolic.value].shape.bound(by: ["B": batch]) == expected, "seed \(seed)")
                    compared += 1
                }
            }
        }
        #expect(compared > 10_000)
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers for the same seed.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func number(below count: Int) -> Int { Int(next() % UInt64(count)) }
}
