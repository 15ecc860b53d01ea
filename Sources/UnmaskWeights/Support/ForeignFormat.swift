import UnmaskGraph

/// Files that hold weights, or stand in the place of one that does, in a form that is not read here. Each is refused
/// with what it is and the way that works.
enum ForeignFormat {
    /// Looks at a file's first and last bytes and at its name.
    static func refuse(_ file: MappedFile) throws(WeightsError) {
        defer { withExtendedLifetime(file) {} }
        let bytes = file.bytes
        if bytes.hasBytes("version https://git-lfs".utf8) {
            throw WeightsError(
                .gitLFSPointer, file: file.path, "\(file.byteCount) bytes of a Git LFS pointer, not the file itself")
        }
        if let known = formats.first(where: { $0.matches(bytes, file.path.lowercased()) }) {
            throw WeightsError(.formatForeign, file: file.path, "\(known.kind); \(known.way)")
        }
    }

    /// Looks at the names in a zip archive.
    static func refuse(archiveOf names: [String], file: String) throws(WeightsError) {
        func ends(_ suffix: String) -> Bool { names.contains { $0.hasSuffix(suffix) } }
        if ends("constants.pkl"), ends("data.pkl") {
            throw WeightsError(.torchScript, file: file, "the file is a TorchScript archive")
        }
        guard !ends("data.pkl") else { return }
        let known: (kind: String, way: String)? =
            if ends(".npy") {
                (
                    "an .npz archive of NumPy arrays, as JAX's models are kept in",
                    "load it in timm (pretrained_cfg_overlay=dict(file=…)) or transformers, and save the state_dict()"
                )
            } else if ends("archive_format") || ends("serialized_exported_program.json") {
                (
                    "a program of torch.export",
                    "save its weights alone: torch.save(torch.export.load(FILE).state_dict, 'weights.pth')"
                )
            } else if ends(".weights.h5") {
                ("a Keras archive", "export the model to ONNX: tf2onnx")
            } else {
                nil
            }
        if let known { throw WeightsError(.formatForeign, file: file, "\(known.kind); \(known.way)") }
    }

    private struct Format: Sendable {
        let kind: String
        let way: String
        let matches: @Sendable (_ bytes: UnsafeRawBufferPointer, _ name: String) -> Bool
    }

    private static let fromTensorFlow =
        "load it in transformers 4 (from_tf=True) and save_pretrained, or export the model to ONNX: tf2onnx"

    private static let formats = [
        Format(kind: "an HDF5 file, as Keras and TensorFlow keep weights in", way: fromTensorFlow) { bytes, _ in
            bytes.hasBytes([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A] as [UInt8])
        },
        // The last bytes of the table that a TensorFlow checkpoint's index is.
        Format(kind: "part of a TensorFlow checkpoint", way: fromTensorFlow) { bytes, name in
            bytes.hasBytes([0x57, 0xFB, 0x80, 0x8B, 0x24, 0x75, 0x47, 0xDB] as [UInt8], at: max(0, bytes.count - 8))
                || name.contains(".data-0000")
        },
        Format(kind: "a TensorFlow graph", way: "export the model to ONNX: tf2onnx") { _, name in
            name.hasSuffix(".pb")
        },
        Format(
            kind: "Flax weights in msgpack",
            way: "load them in transformers 4 (from_flax=True) and save_pretrained, which writes safetensors"
        ) { _, name in name.hasSuffix(".msgpack") },
        Format(kind: "a TensorFlow Lite model", way: "export the model that it was made from to ONNX: tf2onnx") {
            bytes, _ in
            bytes.hasBytes("TFL3".utf8, at: 4)
        },
        Format(kind: "a GGUF file of llama.cpp", way: "use the model's safetensors") { bytes, _ in
            bytes.hasBytes("GGUF".utf8)
        },
        Format(kind: "a NumPy array, not a checkpoint", way: "name the model's file") { bytes, _ in
            bytes.hasBytes([0x93] + Array("NUMPY".utf8))
        },
        Format(kind: "compressed with gzip", way: "unpack it first: gunzip, or tar xzf") { bytes, _ in
            bytes.hasBytes([0x1F, 0x8B] as [UInt8])
        },
        Format(kind: "a tar archive", way: "unpack it first: tar xf") { bytes, _ in
            bytes.hasBytes("ustar".utf8, at: 257)
        },
        Format(
            kind: "a web page, not the file that it shows",
            way: "download the file itself: on huggingface.co, /resolve/ in place of /blob/"
        ) { bytes, _ in
            let start = String(decoding: bytes.prefix(64), as: UTF8.self).lowercased()
            return start.hasPrefix("<!doctype html") || start.hasPrefix("<html")
        },
    ]
}
