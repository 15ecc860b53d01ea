#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
internal import UnmaskGraph

/// The files beside a model that tensors keep their elements in. Each is mapped once.
///
/// They must lie in the model's folder or below it. Where the model is reached through a symbolic link, as in the cache
/// of Hugging Face, the folder of the file that it leads to counts too.
struct ExternalDataFiles {
    let model: String
    private var files: [String: MappedFile] = [:]

    init(model: String) {
        self.model = model
    }

    var damage: MappingError? { files.values.lazy.compactMap(\.damage).first }

    /// The paths of those that were used, sorted.
    var paths: [String] { Set(files.values.map(\.path)).sorted() }

    /// Where a tensor's elements are.
    /// - Parameter tensor: its name, for messages.
    mutating func range(
        _ entries: [StringStringEntryProto], byteCount: Int, tensor: String
    ) throws(ONNXError) -> (MappedFile, Range<Int>) {
        func value(_ key: String) -> String? { entries.first { $0.key == key }?.value }
        func number(_ key: String) throws(ONNXError) -> Int? {
            guard let text = value(key) else { return nil }
            guard let number = Int(text), number >= 0 else {
                throw ONNXError(
                    .externalDataRange, file: model,
                    "tensor \(quoted(tensor)): its external data has \(key) \(quoted(text)), which is no count of bytes"
                )
            }
            return number
        }
        let file = try open(value("location") ?? "", tensor: tensor)
        let offset = try number("offset") ?? 0
        let length = try number("length") ?? byteCount
        guard length == byteCount else {
            throw ONNXError(
                .externalDataRange, file: model,
                "tensor \(quoted(tensor)): its shape and type take \(byteCount) bytes, its external data has \(length)")
        }
        guard offset <= file.byteCount, length <= file.byteCount - offset else {
            throw ONNXError(
                .externalDataRange, file: model,
                "tensor \(quoted(tensor)): its external data is \(length) bytes at \(offset), but \(file.path) has "
                    + "\(file.byteCount) bytes")
        }
        return (file, offset..<offset + length)
    }

    private mutating func open(_ location: String, tensor: String) throws(ONNXError) -> MappedFile {
        if let known = files[location] { return known }
        func outside(_ why: String) -> ONNXError {
            ONNXError(
                .externalDataLocation, file: model,
                "tensor \(quoted(tensor)): the location \(quoted(location)) of its external data \(why)")
        }
        guard !location.isEmpty else { throw outside("is missing") }
        let parts = location.split(separator: "/", omittingEmptySubsequences: false)
        guard !location.hasPrefix("/"), !parts.contains(".."), !location.utf8.contains(where: { $0 == 0 }),
            !location.contains("\\")
        else { throw outside("is not a plain path below the model's folder") }

        let folder = parent(of: model)
        guard let path = resolve(folder + "/" + location) else {
            throw ONNXError(
                .externalDataMissing, file: model,
                "tensor \(quoted(tensor)): the file \(quoted(location)) of its external data is not there")
        }
        let allowed = [resolve(folder), resolve(model).map(parent)].compactMap { $0 }
        guard allowed.contains(where: { path.hasPrefix($0 == "/" ? $0 : $0 + "/") }) else {
            throw outside("leads to \(path), outside of the model's folder")
        }
        do throws(MappingError) {
            let file = try MappedFile(path: path)
            files[location] = file
            return file
        } catch {
            throw ONNXError(
                .externalDataMissing, file: model,
                "tensor \(quoted(tensor)): its external data cannot be read: \(singleLine(error.description))")
        }
    }

    /// A path without symbolic links; nil where it leads nowhere.
    private func resolve(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
