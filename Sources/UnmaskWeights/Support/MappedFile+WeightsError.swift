import UnmaskGraph

extension MappedFile {
    /// Maps a file of tensors; what prevents that becomes a `WeightsError`.
    static func open(_ path: String) throws(WeightsError) -> MappedFile {
        do throws(MappingError) { return try MappedFile(path: path) } catch { throw WeightsError(error) }
    }

    /// A step that reads the file, which has to stay what it is meanwhile.
    func reading<R>(_ step: () throws(WeightsError) -> R) throws(WeightsError) -> R {
        try reading(step, damaged: WeightsError.init)
    }
}

extension WeightsError {
    init(_ error: MappingError) {
        let cause: Cause =
            switch error.cause {
            case .notFound: .fileNotFound
            case .isDirectory: .fileIsDirectory
            case .notRegular: .fileNotRegular
            case .empty: .fileEmpty
            case .system: .fileUnreadable
            case .changed: .fileChanged
            }
        self.init(cause, file: error.path, error.problem)
    }
}
