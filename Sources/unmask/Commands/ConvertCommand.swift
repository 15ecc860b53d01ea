import ArgumentParser
import UnmaskHeads
import UnmaskModel

struct ConvertCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Write any supported checkpoint as one of Unmask's own.",
        discussion: """
            The result is a .safetensors file that holds everything: weights in timm's names, configuration, recipe, \
            labels, licence, content hash, and what the model makes of a golden image, by which `ready` checks a server. \
            An ONNX file that is no plain Vision Transformer keeps its graph.

              unmask convert mae_pretrain_vit_base.pth mae.safetensors --dtype f16
            """)

    @Argument(help: "A checkpoint (.safetensors, .pth, .pt, .bin, .ckpt), a Hugging Face folder or an ONNX file.")
    var input: String

    @Argument(help: "The .safetensors file to write.")
    var output: String

    @Option(
        help: """
            How weights are stored: f32 (exact), f16 or bf16 (half the size; arithmetic stays float32). f16 is the more \
            precise of the two, bf16 has float32's range. Default: as in the input.
            """)
    var dtype: StorageType?

    @Option(help: "A licence to state in the file, such as CC-BY-NC-4.0.")
    var licence: String?

    @Option(
        help: ArgumentHelp(
            """
            Make this head, which fit made of the model's vectors, its own: it is then served, quantised and exported as part \
            of it. Not neighbours.
            """, valueName: "FILE"))
    var head: String?

    @OptionGroup var reading: ReadingOptions

    func run() async throws {
        var model = try reading.load(input, licence: licence)
        if let head { model = try attached(try Head(path: head), head, to: model) }
        try model.write(to: output, as: dtype, golden: true)
        let written = try Model.load(output)
        let type = written.storage.first?.rawValue ?? "nothing"
        let hash = try written.hash
        Console.message(
            "\(output): \(model.parameterCount) parameters, "
                + "\(fixed(Double(written.storedBytes) / 1_048_576, 1)) MiB of \(type), "
                + "hash \(hash.prefix(16))…")
    }

    private func attached(_ head: Head, _ file: String, to model: Model) throws -> Model {
        if head.calibration.unknownBelow != nil || head.calibration.thresholds != nil {
            Console.warning(
                "\(file): what is unknown, or which labels count, is not part of the model: ask with --threshold")
        }
        return try head.attached(to: model, name: file)
    }
}
