import UnmaskIndex

extension ServedIndex {
    /// How an index is searched, and how much of what is nearest is given.
    struct SearchTerms: Sendable {
        let k: Int
        /// The nearest that are passed over: those of earlier pages.
        let offset: Int
        /// From which similarity on a row is nearly the same as a nearer one, which stands for it; nil: every row stands for
        /// itself.
        let distinct: Float?
        let mode: SearchMode
        /// Of the images' paths.
        let pathPrefix: String
        /// Of their metadata.
        let conditions: [MetadataCondition]

        /// The rows that count.
        fileprivate func filter(_ snapshot: Snapshot) throws(IndexError) -> RowFilter {
            pathPrefix.isEmpty && conditions.isEmpty
                ? snapshot.everything : try RowFilter(snapshot.store, pathPrefix: pathPrefix, where: conditions)
        }
    }

    /// A row that was found, with those of its images that were asked for.
    struct Hit: Sendable {
        let row: Int
        let similarity: Float
        let images: [IndexedImage]
    }

    /// What was found for one query, nearest first.
    struct Found: Sendable {
        let hits: [Hit]
        /// Rows that nearer ones stand for; nil where that was not asked.
        let hidden: Int?
    }

    /// The nearest rows of each query, on a thread of its own: it may take as long as a forward pass.
    ///
    /// Throws `invalid_params` where no image has a member that is asked for, or has values of another kind there, and where the
    /// index was not prepared for the mode.
    func nearest(_ queries: [[Float]], _ terms: SearchTerms) async throws(ServiceError) -> [Found] {
        let snapshot = snapshot
        return try await onThread { [self] in try find(queries, terms, in: snapshot) }
    }

    /// The nearest rows of each of the index's own.
    ///
    /// - Throws: also `row_not_found`.
    func nearest(ofRows rows: [Int], _ terms: SearchTerms) async throws(ServiceError) -> [Found] {
        let snapshot = snapshot
        for row in rows { try snapshot.check(row, of: name) }
        return try await onThread { [self] in
            try find(try rows.map { try snapshot.store.vector(ofRow: $0) }, terms, in: snapshot)
        }
    }

    private func find(_ queries: [[Float]], _ terms: SearchTerms, in snapshot: Snapshot) throws -> [Found] {
        let (search, filter) = (try search(snapshot, terms.mode), try terms.filter(snapshot))
        let found = try search.nearest(queries.flatMap(\.self), k: terms.offset + terms.k, filter: filter)
        return try found.map { rows in
            let isKept = try terms.distinct.map {
                try FlatSearch(snapshot.store, engine: engine).distinct(rows, threshold: $0)
            }
            let page = rows.indices.dropFirst(terms.offset)
            let hits = try page.filter { isKept?[$0] ?? true }.map {
                Hit(
                    row: rows[$0].row, similarity: rows[$0].similarity,
                    images: try snapshot.store.images(ofRow: rows[$0].row, in: filter))
            }
            return Found(hits: hits, hidden: isKept.map { _ in page.count - hits.count })
        }
    }

    private func search(_ snapshot: Snapshot, _ mode: SearchMode) throws(IndexError) -> StoreSearch {
        try searches.withLock { searches throws(IndexError) in
            if let known = searches[mode], known.store === snapshot.store { return known }
            let search = try StoreSearch(snapshot.store, mode: mode, after: searches[mode], engine: engine)
            searches[mode] = search
            return search
        }
    }

    /// The images of a row, at least one. They have equal pixels.
    ///
    /// - Throws: `row_not_found`.
    func images(ofRow row: Int) throws(ServiceError) -> [IndexedImage] {
        let snapshot = snapshot
        try snapshot.check(row, of: name)
        do { return try snapshot.store.images(ofRow: row) } catch { throw named(error) }
    }

    /// Rows in a plane. Made on a thread that gives way to those who serve.
    func map(of snapshot: Snapshot, _ question: IndexMap.Question) async throws(ServiceError) -> IndexMap {
        try await onThread(givesWay: true) { [self] in
            try lastMap.withLock { last in
                if let last, last.store === snapshot.store, last.question == question { return last.map }
                let map = try IndexMap(of: snapshot, question)
                last = (snapshot.store, question, map)
                return map
            }
        }
    }
}

extension ServedIndex.Snapshot {
    /// - Throws: `row_not_found`.
    fileprivate func check(_ row: Int, of index: String) throws(ServiceError) {
        guard (0..<store.rowCount).contains(row) else {
            let known = store.rowCount == 0 ? "none" : "0 to \(store.rowCount - 1)"
            throw ServiceError(.rowNotFound, "index \(index) has no row \(row): its rows are \(known)")
        }
        guard everything.counts(row) else {
            throw ServiceError(.rowNotFound, "row \(row) of index \(index) has no image any more: it was deleted")
        }
    }
}
