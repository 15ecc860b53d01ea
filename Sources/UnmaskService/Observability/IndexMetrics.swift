import Metrics

/// What the indexes hold, at this moment.
enum IndexMetrics {
    static func families(_ indexes: ServedIndexes) -> [MetricFamily] {
        func family(_ name: String, _ help: String, _ value: (ServedIndex.Snapshot) -> Int) -> MetricFamily {
            let samples = indexes.entries.map { entry in
                MetricFamily.Sample(
                    labels: [MetricLabel(name: "index", value: entry.name)], value: Double(value(entry.snapshot)))
            }
            return MetricFamily(name: name, help: help, kind: .gauge, samples: samples)
        }
        return [
            family("unmask_index_images", "Images of an index that are not deleted.") { $0.images },
            family("unmask_index_vectors", "Vectors of an index, those that only deleted images had among them.") {
                $0.store.rowCount
            },
            family("unmask_index_deleted_images", "Images of an index that are deleted, and take room until a merge.") {
                $0.store.deletedCount
            },
        ]
    }
}

/// What became of a query of an index.
enum SearchOutcome: String {
    case answered
    /// It asked for metadata that the index does not have.
    case refused
    case failed
}

/// What became of an image of a change.
enum IndexChange: String {
    case added, replaced, deleted
}

extension ServiceMetrics {
    /// Queries were searched for, in this time together.
    func searched(_ index: String, queries: Int, _ outcome: SearchOutcome, in time: Duration) {
        let dimensions = [("index", index), ("outcome", outcome.rawValue)]
        Counter(label: "unmask_index_searches_total", dimensions: dimensions, factory: factory).increment(by: queries)
        Timer(label: "unmask_index_search_duration", dimensions: [("index", index)], factory: factory)
            .record(duration: time)
    }

    /// Images of an index were changed, and this is durable.
    func changed(_ index: String, images: Int, _ change: IndexChange) {
        let dimensions = [("change", change.rawValue), ("index", index)]
        Counter(label: "unmask_index_changes_total", dimensions: dimensions, factory: factory).increment(by: images)
    }
}
