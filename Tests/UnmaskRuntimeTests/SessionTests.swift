import Testing
import UnmaskGraph
import UnmaskRuntime

/// What a session refuses, by name.
@Suite struct SessionTests {
    private func session() throws -> Session {
        var graph = Graph()
        let pixels = graph.addInput("pixels", [.symbol("B"), 4, 4, 1], .u8)
        let ids = graph.addInput("ids", [.symbol("B"), .symbol("K")], .i32)
        graph.addOutput(
            "patches",
            graph.add(.patches(size: 2), named: "patches", [pixels, ids], shape: [.symbol("B"), .symbol("K"), 4]))
        return try Session(graph, engine: Engine(threads: 2))
    }

    @Test func gathersThePatchesAskedFor() throws {
        let pixels = InputArray.u8(Array(0..<16))
        let answer = try session().run(
            ["pixels": pixels, "ids": .i32([3, 0])], bindings: ["B": 1, "K": 2], outputs: ["patches"])
        #expect(answer["patches"]?.shape == [1, 2, 4])
        #expect(answer["patches"]?.values == [10, 11, 14, 15, 0, 1, 4, 5])
    }

    @Test func mistakesAreNamed() throws {
        let session = try session()
        let pixels = InputArray.u8(Array(0..<16))
        func fails(
            _ expected: RuntimeError, _ inputs: [String: InputArray], _ bindings: [String: Int] = ["B": 1, "K": 1],
            _ outputs: [String] = ["patches"]
        ) {
            #expect(throws: expected) { try session.run(inputs, bindings: bindings, outputs: outputs) }
        }
        fails(.missingInput("ids"), ["pixels": pixels])
        fails(.identifierOutOfRange(name: "ids", found: 4, limit: 4), ["pixels": pixels, "ids": .i32([4])])
        fails(.identifierOutOfRange(name: "ids", found: -1, limit: 4), ["pixels": pixels, "ids": .i32([-1])])
        fails(
            .inputSize(name: "pixels", shape: [1, 4, 4, 1], expectedBytes: 16, foundBytes: 15),
            ["pixels": .u8(Array(0..<15)), "ids": .i32([0])])
        fails(
            .unknownOutput("logits", known: ["patches"]), ["pixels": pixels, "ids": .i32([0])], ["B": 1, "K": 1],
            ["logits"])
        fails(
            .unboundDimension(value: "patches", shape: "[B, K, 4]"), ["pixels": pixels, "ids": .i32([0])], ["B": 1])
        #expect(throws: RuntimeError.invalidThreadCount(0)) { try Engine(threads: 0) }
    }
}
