internal import UnmaskGraph
internal import UnmaskWeights

/// How quantised weights lie in Unmask's own checkpoints: the whole numbers under the weight's name as I8, the rows' scales
/// under `NAME.scale` as F32, and the names in the metadata.
enum QuantisedStorage {
    private static let key = "quantised"

    private static func scaleName(_ name: String) -> String { name + ".scale" }

    /// The tensors of a file, whole numbers and scales that belong together as one.
    static func joined(_ stored: [String: Tensor], file: TensorFile) throws(ModelError) -> [String: Tensor] {
        guard file.metadata[key] != nil else { return stored }
        var tensors = stored
        for name in try OwnLayout.decode(key, as: [String].self, file) {
            guard let whole = tensors[name], let scales = tensors.removeValue(forKey: scaleName(name)),
                let tensor = Tensor(shape: whole.shape, type: .f32, contents: .scaled(whole, by: scales))
            else {
                throw .unrecognised(
                    file: file.path,
                    detail:
                        "its metadata call “\(name)” quantised; expected int8 numbers under that name and a float32 "
                        + "scale for each of their rows under “\(scaleName(name))”")
            }
            tensors[name] = tensor
        }
        return tensors
    }

    /// The tensors as they are written, and in the metadata which of them are quantised. With a type to store them in,
    /// none is.
    static func table(
        of tensors: [String: Tensor], as type: StorageType?, _ metadata: inout [String: String]
    ) -> TensorTable {
        var table = TensorTable()
        var quantised: [String] = []
        for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
            if type == nil, case .scaled(let whole, let scales) = tensor.contents {
                _ = table.append(name, whole)
                _ = table.append(scaleName(name), scales)
                quantised.append(name)
            } else {
                _ = table.append(name, tensor)
            }
        }
        if !quantised.isEmpty { metadata[key] = OwnLayout.encode(quantised) }
        return table
    }
}
