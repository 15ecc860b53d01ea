import UnmaskHeads
import UnmaskImage
import UnmaskModel

/// Makes the vectors of images with a model, those alone that are not kept from an earlier time.
struct FeatureRun {
    let session: ModelSession
    let options: EmbeddingOptions
    /// Nil: nothing is kept.
    let store: FeatureStore?

    /// What there is of a set of images.
    struct Result {
        /// Of each image the content's key; nil where it could not be read.
        var keys: [ImageKey?]
        /// Vectors of the images that have one, row by row.
        var rows: [Float] = []
        /// Which images those are, ascending.
        var indices: [Int] = []
        var failed: [Int: ItemError] = [:]
        /// Images whose vectors were kept from an earlier time.
        var kept = 0

        func matrix(width: Int) throws -> FeatureMatrix { try FeatureMatrix(rows, width: width) }
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
        var result = Result(keys: Array(repeating: nil, count: images.count))
        let (recipe, store) = (session.model.recipe, store)
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
            for item in items {
                defer { next += 1 }
                result.keys[next] = item.key
                switch item.outcome {
                case .kept(let vector):
                    result.add(vector, of: next)
                    result.kept += 1
                case .failed(let error): result.failed[next] = ItemError(error)
                case .prepared:
                    guard let vector = made.next() else { continue }
                    guard vector.isFinite else {
                        result.failed[next] = ItemError(NonFiniteResult(resultName: "embedding"))
                        continue
                    }
                    result.add(vector.values, of: next)
                    if let key = item.key { new.append((key, vector.values)) }
                }
            }
            if !new.isEmpty { store?.add(new) }
        }
        return result
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
            return Item(key: key, outcome: .prepared(try stored.prepared(recipe)))
        } catch {
            return Item(key: key, outcome: .failed(error))
        }
    }
}

extension FeatureRun.Result {
    fileprivate mutating func add(_ vector: [Float], of index: Int) {
        rows += vector
        indices.append(index)
    }
}
