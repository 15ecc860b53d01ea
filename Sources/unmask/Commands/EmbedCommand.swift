import ArgumentParser
import Foundation
import UnmaskModel
import UnmaskWeights

struct EmbedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embed",
        abstract: "Turn images into vectors.",
        discussion: """
            Prints {"path","embedding","stamp"} for each image, in order, or {"path","error":{"type","message"}}. The \
            stamp says what made the vector; only vectors with equal stamps can be compared.

              unmask embed photos/ --model models/fashion-mae.safetensors --pooling mean --normalize --out vectors.npy
            """)

    @Argument(help: ArgumentHelp("Images, folders of images, or - for a list of paths on standard input."))
    var paths: [String]

    @Option(
        help: """
            cls (the CLS token), mean (the mean of the patch tokens), map (attention pooling, where the model has it), tokens \
            (every patch token, for dense tasks) or output (what an ONNX file's own output, or the tensor that --output \
            names, is). Default: what the model was \
            trained with. For retrieval with a pre-trained MAE, mean is usually better.
            """)
    var pooling: Pooling?

    @Flag(help: "Scale each vector to length 1, so that a dot product is the cosine similarity.")
    var normalize = false

    @Option(help: "Keep only the first D numbers of each vector (then normalise, where asked).")
    var dimensions: Int?

    @OptionGroup var budget: TokenBudget

    @Option(
        help: ArgumentHelp(
            """
            Write the vectors to this float32 NumPy file instead, and beside it NAME.manifest.jsonl with a line for \
            each image: its row, or its error.
            """, valueName: "V.npy"))
    var out: String?

    @OptionGroup var options: ModelOptions

    func validate() throws {
        guard let out else { return }
        let ending = (out as NSString).pathExtension.lowercased()
        guard ["npy", ""].contains(ending) else {
            throw ValidationError("--out \(out): vectors are written as a NumPy file, V.npy, not as .\(ending)")
        }
    }

    func run() async throws {
        let found = try ImagePaths(paths)
        found.warn()
        let session = try options.session { _ in .embed(pooling) }
        let model = session.model
        let mask = try budget.mask(patches: model.interface.patches)
        let embedding = EmbeddingOptions(pooling: pooling, normalize: normalize, dimensions: dimensions)
        try embedding.validate(for: model)
        var file = try out.map {
            try EmbeddingFile(path: $0, rowShape: rowShape(model, kept: mask?.kept ?? model.interface.patches))
        }
        var report = ItemReport()
        let batches = ImageBatches(
            paths: found.paths, recipe: model.recipe, size: options.running.batch)
        try await batches.forEach { images in
            try report.batch(images) { good in
                try session.embed(good, options: embedding, masks: mask.map { Array(repeating: $0, count: good.count) })
            } print: { path, vector in
                if file != nil { try file?.append(path, vector) } else { Console.result(line(path, vector)) }
            } failed: { path, error in
                try file?.append(path, error)
            }
        }
        for item in found.leftOut { file?.append(leftOut: item.path, item.reason) }
        try file?.finish()
        try report.finish()
    }

    private func rowShape(_ model: Model, kept: Int) -> [Int] {
        let shape = model.interface.shape(of: pooling ?? model.interface.pooling, kept: kept) ?? []
        return shape.dropLast() + [dimensions ?? shape.last ?? 0]
    }

    private func line(_ path: String, _ vector: Embedding) -> String {
        if Console.showsTable {
            let some = vector.values.prefix(6).map { fixed(Double($0), 4) }.joined(separator: " ")
            return "\(path)  \(vector.shape)  \(some) …"
        }
        return jsonLine { line in
            line.field("path", path)
            line.key("embedding")
            line.rows(vector.values, width: vector.shape.count == 2 ? vector.shape[1] : nil)
            line.key("stamp")
            line.stamp(vector.stamp)
        }
    }
}
