/// The indexes of a server.
extension ServiceClient {
    /// The images of one of the server's indexes that are most like every image, nearest first.
    ///
    /// - Parameters:
    ///   - index: its name; nil for the server's first.
    ///   - offset: how many of the nearest are passed over.
    ///   - prefix: only images whose path begins so.
    ///   - conditions: only images whose metadata fulfil all of them, such as `year>=2020`.
    ///   - distinct: of images at least as similar to each other as this, the nearest stands for the others.
    ///   - mode: nil: exact.
    public func search(
        _ images: [ImageInput], index: String? = nil, k: Int? = nil, offset: Int? = nil, under prefix: String? = nil,
        where conditions: [String]? = nil, distinct: Double? = nil, mode: SearchMode? = nil,
        request: ImageRequestOptions = ImageRequestOptions()
    ) async throws -> ImageResults<[Neighbour]> {
        let parameters = SearchParameters(
            index: index, k: k, offset: offset, under: prefix, conditions: conditions, distinct: distinct, mode: mode)
        let reply = try await call("index.search", images, parameters, request)
        return try reply.decode(ImageReply<SearchBody>.self).results(\.neighbours)
    }

    /// The same for rows of the index, which have their vectors.
    public func search(
        rows: [Int], index: String? = nil, k: Int? = nil, offset: Int? = nil, under prefix: String? = nil,
        where conditions: [String]? = nil, distinct: Double? = nil, mode: SearchMode? = nil
    ) async throws -> [[Neighbour]] {
        let parameters = SearchParameters(
            index: index, rows: rows, k: k, offset: offset, under: prefix, conditions: conditions, distinct: distinct,
            mode: mode)
        return try await call("index.search", parameters).decode(RowSearchReply.self).results.map(\.neighbours)
    }

    /// A small picture of a row of an index, a PNG: of the file that the index names, where the server may read it.
    ///
    /// - Parameter side: of its longer side, at most; nil: as the server has it.
    public func picture(ofRow row: Int, index: String? = nil, side: Int? = nil) async throws -> [UInt8] {
        let reply = try await call("index.picture", PictureParameters(row: row, index: index, side: side))
        return try reply.decode(PictureReply.self).png.bytes(of: reply)
    }

    /// Where rows of an index lie in a plane.
    ///
    /// - Parameters:
    ///   - sample: how many rows at most; nil: as the server has it.
    ///   - seed: of the rows that are drawn where there are more.
    public func map(ofIndex index: String? = nil, sample: Int? = nil, seed: UInt64? = nil) async throws -> IndexMap {
        try await call("index.map", MapParameters(index: index, sample: sample, seed: seed)).decode(IndexMap.self)
    }

    /// Adds images to one of the server's indexes, those of names that it has in place of these: an administration method. What
    /// is answered as added is durable.
    ///
    /// - Parameters:
    ///   - names: what each is called there; nil: its path.
    ///   - metadata: what each carries; nil: nothing.
    ///   - index: its name; nil for the server's first.
    public func addToIndex(
        _ images: [ImageInput], names: [String]? = nil, metadata: [[String: MetadataValue]]? = nil,
        index: String? = nil, request: ImageRequestOptions = ImageRequestOptions()
    ) async throws -> ImageResults<IndexAddition> {
        let parameters = IndexChangeParameters(index: index, names: names, metadata: metadata)
        let reply = try await call("index.add", images, parameters, request)
        return try reply.decode(ImageReply<IndexAddition>.self).results(\.self)
    }

    /// Takes images out of one of the server's indexes, by name: an administration method.
    ///
    /// - Returns: the names that it did not have.
    public func deleteFromIndex(_ names: [String], index: String? = nil) async throws -> [String] {
        try await call("index.delete", IndexChangeParameters(index: index, names: names)).decode(IndexDeletion.self)
            .missing
    }
}
