import Testing
import UnmaskGraph

/// Where the pass merges, and what it refuses by name.
@Suite struct MergeTokensTests {
    /// A block over 5 tokens, [B, T, 8], built of plain operations.
    private func graph(_ change: (inout Graph, ValueID) -> ValueID = { $1 }) -> Graph {
        var graph = Graph()
        var x = graph.addInput("x", [.symbol("B"), .symbol("T"), 8], .f32)
        for block in 0..<2 {
            let qkv = linear(&graph, x, "\(block).qkv", 24)
            let y = graph.add(.attention(heads: 2), named: "\(block).attn", [qkv], shape: graph[x].shape)
            let projected = linear(&graph, y, "\(block).proj", 8)
            x = graph.add(.add, named: "\(block).sum", [x, projected], shape: graph[x].shape)
            let hidden = linear(&graph, x, "\(block).fc", 8)
            x = graph.add(.add, named: "\(block).out", [x, hidden], shape: graph[x].shape)
            x = change(&graph, x)
        }
        graph.addOutput("y", x)
        return graph
    }

    private func linear(_ graph: inout Graph, _ x: ValueID, _ name: String, _ n: Int) -> ValueID {
        let weight = graph.addConstant(
            name + ".weight", Tensor([Float](repeating: 0.5, count: n * 8), shape: [n, 8]))
        return graph.add(
            .linear(LinearFusion()), named: name, [x, weight, nil, nil, nil, nil], shape: graph[x].shape.with(width: n))
    }

    @Test func mergesBetweenAttentionAndMLP() throws {
        var graph = graph()
        let blocks = try MergeTokens(perBlock: 3, patches: 8).run(&graph, bindings: ["T": 9])
        #expect(blocks == 2)
        #expect(
            graph.nodes.map(\.name) == [
                "0.qkv", "0.attn", "0.proj", "0.sum", "0.attn match", "0.attn merge", "0.fc", "0.out", "1.qkv",
                "1.attn",
                "1.proj", "1.sum", "1.attn match", "1.attn merge", "1.fc", "1.out", "1.out unmerged",
            ])
        let attention = graph.nodes.filter { $0.op == .attention(heads: 2) }
        #expect(attention.map(\.inputs.count) == [1, 4])
        let fixed = graph.nodes.compactMap { node in
            if case .matchTokens(let matching) = node.op { (matching.fixed, matching.merged) } else { nil }
        }
        #expect(fixed.map(\.0) == [1, 1] && fixed.map(\.1) == [3, 2])
        #expect(graph[graph.outputs[0].value].shape == [.symbol("B"), .symbol("T"), 8])
    }

    @Test func schedules() {
        #expect(MergeTokens(perBlock: 8, patches: 196).schedule(depth: 3) == [196, 188, 180, 172])
        #expect(MergeTokens(perBlock: 8, patches: 18).schedule(depth: 4) == [18, 10, 5, 3, 2])
        #expect(MergeTokens(perBlock: 8, patches: 1).schedule(depth: 2) == [1, 1, 1])
    }

    private func refusal(_ graph: Graph, patches: Int = 8) -> String? {
        var graph = graph
        do throws(GraphError) {
            try MergeTokens(perBlock: 2, patches: patches).run(&graph, bindings: ["T": 9, "B": 1])
            return nil
        } catch {
            return error.description
        }
    }

    @Test func whatNeedsAllTokensIsRefusedByName() throws {
        #expect(refusal(graph()) == nil)
        // Something between the blocks that the pass does not know.
        let odd = graph { graph, x in graph.add(.softmax, named: "odd", [x], shape: graph[x].shape) }
        #expect(refusal(odd)?.contains("1.attn") == true)
        // Positions added in every block.
        let positions = graph { graph, x in
            let table = graph.addConstant("table", Tensor([Float](repeating: 1, count: 72), shape: [1, 9, 8]))
            return graph.add(.add, named: "positions", [x, table], shape: graph[x].shape)
        }
        #expect(refusal(positions)?.contains("1.attn") == true)
        #expect(refusal(graph(), patches: 0)?.contains("0.attn") == true)
        #expect(refusal(graph(), patches: 10)?.contains("9 tokens for 10 patches") == true)
        var plain = Graph()
        let x = plain.addInput("x", [1, 9, 8], .f32)
        plain.addOutput("y", plain.add(.gelu(.erf), named: "gelu", [x], shape: plain[x].shape))
        #expect(refusal(plain)?.contains("no attention") == true)
    }
}
