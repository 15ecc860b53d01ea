import ArgumentParser
import Foundation
import UnmaskModel

/// Whether packed weights, and the vectors that heads are fitted on, are kept between starts, and where.
struct CacheOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Keep packed weights in this folder, which has to be this user's alone (mode 0700), so that later starts map them. \
            Default: UNMASK_CACHE, else unmask in XDG_CACHE_HOME or ~/.cache.
            """, valueName: "DIR"))
    var cache: String?

    @Flag(help: "Keep no packed weights, and use none. So does an empty UNMASK_CACHE.")
    var noCache = false

    @Option(
        help: ArgumentHelp(
            "What the folder holds at most; what was not used for the longest time goes first.", valueName: "bytes"))
    var cacheSize = WeightCache.usualLimit

    func validate() throws {
        guard cache == nil || !noCache else { throw ValidationError("give one of --cache and --no-cache") }
        guard cache != "" else { throw ValidationError("--cache: expected a folder") }
        guard cacheSize > 0 else { throw ValidationError("--cache-size \(cacheSize): expected at least 1") }
    }

    /// - Parameter warn: told what is wrong with it, now and later.
    /// - Returns: nil where there is none, or it cannot be used.
    func open(warn: @escaping @Sendable (String) -> Void) -> WeightCache? {
        place.flatMap { WeightCache($0, limit: cacheSize, warn: warn) }
    }

    /// The folder itself, for vectors; nil where there is none, or it cannot be used, which is said.
    func directory() -> CacheDirectory? {
        guard let place else { return nil }
        do throws(CacheDirectory.Problem) { return try CacheDirectory(place, limit: cacheSize) } catch {
            Console.warning(error.description)
            return nil
        }
    }

    /// Nil where there is to be no cache.
    private var place: String? {
        noCache ? nil : cache ?? WeightCache.usualPath(ProcessInfo.processInfo.environment)
    }
}
