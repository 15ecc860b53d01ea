import UnmaskHeads
import UnmaskImage
import UnmaskModel
import UnmaskWeights

/// Makes the vectors of images with a model, those alone that are not kept from an earlier time.
struct FeatureRun {
    let session: ModelSession
    let options: EmbeddingOptions
    /// Nil: nothing is kept.
    let store: FeatureStore?
    /// Where the store's file lies.
    let cache: CacheDirectory?

    /// What there is of a set of images.
    struct Result {
        /// Of each image the content's key; nil where it could not be read.
        var keys: [ImageKey?]
        /// Which images have a vector, ascending.
        private(set) var indices: [Int] = []
        var failed: [Int: ItemError] = [:]
        /// Images whose vectors were kept from an earlier time.
        var kept = 0
        /// Of what is kept of each.
        let stamp: Stamp
        /// Vectors, row by row.
        private var rows: [Float] = []
        /// Patch tokens, image by image: where they are kept, or as float16.
        private var tokenRows: [TokenMatrix.Kept] = []
        private let store: FeatureStore?

        init(images: Int, stamp: Stamp, store: FeatureStore?) {
            (keys, self.stamp, self.store) = (Array(repeating: nil, count: images), stamp, store)
        }

        mutating func add(_ vector: [Float], of index: Int, key: ImageKey?) {
            indices.append(index)
            guard stamp.pooling == .tokens else { return rows += vector }
            if let key, let store, store.isOnDisk(key) {
                tokenRows.append(.stored(key))
            } else {
                tokenRows.append(.memory(HalfNumbers.narrowed(vector)))
            }
        }

        func matrix() throws -> FeatureMatrix { try FeatureMatrix(rows, width: stamp.dimension) }

        /// Of the file that keeps them nothing is read before it is needed.
        func tokens() throws -> TokenMatrix {
            try TokenMatrix(tokenRows, in: store, tokens: stamp.tokens, width: stamp.dimension)
        }

        /// The vector, or all tokens, of the image that `indices` has in that place.
        func vector(_ place: Int) throws -> [Float] {
            guard stamp.pooling == .tokens else {
                return Array(rows[place * stamp.dimension..<(place + 1) * stamp.dimension])
            }
            switch tokenRows[place] {
            case .memory(let halves): return HalfNumbers.widened(halves)
            case .stored(let key):
                guard let tokens = store?[key] else {
                    throw HeadError.unreadable(
                        "\(store?.path ?? ""): tokens that were kept in it are gone: run it again")
                }
                return tokens
            }
        }
    }

    /// One image on its way: its key, and what is to be run of it.
    private struct Item: Sendable {
        let key: ImageKey?
        let outcome: Outcome

        enum Outcome: Sendable {
            case kept([Float])
            case prepared(PixelImage)
            case failed(ImageError)
        }
    }

    func vectors(of images: ImageCollection) async throws -> Result {
        var result = Result(images: images.count, stamp: try session.stamp(of: options), store: store)
        let (recipe, store) = (session.model.recipe, store)
        let isKeeping = hasRoom(images.count)
        let batches = ImageBatches(count: images.count, size: session.maximumBatch) { index in
            Self.item(index, of: images, recipe, store)
        }
        var next = 0
        try await batches.forEach { items in
            let pixels = items.compactMap { item in
                if case .prepared(let image) = item.outcome { image } else { nil }
            }
            var made = (pixels.isEmpty ? [] : try session.embed(pixels, options: options)).makeIterator()
            var new: [(key: ImageKey, vector: [Float])] = []
            var added: [(index: Int, key: ImageKey?, vector: [Float])] = []
            for item in items {
                defer { next += 1 }
                result.keys[next] = item.key
                switch item.outcome {
                case .kept(let vector):
                    added.append((next, item.key, vector))
                    result.kept += 1
                case .failed(let error): result.failed[next] = ItemError(error)
                case .prepared:
                    guard let vector = made.next() else { continue }
                    guard vector.isFinite else {
                        result.failed[next] = ItemError(NonFiniteResult(resultName: "embedding"))
                        continue
                    }
                    added.append((next, item.key, vector.values))
                    if let key = item.key { new.append((key, vector.values)) }
                }
            }
            if !new.isEmpty, isKeeping { store?.add(new) }
            for (index, key, vector) in added { result.add(vector, of: index, key: key) }
        }
        return result
    }

    /// Makes room for the vectors of so many images; says so where there is none.
    private func hasRoom(_ images: Int) -> Bool {
        guard let store, let cache, !store.isReadOnly else { return false }
        let bytes = store.growth(images: images)
        guard bytes > 0, !cache.makeRoom(for: bytes, keeping: store.path) else { return true }
        Console.warning(
            "the vectors of \(images) images are not kept: they take \(bytes) bytes, and the cache in \(cache.path) holds "
                + "\(cache.limit) at most: raise --cache-size")
        return false
    }

    private static func item(
        _ index: Int, of images: ImageCollection, _ recipe: Recipe, _ store: FeatureStore?
    ) -> Item {
        var key: ImageKey?
        do throws(ImageError) {
            let stored = try images.load(index)
            let own = stored.key
            key = own
            if let vector = store?[own] { return Item(key: key, outcome: .kept(vector)) }
            return Item(key: key, outcome: .prepared(try stored.prepared(recipe, named: images.name(index))))
        } catch {
            return Item(key: key, outcome: .failed(error))
        }
    }
}
