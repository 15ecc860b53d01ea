import UnmaskGraph

/// The format since PyTorch 1.6: a zip archive of `ROOT/data.pkl`, `ROOT/byteorder` and a file `ROOT/data/KEY` for each
/// storage, ROOT being any name. Source: torch/serialization.py, `_save`.
extension TorchContents {
    init(archive file: MappedFile) throws(WeightsError) {
        defer { withExtendedLifetime(file) {} }
        let files = try ZipArchive(file).files
        let pickles = files.keys.filter { $0 == "data.pkl" || $0.hasSuffix("/data.pkl") }
        guard let pickleName = pickles.first, pickles.count == 1, let pickleRange = files[pickleName] else {
            throw WeightsError(
                .torchPickleMissing, file: file.path,
                "a torch archive has one data.pkl, this zip archive has \(pickles.count)")
        }
        let root = pickleName.dropLast("data.pkl".count)
        if let order = files["\(root)byteorder"], !file.bytes[order].elementsEqual("little".utf8) {
            let found = String(decoding: file.bytes[order].prefix(16), as: UTF8.self)
            throw WeightsError(
                .torchBigEndian, file: file.path, "expected the byte order 'little', found \(quoted(found))")
        }
        let pickle = try Pickle(file, pickleRange)
        let prefix = "\(root)data/"
        var storages: [String: Range<Int>] = [:]
        for (name, range) in files where name.hasPrefix(prefix) {
            storages[String(name.dropFirst(prefix.count))] = range
        }
        self.init(root: pickle.root, heap: pickle.heap, storages: storages)
    }
}
