import Foundation
import Testing
import UnmaskGraph
import UnmaskImage
import UnmaskRuntime
import UnmaskWeights

@testable import UnmaskModel

/// Packed weights that a later start maps: the same bytes, the same answers, whatever happens to the files.
@Suite struct WeightCacheTests {
    // MARK: Finding

    @Test(arguments: [Precision.f32, .bf16, .int8])
    func aLaterStartFindsTheSameBytesAndAnswersTheSame(precision: Precision) throws {
        let place = try CachePlace()
        let path = try place.model()
        let packed = try place.session(path, precision: precision)
        #expect(packed.precision == precision)
        let expected = try CachedAnswers(packed)
        try place.keep(path, precision: precision)
        let file = try place.onlyWeights()
        let bytes = try FileBytes.read(file)

        let found = try place.session(path, precision: precision, cache: place.cache())
        #expect(found.readsKeptWeights && found.precision == precision)
        #expect(try CachedAnswers(found) == expected)
        #expect(found.readsKeptWeights && found.weightBytes == packed.weightBytes)
        try found.keepWeights()
        #expect(try FileBytes.read(file) == bytes)
        let weights = try #require(try packed.session.withPackedWeights { weights, _ in Array(weights) })
        #expect(Array(bytes.suffix(weights.count)) == weights)
        #expect(place.said.texts.isEmpty)
    }

    /// What is packed otherwise is not the same: another precision, other kernels, another recipe.
    @Test func otherwisePackedWeightsAreKeptApart() throws {
        let place = try CachePlace()
        let path = try place.model()
        try place.keep(path)
        for precision in [Precision.bf16, .int8] { try place.keep(path, precision: precision) }
        let forms = try place.session(path).session.weightLayout.parts.map(\.form)
        for set in InstructionSet.vectorWidths where set != .best {
            let session = try ModelSession(
                Model.load(path), engine: Engine(threads: 1, instructionSet: set), cache: place.cache())
            let isSame = session.session.weightLayout.parts.map(\.form) == forms
            #expect(session.readsKeptWeights == isSame)
        }
        let recipe = ModelLoadOptions(recipe: RecipeOptions(mean: [0.1, 0.2, 0.3]))
        let other = try ModelSession(
            Model.load(path, options: recipe), engine: Engine(threads: 1), cache: place.cache())
        #expect(!other.readsKeptWeights)
        #expect(try place.files(.weights).count == 3)
    }

    /// A copy of the model's file finds the weights of the first, once it is known to be the same model.
    @Test func aCopyOfTheModelSharesItsWeights() throws {
        let place = try CachePlace()
        let path = try place.model()
        try place.keep(path)
        let copy = place.folder + "/copy.safetensors"
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        try place.keep(copy)
        #expect(try place.files(.weights).count == 1)
        #expect(try place.session(copy, cache: place.cache()).readsKeptWeights)
    }

    @Test func nonfiniteWeightsAreKnownFromTheCacheToo() throws {
        let place = try CachePlace()
        let path = try place.model()
        let file = try TensorFile(path: path)
        var tensors = Dictionary(uniqueKeysWithValues: try file.tensors().map { ($0.name, $0.tensor) })
        let name = "blocks.1.mlp.fc2.weight"
        let old = try #require(tensors[name])
        var values = try #require(old.floats())
        values[5] = .nan
        tensors[name] = Tensor(values, shape: old.shape)
        var metadata = file.metadata
        metadata["hash"] = nil
        try SafetensorsWriter.write(
            tensors.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, metadata: metadata, to: path)
        try place.keep(path)
        let found = try place.session(path, cache: place.cache())
        #expect(found.readsKeptWeights && found.nonfiniteWeights == [name])
    }

    // MARK: The folder

    @Test(arguments: [0o755, 0o770, 0o701, 0o702])
    func aFolderThatOthersReachIsRefused(mode: Int) throws {
        let place = try CachePlace()
        try FileManager.default.createDirectory(
            atPath: place.cachePath, withIntermediateDirectories: true, attributes: [.posixPermissions: mode])
        let said = place.said
        #expect(WeightCache(place.cachePath) { said.add($0) } == nil)
        #expect(said.texts.count == 1 && said.texts[0].contains("chmod 700 \(place.cachePath)"))
    }

    @Test func aFolderThatIsNoneOrAnothersIsRefused() throws {
        let place = try CachePlace()
        let said = place.said
        try FileBytes.write([1], place.cachePath)
        #expect(WeightCache(place.cachePath) { said.add($0) } == nil)
        #expect(WeightCache(place.cachePath + "/below") { said.add($0) } == nil)
        let (real, link) = (place.folder + "/real", place.folder + "/link")
        #expect(mkdir(real, 0o700) == 0 && symlink(real, link) == 0)
        #expect(WeightCache(link) { said.add($0) } == nil)
        // The root folder is root's; where that is who runs the tests, one is made another's.
        if geteuid() == 0 { #expect(chown(real, 65_534, 65_534) == 0) }
        #expect(WeightCache(geteuid() == 0 ? real : "/usr") { said.add($0) } == nil)
        #expect(said.texts.count == 4 && said.texts.last?.contains("another user") == true)
        #expect(WeightCache("/proc/self/cache") { said.add($0) } == nil)
        #expect(said.texts.last?.contains("cannot be made") == true)
    }

    @Test func aFileOfAnotherUserIsNotMapped() throws {
        guard geteuid() == 0 else { return }
        let place = try CachePlace()
        let path = try place.model()
        try place.keep(path)
        #expect(chown(try place.onlyWeights(), 65_534, 65_534) == 0)
        #expect(try !place.session(path, cache: place.cache()).readsKeptWeights)
        #expect(place.said.texts.first?.contains("another user") == true)
    }

    @Test func whereACacheLies() {
        #expect(WeightCache.usualPath(["UNMASK_CACHE": "here", "HOME": "/h"]) == "here")
        #expect(WeightCache.usualPath(["UNMASK_CACHE": "", "HOME": "/h"]) == nil)
        #expect(WeightCache.usualPath(["XDG_CACHE_HOME": "/x", "HOME": "/h"]) == "/x/unmask")
        #expect(WeightCache.usualPath(["XDG_CACHE_HOME": "x", "HOME": "/h"]) == "/h/.cache/unmask")
        #expect(WeightCache.usualPath([:]) == nil)
    }

    // MARK: The limit

    @Test func whatWasNotUsedForTheLongestTimeGoesFirst() throws {
        let place = try CachePlace()
        let paths = try (0..<3).map { try place.model("model\($0)", changing: "blocks.\($0).mlp.fc1.bias") }
        try place.keep(paths[0])
        let size = try FileBytes.read(place.onlyWeights()).count
        let limit = 2 * size + size / 2
        let first = try place.onlyWeights()
        try place.keep(paths[1])
        let second = place.cachePath + "/" + (try #require(try place.files(.weights).first { !first.hasSuffix($0) }))
        for (file, year) in [(first, 1), (second, 2)] {
            let time = timeval(tv_sec: year * 31_536_000, tv_usec: 0)
            utimes(file, [time, time])
        }
        // A start uses the first.
        #expect(try place.session(paths[0], cache: place.cache()).readsKeptWeights)
        try place.session(paths[2], cache: place.cache(limit: limit)).keepWeights()
        #expect(FileManager.default.fileExists(atPath: first) && !FileManager.default.fileExists(atPath: second))
        #expect(try place.files(.weights).count == 2)
        #expect(place.said.texts.isEmpty)
        try place.session(paths[1], cache: place.cache(limit: size / 2)).keepWeights()
        #expect(place.said.texts.count == 1 && place.said.texts[0].contains("--cache-size"))
        #expect(try place.files(.weights).count == 2)
    }
}
