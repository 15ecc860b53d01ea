import Testing
import UnmaskWeights

/// Every format against what PyTorch and safetensors say is in the file.
@Suite struct ReadingTests {
    @Test(arguments: [
        ("types.safetensors", TensorFile.Format.safetensors),
        ("sharded/model.safetensors.index.json", .index),
        ("state.pth", .torch),
        ("state-protocol3.pth", .torch),
        ("state-protocol4.pth", .torch),
        ("state-protocol5.pth", .torch),
        ("untyped.pth", .torch),
        ("mae.pth", .torch),
        ("parallel.pth", .torch),
        ("call-beside.pth", .torch),
        ("state-legacy.pth", .torchLegacy),
        ("mae-legacy.pth", .torchLegacy),
    ])
    func tensorsAreThoseOfTheOracle(name: String, format: TensorFile.Format) throws {
        let file = try TensorFile(path: Fixture.path(name))
        #expect(file.format == format)
        let oracle = name.hasPrefix("sharded") ? "sharded" : name
        let prefix = name == "parallel.pth" ? "module." : ""
        let stateDict = try #require(file.stateDicts.first { [".", "model", "state_dict"].contains($0.key) })
        try Fixture.expectTensors(file.tensors(of: stateDict, below: prefix), areThoseOf: oracle)
    }

    @Test func metadataOfSafetensors() throws {
        let single = try TensorFile(path: Fixture.path("types.safetensors"))
        #expect(single.metadata == ["format": "pt", "quote": "\"\\/\n\té", "empty": ""])
        let sharded = try TensorFile(path: Fixture.path("sharded/model.safetensors.index.json"))
        #expect(sharded.metadata == ["format": "pt", "total_size": "124", "kind": "test"])
    }

    @Test func contiguousTensorsAreRangesOfTheMap() throws {
        let tensors = try TensorFile(path: Fixture.path("state.pth")).tensors()
        for (name, tensor) in tensors {
            let copied = ["shared.transposed", "shared.columns", "permuted", "expanded"].contains(name)
            guard case .mapped = tensor.contents else {
                #expect(copied, "\(name)")
                continue
            }
            #expect(!copied, "\(name)")
        }
    }

    @Test func halvesReadAsFloats() throws {
        let tensors = try TensorFile(path: Fixture.path("types.safetensors")).tensors()
        let half = try #require(tensors["f16.weight"])
        let expected = half.withBytes { $0.bindMemory(to: Float16.self).map(Float.init) }
        #expect(half.floats() == expected)
        #expect(tensors["i32.weight"]?.floats() == nil)
    }

    @Test func failuresOfTheFileItself() throws {
        let folder = try TemporaryFolder()
        let cases: [(String, WeightsError.Cause)] = [
            ("\(folder.path)/missing.pth", .fileNotFound),
            (folder.path, .fileIsDirectory),
            ("/dev/null", .fileNotRegular),
            (try folder.write([], to: "empty"), .fileEmpty),
            (try folder.write("hello, world".utf8, to: "text.pth"), .formatUnknown),
            (try folder.write("hello, world".utf8, to: "text.safetensors"), .headerTooLarge),
        ]
        for (path, cause) in cases {
            let error = try weightsError { _ = try TensorFile(path: path) }
            #expect(error.cause == cause)
            #expect(error.description.hasPrefix("\(path): ") && !error.description.contains("\n"))
        }
    }
}
