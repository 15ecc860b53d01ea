import Foundation
import Testing
import UnmaskWeights

@Suite struct TorchFileTests {
    @Test(arguments: ["mae.pth", "mae-legacy.pth"])
    func aTrainingCheckpointGivesItsModelAndArguments(name: String) throws {
        let file = try TorchFile(path: Fixture.path(name))
        let model = try #require(file.stateDicts.first { $0.key == "model" })
        #expect(try file.tensors(of: model).names == ["weight", "bias"])
        #expect(
            file.metadata == [
                "epoch": "399", "args.model": "mae_vit_tiny", "args.norm_pix_loss": "true", "args.mask_ratio": "0.75",
                "args.epochs": "400", "args.betas": "[0.9,0.95]",
            ])
    }

    @Test func tensorsBelowAPrefixLoseIt() throws {
        let file = try TorchFile(path: Fixture.path("parallel.pth"))
        let stateDict = try #require(file.stateDicts.first)
        #expect(stateDict.key == "state_dict" && stateDict.names == ["module.weight", "module.bias"])
        #expect(try file.tensors(of: stateDict, below: "module.").names == ["weight", "bias"])
        #expect(file.metadata == ["note": "ü"])
    }

    @Test func aBareStateDictHasNoKey() throws {
        let stateDict = try #require(try TorchFile(path: Fixture.path("state.pth")).stateDicts.first)
        #expect(stateDict.path.isEmpty && stateDict.key == ".")
        #expect(stateDict.names.first == "patch_embed.proj.weight" && stateDict.names.last == "empty")
    }

    @Test(arguments: [
        ("call.pth", WeightsError.Cause.torchNoStateDict, "posix.system"),
        ("module.pth", .torchNoStateDict, "__main__.Whole"),
        ("tensor.pth", .torchNoStateDict, "single tensor"),
        ("sparse.pth", .torchTensorUnsupported, "_rebuild_sparse_tensor"),
        ("complex.pth", .elementTypeUnsupported, "torch.ComplexFloatStorage"),
        ("plain.pickle", .torchLegacyHeader, "magic number"),
    ])
    func whatCannotBeLoadedIsNamed(name: String, cause: WeightsError.Cause, mention: String) throws {
        let error = try weightsError { _ = try TensorFile(path: Fixture.path(name)).tensors() }
        #expect(error.cause == cause && error.description.contains(mention), "\(error)")
    }

    @Test func nothingThatAPickleAsksForIsCalled() throws {
        let trace = "/tmp/unmask-was-here"
        try? FileManager.default.removeItem(atPath: trace)
        _ = try TensorFile(path: Fixture.path("call-beside.pth"))
        _ = try? TensorFile(path: Fixture.path("call.pth"))
        #expect(!FileManager.default.fileExists(atPath: trace))
    }

    /// A state dict of one tensor `w` on a storage of four float32.
    private func archive(tensor: [UInt8], storage: [UInt8] = Array(repeating: 1, count: 16)) -> ZipBuilder {
        let pickle = PickleBuilder.dictionary([("w", tensor)])
        return ZipBuilder([("x/data.pkl", pickle), ("x/data/0", storage)])
    }

    private func cause(_ zip: ZipBuilder) throws -> WeightsError.Cause {
        let folder = try TemporaryFolder()
        let path = try folder.write(zip.bytes)
        return try weightsError { _ = try TensorFile(path: path).tensors() }.cause
    }

    @Test func viewsStayWithinTheirStorage() throws {
        typealias Pickle = PickleBuilder
        #expect(try cause(archive(tensor: Pickle.tensor(shape: [5], strides: [1]))) == .torchViewOutside)
        #expect(try cause(archive(tensor: Pickle.tensor(offset: 1, shape: [4], strides: [1]))) == .torchViewOutside)
        #expect(try cause(archive(tensor: Pickle.tensor(shape: [2, 2], strides: [3, 1]))) == .torchViewOutside)
        #expect(try cause(archive(tensor: Pickle.tensor(shape: [2, 2], strides: [1 << 62, 1]))) == .torchViewOutside)
        #expect(try cause(archive(tensor: Pickle.tensor(shape: [3, 3], strides: [1 << 62, 1]))) == .torchViewOutside)
        #expect(
            try cause(archive(tensor: Pickle.tensor(shape: [1 << 40, 1 << 40], strides: [0, 0]))) == .shapeOverflow)
        #expect(try cause(archive(tensor: Pickle.tensor(shape: [1 << 30, 1], strides: [0, 0]))) == .torchViewLimit)
        #expect(try cause(archive(tensor: Pickle.tensor(shape: [-1], strides: [1]))) == .torchTensorUnsupported)
        #expect(try cause(archive(tensor: Pickle.tensor(key: "9", shape: [4], strides: [1]))) == .torchStorageMissing)
        let short = Array(repeating: UInt8(1), count: 15)
        #expect(
            try cause(archive(tensor: Pickle.tensor(shape: [1], strides: [1]), storage: short)) == .torchStorageSize)
    }

    @Test func stridesOfSingleElementsMeanNothing() throws {
        let folder = try TemporaryFolder()
        let tensor = PickleBuilder.tensor(shape: [1, 2, 2], strides: [.max, 1, 2])
        let path = try folder.write(archive(tensor: tensor, storage: Array(0..<16)).bytes)
        let read = try #require(try TensorFile(path: path).tensors()["w"])
        #expect(read.withBytes { Array($0) } == [0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 12, 13, 14, 15])
    }

    @Test func archivesOfAnotherKindAreTold() throws {
        let tensor = PickleBuilder.dictionary([("w", PickleBuilder.tensor(shape: [1], strides: [1]))])
        let storage: (String, [UInt8]) = ("x/data/0", Array(repeating: 0, count: 16))
        #expect(try cause(ZipBuilder([("readme.txt", [1])])) == .torchPickleMissing)
        #expect(try cause(ZipBuilder([("a/data.pkl", tensor), ("b/data.pkl", tensor)])) == .torchPickleMissing)
        #expect(try cause(ZipBuilder([("x/data.pkl", tensor), ("x/constants.pkl", [1]), storage])) == .torchScript)
        #expect(
            try cause(ZipBuilder([("x/data.pkl", tensor), ("x/byteorder", Array("big".utf8)), storage]))
                == .torchBigEndian)
    }
}
