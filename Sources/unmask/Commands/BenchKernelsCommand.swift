import ArgumentParser
import UnmaskRuntime

struct BenchKernelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernels",
        abstract: "Measure every product kernel that this processor can run, and show which ones an engine takes.",
        discussion: """
            A product of M rows with an [N, K] matrix of weights, bias included, each kernel in turn. “Of the peak” is \
            the share of what the processor does in that arithmetic with operands in registers, measured in between.

              unmask bench kernels 197,768,768
            """)

    @Argument(
        help: ArgumentHelp("The product. Default: the first layer of ViT-B's MLP over one image.", valueName: "M,N,K"))
    var size = ProductSize(m: 197, n: 3072, k: 768)

    @Option(help: "How often each kernel runs; the median counts.")
    var rounds = 15

    @Option(help: "Threads of the engine. Default: all that this process may use.")
    var threads: Int?

    @Flag(help: "JSON lines, also on a terminal.")
    var json = false

    func validate() throws {
        guard rounds > 0 else { throw ValidationError("--rounds \(rounds): expected at least 1") }
    }

    func run() throws {
        let engine = try Engine(threads: threads)
        let benchmark = try KernelBenchmark(engine: engine, m: size.m, n: size.n, k: size.k, rounds: rounds)
        guard !json, Console.showsTable else {
            for row in benchmark.rows { Console.result(row.json) }
            return
        }
        var facts = Table(["processor", ProcessorFeatures.detected.description])
        facts.add(["tile registers (AMX)", engine.tileRegisters.description])
        facts.add(["product", "[\(size.m), \(size.k)] · [\(size.n), \(size.k)]ᵀ, \(engine.threads) threads"])
        var table = Table(["kernel", "ms", "GOP/s", "of the peak", "engine"], numeric: [1, 2, 3])
        for row in benchmark.rows {
            table.add([
                row.kernel.name, fixed(row.seconds * 1e3, 3), fixed(row.rate / 1e9, 1),
                fixed(100 * row.ofPeak, 1) + " %",
                row.verdict.description,
            ])
        }
        Console.result(facts.text + "\n\n" + table.text)
    }
}

/// The sizes of a product as people write them: `197,3072,768`.
struct ProductSize: ExpressibleByArgument {
    var m, n, k: Int

    init(m: Int, n: Int, k: Int) {
        (self.m, self.n, self.k) = (m, n, k)
    }

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        let numbers = parts.compactMap(\.self).filter { (1...1 << 20).contains($0) }
        guard parts.count == 3, numbers.count == 3 else { return nil }
        self.init(m: numbers[0], n: numbers[1], k: numbers[2])
    }

    var defaultValueDescription: String { "\(m),\(n),\(k)" }
}

extension KernelBenchmark.Row {
    fileprivate var json: String {
        jsonLine { line in
            line.field("kernel", kernel.name)
            line.field("arithmetic", kernel.arithmetic.rawValue)
            line.field("ms", seconds * 1e3)
            line.field("gops", rate / 1e9)
            line.field("of_peak", ofPeak)
            line.field("engine", verdict.description)
        }
    }
}
