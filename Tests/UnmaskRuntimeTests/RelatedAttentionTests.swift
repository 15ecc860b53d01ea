import Testing
import UnmaskGraph
import UnmaskRuntime

/// Attention whose tokens are a grid's places, with tables of its rows and columns.
@Suite struct RelatedAttentionTests {
    /// Two heads of 4 numbers over a grid of 2 rows and 3 columns.
    private func session(rows: [Int]?, columns: [Int]?, tokens: Int = 6) throws -> Session {
        var graph = Graph()
        let x = graph.addInput("x", [.fixed(2), .fixed(tokens), .fixed(24)], .f32)
        func table(_ name: String, _ shape: [Int]?) -> ValueID? {
            shape.map { shape in
                let numbers = (0..<shape.reduce(1, *)).map { Float($0 % 5) - 2 }
                return graph.addConstant(name, Tensor(numbers, shape: shape))
            }
        }
        let y = graph.add(
            .attention(heads: 2), named: "attn", [x, nil, nil, nil, table("rows", rows), table("columns", columns)],
            shape: [.fixed(2), .fixed(tokens), .fixed(8)])
        graph.addOutput("y", y)
        return try Session(graph, engine: Engine(threads: 2))
    }

    private func run(_ session: Session, tokens: Int = 6) throws -> [Float] {
        let input = (0..<2 * tokens * 24).map { Float(($0 &* 31) % 64 - 32) / 32 }
        return try #require(try session.run(["x": .f32(input)], bindings: [:], outputs: ["y"])["y"]).values
    }

    @Test func scoresTakeTheTables() throws {
        let related = try run(session(rows: [3, 4], columns: [5, 4]))
        #expect(related != (try run(session(rows: nil, columns: nil))))
        #expect(related.allSatisfy { $0.isFinite })
    }

    @Test(
        arguments: [
            ([3, 4], nil), (nil, [5, 4]), ([5, 4], [5, 4]), ([4, 4], [5, 4]), ([3, 3], [5, 4]), ([3, 4], [5, 8]),
            ([12], [5, 4]), ([0, 4], [5, 4]),
        ] as [([Int]?, [Int]?)])
    func tablesOfOtherSizesAreRefused(rows: [Int]?, columns: [Int]?) throws {
        #expect(throws: RuntimeError.self) { try run(session(rows: rows, columns: columns)) }
    }
}
