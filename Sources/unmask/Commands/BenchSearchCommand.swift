import ArgumentParser
import Foundation
import UnmaskIndex
import UnmaskRuntime

struct BenchSearchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Measure searches of an index.",
        discussion: """
            unmask bench search photos.unmask --batch 1

            Rows of the index, moved a little, are the queries: --noise is how far, as a share of their length. Prints one JSON \
            object. Of an approximate --mode recall is the share of what an exact search finds. resident_mib is the process's memory \
            then.
            """)

    @Argument(help: "An index.")
    var index: String

    @Option(help: "Queries of one search.")
    var batch = 1

    @Option(name: .customShort("k"), help: "Neighbours of each query.")
    var k = 10

    @Option(help: "Searches; the median and the 99th percentile count.")
    var rounds = 100

    @Option(help: "How far a query is from a row.")
    var noise: Float = 0.2

    @Option(help: .searchMode)
    var mode = SearchMode.exact

    @Option(help: "Threads of the engine. Default: all that this process may use.")
    var threads: Int?

    func validate() throws {
        guard batch >= 1, k >= 1, rounds >= 1 else {
            throw ValidationError("--batch \(batch), -k \(k), --rounds \(rounds): expected at least 1 of each")
        }
    }

    func run() throws {
        let engine = try Engine(threads: threads)
        let clock = ContinuousClock()
        let opening = clock.now
        let store = try VectorStore(path: index)
        let opened = clock.now - opening
        let search = try StoreSearch(store, mode: mode, engine: engine)
        let exact = FlatSearch(store, engine: engine)
        let filter = try RowFilter(store)
        var random = SystemRandomNumberGenerator()
        var times: [Double] = []
        var (hits, all) = (0, 0)
        for _ in 0...rounds {
            let queries = try (0..<batch).flatMap { _ in try query(store, &random) }
            let start = clock.now
            let found = try search.nearest(queries, k: k, filter: filter)
            times.append((clock.now - start) / .milliseconds(1))
            guard mode.isApproximate else { continue }
            for (found, nearest) in zip(found, try exact.nearest(queries, k: k, filter: filter)) {
                hits += Set(found.map(\.row)).intersection(nearest.map(\.row)).count
                all += nearest.count
            }
        }
        // The first search brings the pages in.
        let sorted = times.dropFirst().sorted()
        Console.result(
            jsonLine {
                $0.field("vectors", store.rowCount)
                $0.field("dimension", store.dimension)
                $0.field("threads", engine.threads)
                $0.field("mode", mode.rawValue)
                $0.field("batch", batch)
                $0.field("k", k)
                $0.field("open_ms", opened / .milliseconds(1))
                $0.field("first_ms", times[0])
                $0.field("p50_ms", sorted[sorted.count / 2])
                $0.field("p99_ms", sorted[min(sorted.count - 1, sorted.count * 99 / 100)])
                $0.field("gflops", 2e-6 * Double(store.rowCount * store.dimension * batch) / sorted[sorted.count / 2])
                if mode.isApproximate { $0.field("recall", Double(hits) / Double(max(1, all))) }
                $0.field("resident_mib", Self.residentMiB)
            })
    }

    private func query(_ store: VectorStore, _ random: inout some RandomNumberGenerator) throws -> [Float] {
        let row = try store.vector(ofRow: Int.random(in: 0..<max(1, store.rowCount), using: &random))
        let side = noise * (3 / Float(row.count)).squareRoot()
        let moved = row.map { $0 + Float.random(in: -side...side, using: &random) }
        let length = moved.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return moved.map { $0 / length }
    }

    private static var residentMiB: Int {
        let text = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return line.flatMap { $0.split(separator: " ").dropFirst().first }.flatMap { Int($0) }.map { $0 / 1024 } ?? 0
    }
}
