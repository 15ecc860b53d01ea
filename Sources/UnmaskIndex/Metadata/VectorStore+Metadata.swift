extension VectorStore {
    /// The members that images' metadata have, by name, and of what kind each is: nil where it is null in all of them.
    public var metadataKinds: [String: MetadataValue.Kind?] {
        get throws(IndexError) {
            var kinds: [String: MetadataValue.Kind?] = [:]
            for (name, found) in try records.metadataMembers.kinds {
                guard found.count <= 1 else {
                    let names = found.map(\.rawValue).sorted().joined(separator: " and ")
                    throw IndexError(.damaged, path, "“\(name)” is \(names) in its records: a member has one kind")
                }
                kinds[name] = .some(found.first)
            }
            return kinds
        }
    }

    /// Throws where a condition can be of no image's metadata: a misspelt name must not pass for nothing found.
    func check(_ conditions: [MetadataCondition]) throws(IndexError) {
        guard !conditions.isEmpty else { return }
        let kinds = try metadataKinds
        for condition in conditions {
            guard let kind = kinds[condition.member] else {
                let names = kinds.map { "\($0.key) (\($0.value?.rawValue ?? "null"))" }.sorted()
                throw IndexError(
                    .invalidRequest, path,
                    "no image has the member “\(condition.member)” in its metadata; "
                        + (names.isEmpty ? "none has any metadata" : "there is \(names.joined(separator: ", "))"))
            }
            for value in condition.values {
                guard let found = value.kind, let kind, found != kind else { continue }
                throw IndexError(
                    .invalidRequest, path,
                    "“\(condition.member)” is a \(kind.rawValue) in the metadata, and \(value.json) is a "
                        + "\(found.rawValue)"
                        + (kind == .text ? ": a text in quotation marks, such as \"7\", is a string" : ""))
            }
        }
    }
}

extension MemberCounts {
    /// Counts images' metadata. Throws where a member would have values of two kinds.
    mutating func add(
        _ images: some Sequence<(path: String, metadata: Metadata)>, path: String
    ) throws(IndexError) {
        for (image, metadata) in images where !metadata.isEmpty {
            try check(metadata, of: image, path)
            count(metadata, by: 1)
        }
    }

    func check(_ metadata: Metadata, of image: String, _ path: String) throws(IndexError) {
        do throws(MetadataProblem) { try check(metadata) } catch {
            throw IndexError(.invalidRequest, path, "the metadata of \(image): \(error)")
        }
    }
}
