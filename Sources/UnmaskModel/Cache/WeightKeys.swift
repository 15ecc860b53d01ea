internal import UnmaskGraph
internal import UnmaskRuntime

extension ModelSource {
    /// What the model's files look like from outside: the same again means, most likely, the same content hash, which would
    /// take reading them. 64 hexadecimal digits.
    func outwardIdentity() -> String {
        var files: [ObjectIdentifier: Int] = [:]
        var digest = Digest()
        digest.update("identity of a model 1\n\(identity)")
        for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
            digest.update("\n\(name) \(tensor.type.rawValue) \(tensor.shape)\n")
            digest.update(tensor) { file, range in
                let place = "\(range.lowerBound) \(range.upperBound) of "
                if let known = files[ObjectIdentifier(file)] { return place + "\(known)" }
                files[ObjectIdentifier(file)] = files.count
                return place + file.identity.description
            }
        }
        return digest.digits()
    }
}

extension WeightLayout {
    /// What kept weights are found by: all that decides their bytes. 64 hexadecimal digits.
    ///
    /// - Parameters:
    ///   - source: the model that they are of; of its tensors, only those that passes have computed anew are read.
    ///   - hash: its content hash, which decides every element of its tensors.
    func key(_ source: ModelSource, hash: String) -> String {
        var names: [ObjectIdentifier: [Range<Int>: String]] = [:]
        for (name, tensor) in source.tensors.sorted(by: { $0.key < $1.key }) {
            for (index, part) in tensor.stored.enumerated() {
                guard case .mapped(let file, let range) = part.contents else { continue }
                if names[ObjectIdentifier(file)]?[range] == nil {
                    names[ObjectIdentifier(file), default: [:]][range] = "\(index) of \(name)"
                }
            }
        }
        var digest = Digest()
        digest.update("packed weights \(PackedFile.version)\n\(hash)\n\(byteCount)")
        for part in parts {
            let tensor = "\(part.tensor.type.rawValue) \(part.tensor.shape)"
            digest.update("\n\(part.name) \(part.offset) \(part.form) \(tensor)\n")
            digest.update(part.tensor) { file, range in names[ObjectIdentifier(file)]?[range] }
        }
        return digest.digits()
    }
}
