import ArgumentParser
import UnmaskImage

struct BenchDecodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode",
        abstract: "Measure how fast images become a model's pixels.",
        discussion: """
            unmask bench decode photos/*.jpg --recipe timm --fast-decode

            Reads, decodes, turns, resizes and crops all of the images on every processor, again and again. Prints one JSON object.
            """)

    @Argument(help: "Images.")
    var paths: [String]

    @Option(help: "Times that all images are prepared, after one that is not counted; the median counts.")
    var rounds = 5

    @Flag(
        help: """
            Print “first” with the first result and “ready” when warm, then prepare all of them for every line on standard \
            input and print the seconds: for measuring in turns with other programs.
            """)
    var lockstep = false

    @OptionGroup var source: RecipeSourceOptions

    func validate() throws {
        guard rounds > 0 else { throw ValidationError("--rounds \(rounds): expected at least 1") }
    }

    func run() async throws {
        let recipe = try source.recipe()
        _ = try await seconds(recipe)
        if lockstep {
            Console.result("first")
            return try await answerInTurns { try await seconds(recipe) }
        }
        var times: [Double] = []
        for _ in 0..<rounds { times.append(try await seconds(recipe)) }
        let median = times.sorted()[times.count / 2]
        Console.result(
            jsonLine {
                $0.field("images", paths.count)
                $0.field("recipe", recipe.label)
                $0.field("median_ms", median * 1e3)
                $0.field("images_per_s", Double(paths.count) / median)
            })
    }

    /// - Throws: where one of them cannot be prepared: its time would say nothing.
    private func seconds(_ recipe: Recipe) async throws -> Double {
        let clock = ContinuousClock()
        let start = clock.now
        try await ImageBatches(paths: paths, recipe: recipe, size: paths.count).forEach { images in
            for image in images { _ = try image.image.get() }
        }
        return (clock.now - start) / .seconds(1)
    }
}
