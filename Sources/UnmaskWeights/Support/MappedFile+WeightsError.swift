import UnmaskGraph

extension MappedFile {
    /// Maps a file of tensors; what prevents that becomes a `WeightsError`.
    static func open(_ path: String) throws(WeightsError) -> MappedFile {
        do throws(MappingError) {
            return try MappedFile(path: path)
        } catch {
            let cause: WeightsError.Cause =
                switch error.cause {
                case .notFound: .fileNotFound
                case .isDirectory: .fileIsDirectory
                case .notRegular: .fileNotRegular
                case .empty: .fileEmpty
                case .system: .fileUnreadable
                }
            let prefix = "\(path): "
            let text = error.description
            throw WeightsError(cause, file: path, text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text)
        }
    }
}
