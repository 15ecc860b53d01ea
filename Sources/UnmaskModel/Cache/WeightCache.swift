internal import Foundation
internal import UnmaskGraph
internal import UnmaskRuntime
internal import UnmaskWeights

/// Packed weights that later starts map instead of packing them: processes share them.
///
/// They are found by what decides their bytes: the model's content hash, the form of each weight and the kernel that reads
/// it. The hash of files that were seen before is guessed by their identity, for reading them takes longer than a start may:
/// `WeightProof` makes sure of it before the first answer leaves. Nothing here is an error of the model: what cannot be used
/// or written is told, and weights are packed as without a cache.
public final class WeightCache: Sendable {
    /// How much a cache holds where nobody says.
    public static let usualLimit = 8 << 30

    private let directory: CacheDirectory
    private let warn: @Sendable (String) -> Void

    /// - Parameters:
    ///   - path: a folder of this user alone, made where it is missing.
    ///   - limit: bytes of all files together; what was not used for the longest time goes first.
    ///   - warn: told what was found damaged or could not be done.
    /// - Returns: nil where the folder cannot be used, which `warn` is told.
    public init?(_ path: String, limit: Int = usualLimit, warn: @escaping @Sendable (String) -> Void) {
        do throws(CacheDirectory.Problem) {
            directory = try CacheDirectory(path, limit: limit)
        } catch {
            warn(error.description)
            return nil
        }
        self.warn = warn
    }

    /// Where a cache lies by an environment: `UNMASK_CACHE`, else `unmask` in `XDG_CACHE_HOME`, else `.cache/unmask` in
    /// `HOME`. Nil where `UNMASK_CACHE` is empty, or none of them says.
    public static func usualPath(_ environment: [String: String]) -> String? {
        if let stated = environment["UNMASK_CACHE"] { return stated.isEmpty ? nil : stated }
        // A relative path is to be ignored, says the XDG Base Directory Specification.
        if let folder = environment["XDG_CACHE_HOME"], folder.hasPrefix("/") { return folder + "/unmask" }
        if let home = environment["HOME"], home.hasPrefix("/") { return home + "/.cache/unmask" }
        return nil
    }

    // MARK: Finding

    /// What an earlier start packed of this layout for the model that these files most likely are, which the session then
    /// reads; nil where there is nothing, or nothing sound.
    func find(_ source: ModelSource, for session: Session) throws(RuntimeError) -> WeightProof? {
        let layout = session.weightLayout
        let identity = source.outwardIdentity()
        guard let hash = directory.text(identity, .model), hash.utf8.count == 64 else { return nil }
        let key = layout.key(source, hash: hash)
        guard directory.has(key, .weights) else { return nil }
        let found: WeightProof
        do throws(PackedFile.Problem) {
            let packed = try PackedFile(
                path: directory.file(key, .weights), key: key, byteCount: layout.byteCount, owner: directory.owner)
            guard packed.hash == hash else {
                throw PackedFile.Problem(description: "it states the content hash \(packed.hash), expected \(hash)")
            }
            found = WeightProof(packed, key: key) { [self] in drop(key, identity: identity, because: $0) }
        } catch {
            drop(key, identity: identity, because: error.description)
            return nil
        }
        guard try session.take(found.weights) else {
            drop(key, identity: identity, because: "another version of the program packed them otherwise")
            return nil
        }
        directory.touch(identity, .model)
        directory.touch(key, .weights)
        directory.touch(key, .golden)
        return found
    }

    /// Removes weights that are not what they should be.
    private func drop(_ key: String, identity: String, because problem: String) {
        directory.remove(key, .weights)
        directory.remove(key, .golden)
        directory.remove(identity, .model)
        warn("\(directory.file(key, .weights)): \(problem); the weights are packed anew")
    }

    /// What these weights made of the golden image at an earlier start.
    func golden(of proof: WeightProof) -> GoldenVector? {
        directory.text(proof.key, .golden).flatMap { try? JSONDecoder().decode(GoldenVector.self, from: Data($0.utf8)) }
    }

    // MARK: Keeping

    /// Writes a session's packed weights, packing first what no plan has needed yet, unless they are there.
    ///
    /// - Parameters:
    ///   - hash: the content hash of the model that they are of.
    ///   - golden: what the session makes of the golden image, where that is known.
    func keep(_ source: ModelSource, _ session: Session, hash: String, golden: GoldenVector?) {
        let layout = session.weightLayout
        let key = layout.key(source, hash: hash)
        do {
            if !directory.has(key, .weights) { try write(session, layout, key: key, hash: hash) }
            if let damage = source.tensors.values.damage { throw damage }
            if let golden { try directory.save(OwnLayout.encode(golden), as: key, .golden) }
            try directory.save(hash, as: source.outwardIdentity(), .model)
        } catch {
            warn("packed weights are not kept: \(error)")
        }
    }

    private func write(_ session: Session, _ layout: WeightLayout, key: String, hash: String) throws {
        guard layout.byteCount <= directory.limit else {
            throw CacheDirectory.Problem(
                description: "they have \(layout.byteCount) bytes, and the cache in \(directory.path) holds "
                    + "\(directory.limit) at most: raise --cache-size")
        }
        directory.makeRoom(for: layout.byteCount)
        let path = directory.file(key, .weights)
        let written = try session.withPackedWeights { weights, nonfinite in
            Result { try PackedFile.write(weights, nonfinite: nonfinite, key: key, hash: hash, to: path) }
        }
        try written?.get()
    }
}
