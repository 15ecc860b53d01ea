import Testing
import UnmaskGraph
import UnmaskImage
import UnmaskModel
import UnmaskRuntime

/// Products in bfloat16 and int8: chosen by role, near float32, the same to the bit in any company.
@Suite struct PrecisionTests {
    /// A precision on an instruction set that has a kernel of its own for it.
    struct Case: Sendable, CustomTestStringConvertible {
        let precision: Precision
        let isa: InstructionSet
        var testDescription: String { "\(precision.rawValue) on \(isa.rawValue)" }
        var arithmetic: Arithmetic { precision == .bf16 ? .bf16 : .i8 }

        static let all = [Precision.bf16, .int8].flatMap { precision in
            InstructionSet.allCases.filter(\.isAvailable).map { Case(precision: precision, isa: $0) }
        }.filter { test in
            ProductKernel.all.contains { $0.arithmetic == test.arithmetic && $0.features == test.kernelFeatures }
        }

        /// A kernel for bfloat16 needs no VNNI, though the set of that name has it.
        var kernelFeatures: ProcessorFeatures {
            isa == .avx512bf16
                ? isa.features.subtracting(InstructionSet.avx512vnni.features).union(InstructionSet.avx512.features)
                : isa.features
        }

        func session(threads: Int, batch: Int, _ model: Model) throws -> ModelSession {
            let engine = try Engine(threads: threads, instructionSet: isa, arithmetics: Set(Arithmetic.allCases))
            return try ModelSession(model, engine: engine, maximumBatch: batch, precision: precision)
        }
    }

    @Test func someCasesExist() {
        #expect(Set(Case.all.map(\.precision)) == [.bf16, .int8])
    }

    /// Which kernel computes what: the blocks' products in the precision, their ends in float32.
    @Test(arguments: Case.all)
    func theBlocksProductsAndNoOthers(test: Case) throws {
        let model = try Model.synthetic(SyntheticViT.configuration, name: "precision")
        let session = try test.session(threads: 1, batch: 1, model)
        #expect(session.precision == test.precision)
        let hasBF16 = session.engine.writtenKernel(.bf16) != nil
        for task in [ModelTask.embed(.cls), .classify, .reconstruct] {
            let plan = try session.prepare(task, batch: 1)
            for step in plan.steps {
                guard let kernel = step.kernel else { continue }
                #expect(kernel.features.isSubset(of: test.isa.features))
                let isEnd = ["patch_embed", "head", "decoder_pred"].contains { step.name.hasPrefix($0) }
                let expected: Arithmetic =
                    isEnd ? .f32 : step.kind == "attention" ? (hasBF16 ? .bf16 : .f32) : test.arithmetic
                #expect(kernel.arithmetic == expected, "\(step.name): \(kernel.name)")
                // The one written for this set, and none that would serve as well.
                if expected == test.arithmetic { #expect(kernel.features == test.kernelFeatures, "\(kernel.name)") }
            }
            #expect(plan.steps.contains { $0.arithmetic == test.arithmetic })
        }
    }

    /// float32 on each set: the widest kernel that it carries, for every product.
    @Test(arguments: InstructionSet.allCases.filter(\.isAvailable))
    func float32TakesTheWidestKernel(isa: InstructionSet) throws {
        let model = try Model.synthetic(SyntheticViT.configuration, name: "precision")
        let session = try ModelSession(model, engine: Engine(threads: 1, instructionSet: isa), maximumBatch: 1)
        let widest = [InstructionSet.neon, .avx512, .avx2, .scalar].first { isa.features.isSuperset(of: $0.features) }
        let kernels = try session.prepare(.embed(.cls), batch: 1).steps.compactMap(\.kernel)
        #expect(!kernels.isEmpty)
        for kernel in kernels { #expect(kernel.features == widest?.features, "\(kernel.name)") }
    }

    @Test(arguments: Case.all)
    func isNearFloat32(test: Case) throws {
        let model = try Model.synthetic(SyntheticViT.configuration, name: "precision")
        let images = SyntheticViT.images(6)
        let plain = try ModelSession(model, engine: Engine(threads: 1), maximumBatch: 6)
        let session = try test.session(threads: 2, batch: 6, model)
        for pooling in [Pooling.cls, .mean, .tokens] {
            let options = EmbeddingOptions(pooling: pooling)
            let expected = try plain.embed(images, options: options)
            let found = try session.embed(images, options: options)
            for (a, b) in zip(expected, found) {
                let cosine = VectorMath.cosine(a.values, b.values)
                #expect(cosine >= test.precision.leastCosine, "\(pooling): \(cosine)")
                #expect(a.values != b.values)
                #expect(a.stamp.precision == "f32")
                #expect(b.stamp.precision == test.precision.rawValue)
            }
        }
    }

    @Test(arguments: Case.all)
    func sameBitsInAnyCompany(test: Case) throws {
        let model = try Model.synthetic(SyntheticViT.configuration, name: "precision")
        let images = SyntheticViT.images(11)
        let options = EmbeddingOptions(pooling: .tokens)
        let masks = try (0..<11).map { try Mask.random(patches: 24, ratio: 0.5, seed: UInt64($0)) }
        let reference = try test.session(threads: 1, batch: 1, model)
        let full = try images.map { try reference.embed([$0], options: options)[0].values }
        let masked = try zip(images, masks).map { try reference.embed([$0], options: options, masks: [$1])[0].values }
        let rebuilt = try zip(images, masks).map { try reference.reconstruct([$0], masks: [$1])[0].prediction }
        for threads in 1...3 {
            let session = try test.session(threads: threads, batch: 11, model)
            for batch in [1, 2, 5, 11] {
                for start in Set([0, 11 - batch]) {
                    let range = start..<start + batch
                    let some = Array(images[range])
                    #expect(try session.embed(some, options: options).map(\.values) == Array(full[range]))
                    #expect(
                        try session.embed(some, options: options, masks: Array(masks[range])).map(\.values)
                            == Array(masked[range]))
                }
            }
            #expect(try session.reconstruct(images, masks: masks).map(\.prediction) == rebuilt)
        }
    }

    /// Without a kernel that is worth it, products are float32, and the session says so.
    @Test func withoutKernelsItIsFloat32() throws {
        let model = try Model.synthetic(SyntheticViT.configuration, name: "precision")
        let engine = try Engine(threads: 1, arithmetics: [.f32])
        for precision in Precision.allCases {
            let session = try ModelSession(model, engine: engine, maximumBatch: 1, precision: precision)
            #expect(session.precision == .f32)
            #expect(try session.embed(SyntheticViT.images(1))[0].stamp.precision == "f32")
        }
    }

    /// Whatever is fastest here, what is chosen passes its gate, and float32 was tried.
    @Test func theFastestPassesItsGate() throws {
        let model = try Model.synthetic(SyntheticViT.configuration, name: "precision")
        let found = try ModelSession.fastest(model, engine: Engine(threads: 1), maximumBatch: 2)
        #expect(found.trials.first?.precision == .f32)
        let chosen = try #require(found.trials.first { $0.precision == found.session.precision })
        #expect(chosen.passes)
        #expect(found.trials.allSatisfy { !$0.passes || $0.seconds >= chosen.seconds })
    }

    /// Rows that are not finite are not rounded into something that is.
    @Test(arguments: Case.all)
    func whatIsNotFiniteStaysSo(test: Case) throws {
        var graph = Graph()
        let x = graph.addInput("x", [.symbol("n"), 40], .f32)
        func linear(_ x: ValueID, _ name: String) -> ValueID {
            let weight = graph.addConstant(
                name + ".weight", Tensor((0..<1600).map { Float($0 % 13) - 6 }, shape: [40, 40]))
            return graph.add(
                .linear(LinearFusion()), named: name, [x, weight, nil, nil, nil, nil],
                shape: [.symbol("n"), .fixed(40)])
        }
        graph.addOutput("y", linear(linear(linear(x, "first"), "second"), "last"))
        let engine = try Engine(threads: 1, instructionSet: test.isa, arithmetics: Set(Arithmetic.allCases))
        let session = try Session(graph, engine: engine, precision: test.precision)
        #expect(session.precision == test.precision)
        for bad in [Float.nan, .infinity] {
            var rows = [Float](repeating: 0.25, count: 3 * 40)
            rows[50] = bad
            let found = try session.run(["x": .f32(rows)], bindings: ["n": 3], outputs: ["y"])
            let values = try #require(found["y"]).values
            for row in 0..<3 { #expect(values[row * 40..<row * 40 + 40].allSatisfy { $0.isFinite == (row != 1) }) }
        }
    }
}
