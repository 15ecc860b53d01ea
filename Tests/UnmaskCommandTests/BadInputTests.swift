import Foundation
import Testing
import UnmaskGraph
import UnmaskModel
import UnmaskWeights

/// Whatever is wrong: one line that says so, the right exit code, and nothing half-written.
@Suite struct BadInputTests {
    // MARK: Images

    @Test("images that cannot be read each give their own error")
    func images() throws {
        let folder = try TemporaryFolder()
        try folder.write("1-empty.png", [])
        try folder.write("2-text.jpg", Array("this is no picture\n".utf8))
        let png = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Shipped.sample)))
        try folder.write("3-truncated.png", png.prefix(png.count / 2))
        try folder.write("4-huge.png", huge(png))
        try folder.write("5-good.png", png)
        let run = try CommandLineRunner(
            "embed", folder.path, folder.file("6-missing.png"), "--model", Shipped.autoencoder)
        #expect(run.code == 1)
        #expect(run.objects.count == 6)
        #expect(
            run.errorTypes == [
                "image_truncated", "image_unsupported", "image_truncated", "image_too_large", "image_not_found",
            ])
        #expect(run.objects[4]["embedding"] != nil)
    }

    /// The header of a 50,000 × 50,000 picture, its checksum right.
    private func huge(_ png: [UInt8]) -> [UInt8] {
        var header = Array(png[12..<29])
        for (index, byte) in [0x00, 0x00, 0xC3, 0x50, 0x00, 0x00, 0xC3, 0x50].enumerated() {
            header[4 + index] = UInt8(byte)
        }
        var crc: UInt32 = 0xFFFF_FFFF
        for byte in header {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
        }
        crc = ~crc
        return Array(png[..<12]) + header + (0..<4).map { UInt8(truncatingIfNeeded: crc >> (24 - 8 * UInt32($0))) }
            + png[33...]
    }

    @Test func aOnePixelImageIsAnImage() throws {
        let folder = try TemporaryFolder()
        let pixel =
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
        try folder.write("1x1.png", [UInt8](try #require(Data(base64Encoded: pixel))))
        let run = try CommandLineRunner("embed", folder.file("1x1.png"), "--model", Shipped.autoencoder)
        #expect(run.code == 0)
    }

    @Test("IDX images with a side of zero are refused by name", arguments: [[0, 28, 28], [1, 0, 28], [1, 28, 0]])
    func idxWithoutPixels(sides: [Int]) throws {
        func idx(_ sides: [Int], _ elements: [UInt8] = []) -> [UInt8] {
            let header = sides.flatMap { side in (0..<4).map { UInt8(truncatingIfNeeded: side >> (24 - 8 * $0)) } }
            return [0, 0, 8, UInt8(sides.count)] + header + elements
        }
        let folder = try TemporaryFolder()
        try folder.write("t-images-idx3-ubyte", idx(sides))
        try folder.write("t-labels-idx1-ubyte", idx([1], [1]))
        let images = folder.file("t-images-idx3-ubyte")
        let run = try CommandLineRunner("eval", "--model", Shipped.classifier, "--data", images)
        #expect(run.code == 2 && run.lines.isEmpty)
        #expect(run.errors.contains(images) && run.errors.contains("at least 1"), "\(run.errors)")
    }

    @Test func aFolderIsNoImage() throws {
        let folder = try TemporaryFolder()
        let run = try CommandLineRunner(
            "reconstruct", folder.path, "--model", Shipped.autoencoder, "-o", folder.file("x.png"))
        #expect(run.code == 2, "nothing could be done")
        #expect(run.errorTypes == ["image_not_found"])
        #expect(folder.contents.isEmpty)
    }

    // MARK: Models

    @Test("models that cannot be read end with code 2 and one line")
    func models() throws {
        let folder = try TemporaryFolder()
        let good = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Shipped.autoencoder)))
        let cases = [
            folder.file("missing.safetensors"),
            folder.path,
            try folder.write("truncated.safetensors", good.prefix(good.count / 2)),
            try folder.write("long.safetensors", [255, 255, 255, 255, 0, 0, 0, 0] + good[8...]),
            try folder.write(
                "overlap.safetensors",
                safetensors(
                    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
                    12)),
            try folder.write("call.pth", Array("\u{80}\u{2}cos\nsystem\nX\u{5}\0\0\0false\u{85}R.".utf8)),
            try folder.write("empty.safetensors", []),
        ]
        for path in cases {
            let run = try CommandLineRunner("inspect", path)
            #expect(run.code == 2, "\(path)")
            #expect(run.output.isEmpty)
            #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
            #expect(run.errors.contains(path), "\(run.errors)")
        }
    }

    private func safetensors(_ header: String, _ dataBytes: Int) -> [UInt8] {
        let length = UInt64(header.utf8.count)
        return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + Array(header.utf8)
            + Array(repeating: 0, count: dataBytes)
    }

    @Test func allMistakenTensorsAreReportedAtOnce() throws {
        let folder = try TemporaryFolder()
        let file = try TensorFile(path: Shipped.autoencoder)
        var table = TensorTable()
        for (name, tensor) in try file.tensors() where name != "norm.bias" {
            let changed = name == "cls_token" ? Tensor([0, 0], shape: [1, 1, 2]) : tensor
            _ = table.append(name == "mask_token" ? "masked_token" : name, changed)
        }
        try SafetensorsWriter.write(table, metadata: file.metadata, to: folder.file("odd.safetensors"))
        let run = try CommandLineRunner("inspect", folder.file("odd.safetensors"))
        #expect(run.code == 2)
        for part in [
            "missing: mask_token, norm.bias", "unexpected: masked_token",
            "cls_token is [1, 1, 2], expected [1, 1, 128]",
        ] {
            #expect(run.errors.contains(part), "\(run.errors)")
        }
    }

    @Test func weightsThatAreNoNumbersAreNamedAndWhatTheyGiveRefused() throws {
        let folder = try TemporaryFolder()
        let file = try TensorFile(path: Shipped.autoencoder)
        var table = TensorTable()
        for (name, tensor) in try file.tensors() {
            let changed =
                name == "norm.bias" ? Tensor(Array(repeating: .nan, count: tensor.count), shape: tensor.shape) : tensor
            _ = table.append(name, changed)
        }
        // Weights that are changed are refused as long as the file states the hash of others.
        try SafetensorsWriter.write(table, metadata: file.metadata, to: folder.file("stale.safetensors"))
        let refused = try CommandLineRunner("embed", Shipped.sample, "--model", folder.file("stale.safetensors"))
        #expect(refused.code != 0 && refused.errors.contains("stale.safetensors") && refused.errors.contains("hash"))
        #expect(refused.objects.isEmpty)
        let metadata = file.metadata.filter { $0.key != "hash" }
        try SafetensorsWriter.write(table, metadata: metadata, to: folder.file("nan.safetensors"))
        let run = try CommandLineRunner("embed", Shipped.sample, "--model", folder.file("nan.safetensors"))
        #expect(run.code == 2 && run.errorTypes == ["internal"])
        #expect(run.errors.contains("warning") && run.errors.contains("norm.bias"))
    }

    @Test func aModelWithoutDecoderOrHeadSaysWhy() throws {
        let folder = try TemporaryFolder()
        let rebuild = try CommandLineRunner(
            "reconstruct", Shipped.sample, "--model", Shipped.classifier, "-o", folder.file("x.png"))
        #expect(rebuild.code == 2)
        #expect(rebuild.errors.contains("has no decoder"))
        #expect(folder.contents.isEmpty)
        let classify = try CommandLineRunner("classify", Shipped.sample, "--model", Shipped.autoencoder)
        #expect(classify.code == 2)
        #expect(classify.errors.contains("no classification head"))
    }

    // MARK: Usage and output

    @Test func outputThatCannotBeWrittenLeavesNothing() throws {
        let out = "/proc/unmask/x.png"
        let run = try CommandLineRunner("reconstruct", Shipped.sample, "--model", Shipped.autoencoder, "-o", out)
        #expect(run.code == 2)
        #expect(run.errors.contains(out))
        let convert = try CommandLineRunner("convert", Shipped.autoencoder, "/proc/unmask/x.safetensors")
        #expect(convert.code == 2)
        let embed = try CommandLineRunner(
            "embed", Shipped.sample, "--model", Shipped.autoencoder, "--out", "/proc/unmask/x.npy")
        #expect(embed.code == 2)
    }

    @Test(
        "usage mistakes end with code 2",
        arguments: [
            ["embed"], ["embed", "x.png"], ["classify", "x", "--model", "m", "--top-k", "many"], ["nonsense"],
            ["bench"], ["reconstruct", "x", "--model", "m", "-o", "o", "--ratio", "0.5", "--pattern", "grid"],
            ["embed", "x", "--model", Shipped.autoencoder, "--keep", "1,1"],
            ["embed", "x", "--model", Shipped.autoencoder, "--dimensions", "100000"],
            ["embed", "x", "--model", Shipped.autoencoder, "--threads", "0"],
        ])
    func usage(arguments: [String]) throws {
        let run = try CommandLineRunner(list: arguments)
        #expect(run.code == 2, "\(arguments): \(run.errors)")
        #expect(!run.errors.isEmpty)
    }

    @Test func instructionSetsAreHonouredOrRefusedByName() throws {
        let scalar = try CommandLineRunner(
            "embed", Shipped.sample, "--model", Shipped.autoencoder, environment: ["UNMASK_ISA": "scalar"])
        #expect(scalar.code == 0)
        let unknown = try CommandLineRunner(
            "embed", Shipped.sample, "--model", Shipped.autoencoder, environment: ["UNMASK_ISA": "mmx"])
        #expect(unknown.code == 2)
        #expect(unknown.errors.contains("UNMASK_ISA=mmx"))
    }

    /// What is asked for and cannot be had is told of, and the stamp says what was computed.
    @Test func precisionsAreHonouredOrToldOf() throws {
        let plain = try CommandLineRunner(
            "embed", Shipped.sample, "--model", Shipped.autoencoder, "--precision", "bf16", "--isa", "avx2")
        if plain.code == 0 {
            #expect(plain.output.contains(#""precision":"f32""#))
            #expect(plain.errors.contains("not bf16"), "\(plain.errors)")
        } else {
            #expect(plain.code == 2 && plain.errors.contains("avx2"))
        }
        let unknown = try CommandLineRunner(
            "embed", Shipped.sample, "--model", Shipped.autoencoder, "--precision", "fp8")
        #expect(unknown.code == 2)
        #expect(unknown.errors.contains("fp8"))
        let automatic = try CommandLineRunner(
            "embed", Shipped.sample, "--model", Shipped.autoencoder, "--precision", "auto")
        #expect(automatic.code == 0)
        #expect(automatic.errors.contains("of f32"), "\(automatic.errors)")
    }

    /// Libraries that decode write nothing of their own to standard error: whoever sends images would fill a log with it.
    @Test(arguments: ["heic-turned-4.heic", "avif-turned-2.avif"])
    func librariesSayNothingOfDamagedImages(name: String) throws {
        let folder = try TemporaryFolder()
        let path = Shipped.root + "/Tests/UnmaskImageTests/Fixtures/images/" + name
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
        let ending = name.suffix(5)
        for place in 280..<320 {
            for change in [0x40, 0xff] as [UInt8] {
                var damaged = bytes
                damaged[place] ^= change
                _ = try folder.write("\(place)-\(change)\(ending)", damaged)
            }
        }
        let run = try CommandLineRunner("embed", folder.path, "--model", Shipped.classifier)
        #expect(!run.errorTypes.isEmpty)
        let ours = ["note: ", "warning: ", "error: "]
        for line in run.errors.split(separator: "\n") {
            #expect(ours.contains { line.hasPrefix($0) }, "\(line)")
        }
    }
}
