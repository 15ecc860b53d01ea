import Testing
import UnmaskGraph
import UnmaskRuntime

/// What lies between two products is told apart by nobody: bfloat16 products give the same bits whether it is tiles or rows,
/// int8 ones on whatever instruction set.
@Suite struct ActivationFormsTests {
    /// Four layers, of which the two in the middle take the precision: what the second of these gives. The sums before them are
    /// exact, so that no set differs in what they read. `isSeen`: what is between them is an answer too, and so stays rows of
    /// float32.
    private func layers(_ set: InstructionSet, _ precision: Precision, rows: Int, isSeen: Bool = false) throws
        -> [Float]
    {
        var graph = Graph()
        var (x, width) = (graph.addInput("x", [.fixed(rows), 40], .f32), 40)
        for (index, next) in [64, 96, 64, 33].enumerated() {
            let weight = (0..<next * width).map { Float(($0 &* 7919 &+ index) % 512 - 256) / 1024 }
            let operands = [
                x, graph.addConstant("weight\(index)", Tensor(weight, shape: [next, width])), nil, nil, nil, nil,
            ]
            let fusion = LinearFusion(activation: index == 1 ? .erf : nil)
            x = graph.add(.linear(fusion), named: "layer\(index)", operands, shape: [.fixed(rows), .fixed(next)])
            if isSeen, index == 1 { graph.addOutput("between", x) }
            if index == 2 { graph.addOutput("y", x) }
            width = next
        }
        graph.addOutput("end", x)
        let engine = try Engine(threads: 2, instructionSet: set, arithmetics: [.bf16, .i8])
        let session = try Session(graph, engine: engine, precision: precision)
        #expect(session.precision == precision)
        let input = (0..<rows * 40).map { Float(($0 &* 31) % 128 - 64) / 64 }
        let outputs = isSeen ? ["y", "end", "between"] : ["y", "end"]
        return try #require(try session.run(["x": .f32(input)], bindings: [:], outputs: outputs)["y"]).values
    }

    private static func sets(_ arithmetic: Arithmetic) -> [InstructionSet] {
        InstructionSet.allCases.filter { set in
            set.isAvailable
                && (try? Engine(threads: 1, instructionSet: set).writtenKernel(arithmetic)) != nil
        }
    }

    @Test(arguments: sets(.bf16), [1, 16, 50])
    func bfloat16IsRoundedOnce(set: InstructionSet, rows: Int) throws {
        #expect(try layers(set, .bf16, rows: rows) == layers(set, .bf16, rows: rows, isSeen: true))
    }

    @Test(arguments: sets(.i8).filter { $0 != .scalar })
    func wholeNumbersAreTheSameOnAllSets(set: InstructionSet) throws {
        let reference = try #require(Self.sets(.i8).first { $0 != .scalar })
        for rows in [1, 16, 50] {
            #expect(try layers(set, .int8, rows: rows) == layers(reference, .int8, rows: rows))
        }
    }
}
